"""Receivers as customers write them: a correct one, and one for each fault.

None uses the package.
"""

import base64
import json
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixError
from werkzeug.exceptions import BadRequest, InternalServerError
from werkzeug.wrappers import Request, Response

from tests.receiver_check.verification import TOLERANCE_SECONDS, Verify, by_svix
from tests.support import SECRET

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LEAD_EVENTS = ("lead.updated", "lead.status.changed")


class Receiver:
    """A correct receiver. Its effects are in `effects`, and at /effects."""

    def __init__(self, verify: Verify = by_svix) -> None:
        self._verify = verify
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self.effects: list[str] = []

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        if request.path == "/effects":
            return Response(json.dumps(self.effects), mimetype="application/json")
        return self.receive(request)

    def receive(self, request: Request) -> Response:
        if not self.is_genuine(request):
            return self.reject()
        return self.handle(json.loads(request.get_data()))

    def is_genuine(self, request: Request) -> bool:
        return self._verify(request.get_data(), dict(request.headers))

    def reject(self) -> Response:
        return Response("the signature is not valid", 401)

    def handle(self, event: dict[str, Any]) -> Response:
        with self._lock:
            is_new = event["eventId"] not in self._known
            self._known.add(event["eventId"])
        if is_new:
            self.act(event)
        return Response(status=204)

    def act(self, event: dict[str, Any]) -> None:
        self.effects.append(event["eventId"])


# --- faults of signatures --------------------------------------------------------------------


class VerifiesNothing(Receiver):
    def is_genuine(self, request: Request) -> bool:
        return True


class IgnoresMissingSignature(Receiver):
    def is_genuine(self, request: Request) -> bool:
        names = ("svix-signature", "webhook-signature")
        return not any(name in request.headers for name in names) or super().is_genuine(request)


class VerifiesTheTimeAlone(Receiver):
    def is_genuine(self, request: Request) -> bool:
        seconds = request.headers.get("svix-timestamp", "0")
        return abs(time.time() - int(seconds)) < TOLERANCE_SECONDS


class AcceptsAnotherSecret(Receiver):
    """Another secret, like that of a test environment, was left in the code."""

    OTHER = "whsec_" + base64.b64encode(b"a secret that nobody has").decode()

    def is_genuine(self, request: Request) -> bool:
        if super().is_genuine(request):
            return True
        try:
            SvixWebhook(self.OTHER).verify(request.get_data(), dict(request.headers))
        except (SvixError, ValueError):
            return False
        return True


class VerifiesByHand(Receiver):
    """A receiver that compares the signature of the package itself."""

    def is_genuine(self, request: Request) -> bool:
        try:
            seconds = int(request.headers["svix-timestamp"])
            message_id = request.headers["svix-id"]
        except (KeyError, ValueError):
            return False
        at = datetime.fromtimestamp(seconds, tz=timezone.utc)
        body = self.signed_body(request)
        expected = SvixWebhook(SECRET).sign(message_id, at, body)
        signatures = request.headers.get("svix-signature", "").split(" ")
        return self.is_timely(seconds) and expected in self.candidates(signatures)

    def signed_body(self, request: Request) -> str:
        return request.get_data().decode()

    def is_timely(self, seconds: int) -> bool:
        return abs(time.time() - seconds) <= TOLERANCE_SECONDS

    def candidates(self, signatures: list[str]) -> list[str]:
        return signatures


class HasNoTolerance(VerifiesByHand):
    def is_timely(self, seconds: int) -> bool:
        return True


class TrustsTheFuture(VerifiesByHand):
    def is_timely(self, seconds: int) -> bool:
        return time.time() - seconds <= TOLERANCE_SECONDS


class VerifiesTheBodyOfJsonDumps(VerifiesByHand):
    """It serializes the body again, with `\\u00fc` for an umlaut."""

    def signed_body(self, request: Request) -> str:
        return json.dumps(json.loads(request.get_data()), separators=(",", ":"))


class VerifiesTheBodyOfJsonStringify(VerifiesByHand):
    """It serializes the body again: letters stay as they are, whitespace goes."""

    def signed_body(self, request: Request) -> str:
        body = json.loads(request.get_data())
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


class VerifiesTheBodyAsLatin1(VerifiesByHand):
    """Whitespace stays as it is, letters change."""

    def signed_body(self, request: Request) -> str:
        return request.get_data().decode("latin-1")


class VerifiesTheFirstSignature(VerifiesByHand):
    def candidates(self, signatures: list[str]) -> list[str]:
        return signatures[:1]


class VerifiesTheLastSignature(VerifiesByHand):
    def candidates(self, signatures: list[str]) -> list[str]:
        return signatures[-1:]


class RejectsByCrashing(Receiver):
    def reject(self) -> Response:
        return Response("KeyError: 'svix-id'", 500)


class RejectsByRedirect(Receiver):
    def reject(self) -> Response:
        return Response(status=302, headers={"Location": "/login"})


class CrashesOnGarbage(Receiver):
    """It catches only the exception that the package documents."""

    def is_genuine(self, request: Request) -> bool:
        try:
            SvixWebhook(SECRET).verify(request.get_data(), dict(request.headers))
        except SvixError:
            return False
        return True

    def receive(self, request: Request) -> Response:
        try:
            return super().receive(request)
        except ValueError as error:
            return Response(f"ValueError: {error}", 500)


class CrashesOnAMalformedTime(Receiver):
    def is_genuine(self, request: Request) -> bool:
        if not request.headers.get("svix-timestamp", "0").isdecimal():
            raise InternalServerError
        return super().is_genuine(request)

    def receive(self, request: Request) -> Response:
        try:
            return super().receive(request)
        except InternalServerError:
            return Response("<title>500 Internal Server Error</title>", 500)


class AcceptsAMalformedTime(Receiver):
    def is_genuine(self, request: Request) -> bool:
        timestamp = request.headers.get("svix-timestamp", "0")
        return not timestamp.isdecimal() or super().is_genuine(request)


class AcceptsAMissingId(Receiver):
    def is_genuine(self, request: Request) -> bool:
        has_signature = "svix-signature" in request.headers
        return (has_signature and "svix-id" not in request.headers) or super().is_genuine(request)


class LimitsTheRateOfForgeries(Receiver):
    def reject(self) -> Response:
        return Response("too many", 429)


# --- faults of events ------------------------------------------------------------------------


class CrashesOnUnknownEvents(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventType"].startswith("emulator."):
            return Response("KeyError", 500)
        return super().handle(event)


class HasAClosedSchema(Receiver):
    KEYS = frozenset({"eventId", "eventType", "timestamp", "workspaceId", "data"})

    def handle(self, event: dict[str, Any]) -> Response:
        if not self.KEYS.issuperset(event):
            return Response("unknown field", 422)
        return super().handle(event)


class NeedsTheWorkspace(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        return super().handle(event) if "workspaceId" in event else Response("KeyError", 500)


class NeedsTheNote(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        is_request = event["eventType"] == "connection_request.sent"
        if is_request and "note" not in event["data"]:
            return Response("KeyError", 500)
        return super().handle(event)


class CrashesOnOneEvent(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventType"] == "campaign.paused":
            return Response("TypeError", 500)
        return super().handle(event)


class KnowsStatuses(Receiver):
    """It rejects event types it does not know."""

    known: tuple[str, ...] = LEAD_EVENTS

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventType"] not in self.known:
            return Response("unknown event type", 422)
        return super().handle(event)


class KnowsMessages(KnowsStatuses):
    known = ("message.received", "reply.received")


class KnowsStatusesAndLimitsTheBody(KnowsStatuses):
    def receive(self, request: Request) -> Response:
        if (request.content_length or 0) > 100_000:
            return Response("too large", 413)
        return super().receive(request)


class RejectsUrlsBeyondAscii(Receiver):
    """It verifies correctly, and rejects a URL with an umlaut."""

    def handle(self, event: dict[str, Any]) -> Response:
        if not event["data"].get("linkedinUrl", "").isascii():
            return Response("no URL", 422)
        return super().handle(event)


class ActsOnEveryDelivery(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        self.act(event)
        return Response(status=204)


class NumbersEveryDelivery(ActsOnEveryDelivery):
    """It acts on every delivery, and responds with the number of a new row."""

    def handle(self, event: dict[str, Any]) -> Response:
        super().handle(event)
        return Response(json.dumps({"id": len(self.effects)}), 201)


class ReportsDuplicates(Receiver):
    """It is correct, and its response tells a duplicate from a new event."""

    def handle(self, event: dict[str, Any]) -> Response:
        is_known = event["eventId"] in self._known
        super().handle(event)
        return Response("seen already", 200) if is_known else Response("done", 202)


class LooksUpBeforeItActs(Receiver):
    """It acts twice on an event that arrives twice at once, since both lookups find nothing.

    To save time it is slow only from a duplicate until it has acted twice.
    """

    _is_slow = False

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventId"] in self._known:
            self._is_slow = True
            return Response(status=204)
        if self._is_slow and event["eventType"] in LEAD_EVENTS:
            threading.Event().wait(0.1)
            if event["eventId"] in self._known:
                self._is_slow = False
        self._known.add(event["eventId"])
        self.act(event)
        return Response(status=204)


class RejectsDuplicates(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        with self._lock:
            is_known = event["eventId"] in self._known
        return Response("duplicate", 409) if is_known else super().handle(event)


class RejectsOlderEvents(Receiver):
    _latest = ""

    def handle(self, event: dict[str, Any]) -> Response:
        if event["timestamp"] < self._latest:
            return Response("out of order", 409)
        self._latest = event["timestamp"]
        return super().handle(event)


# --- faults of transport ---------------------------------------------------------------------


class IsSlow(Receiver):
    """It is slow with messages."""

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventType"] == "message.sent":
            threading.Event().wait(0.6)
        return super().handle(event)


class WakesUpSlowly(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        if not self.effects:
            threading.Event().wait(0.6)
        return super().handle(event)


class Redirects(Receiver):
    def receive(self, request: Request) -> Response:
        return Response(status=308, headers={"Location": "/webhooks/"})


class HasNoSuchRoute(Receiver):
    def receive(self, request: Request) -> Response:
        return Response("no such page", 404)


class LimitsTheBody(Receiver):
    def receive(self, request: Request) -> Response:
        if (request.content_length or 0) > 100_000:
            return Response("too large", 413)
        return super().receive(request)


class Hangs(Receiver):
    """It hangs until it is released."""

    def __init__(self, verify: Verify = by_svix) -> None:
        super().__init__(verify)
        self.may_answer = threading.Event()

    def receive(self, request: Request) -> Response:
        self.may_answer.wait(10)
        return super().receive(request)


class HangsOnForgeries(Hangs):
    def receive(self, request: Request) -> Response:
        if self.is_genuine(request):
            return self.handle(json.loads(request.get_data()))
        return super().receive(request)


class BreaksWithTheConnection(Receiver):
    """It answers 500 once a body was shorter than its length."""

    _is_broken = False

    def receive(self, request: Request) -> Response:
        try:
            is_complete = len(request.get_data()) == request.content_length
        except BadRequest:
            is_complete = False
        self._is_broken = self._is_broken or not is_complete
        return Response("broken pipe", 500) if self._is_broken else super().receive(request)
