"""Receivers as customers write them, a correct one and one for each fault; none uses our code.

They verify with the packages svix and standardwebhooks, or, for the documented scheme, with a few
lines like those of the vendor's pages.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from standardwebhooks.webhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError as StandardError
from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixError
from werkzeug.exceptions import BadRequest, InternalServerError
from werkzeug.wrappers import Request, Response

from tests.support import SECRET

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Headers = Mapping[str, str]
Verify = Callable[[bytes, Headers], bool]
TOLERANCE_SECONDS = 300
LEAD_EVENTS = ("lead.updated", "lead.status.changed")


def by_svix(body: bytes, headers: Headers) -> bool:
    try:
        SvixWebhook(SECRET).verify(body, dict(headers))
    except (SvixError, ValueError):
        return False
    return True


def by_standardwebhooks(body: bytes, headers: Headers) -> bool:
    try:
        StandardWebhook(SECRET).verify(body, dict(headers))
    except (StandardError, ValueError):
        return False
    return True


def by_documents(body: bytes, headers: Headers) -> bool:
    """As the vendor's pages have it: `t=…,s=…`, keyed with the secret as it stands."""
    parts = dict(
        part.partition("=")[::2] for part in headers.get("Webhook-Signature", "").split(",")
    )
    seconds, given = parts.get("t", ""), parts.get("s", "")
    if not seconds.isdecimal() or abs(time.time() - int(seconds)) > TOLERANCE_SECONDS:
        return False
    expected = hmac.new(SECRET.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given.encode(), expected.encode())


def by_documents_at_any_time(body: bytes, headers: Headers) -> bool:
    """As above, without a tolerance."""
    value = headers.get("Webhook-Signature", "")
    seconds = value.partition(",")[0].removeprefix("t=")
    message = seconds.encode() + b"." + body
    expected = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(value, f"t={seconds},s={expected}")


def by_svix_or_the_time(body: bytes, headers: Headers) -> bool:
    """Of the documented header only the time is looked at."""
    seconds = headers.get("Webhook-Signature", "").partition(",")[0].removeprefix("t=")
    is_timely = seconds.isdecimal() and abs(time.time() - int(seconds)) < TOLERANCE_SECONDS
    return is_timely or by_svix(body, headers)


def by_svix_if_it_is_there(body: bytes, headers: Headers) -> bool:
    return "Svix-Signature" not in headers or by_svix(body, headers)


def by_standardwebhooks_the_first(body: bytes, headers: Headers) -> bool:
    """Of several signatures the first."""
    first = headers.get("Webhook-Signature", "").partition(" ")[0]
    return by_standardwebhooks(body, {**headers, "Webhook-Signature": first})


def by_either(body: bytes, headers: Headers) -> bool:
    return by_svix(body, headers) or by_documents(body, headers)


def by_both(body: bytes, headers: Headers) -> bool:
    return by_svix(body, headers) and by_documents(body, headers)


class Receiver:
    """A correct one. What it did is to be seen at /effects, and in `effects`."""

    def __init__(self, verify: Verify = by_svix) -> None:
        self._verify = verify
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self.effects: list[str] = []

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        if request.path == "/effects":
            return Response(json.dumps({"effects": self.effects}), mimetype="application/json")
        return self.receive(request)

    def receive(self, request: Request) -> Response:
        if not self.is_genuine(request):
            return self.refusal()
        return self.handle(json.loads(request.get_data()))

    def is_genuine(self, request: Request) -> bool:
        return self._verify(request.get_data(), dict(request.headers))

    def refusal(self) -> Response:
        return Response("the signature is not valid", 401)

    def handle(self, event: dict[str, Any]) -> Response:
        with self._lock:
            is_new = event["eventId"] not in self._seen
            self._seen.add(event["eventId"])
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


class LooksAtTheTimeAlone(Receiver):
    def is_genuine(self, request: Request) -> bool:
        seconds = request.headers.get("svix-timestamp", "0")
        return abs(time.time() - int(seconds)) < TOLERANCE_SECONDS


class TakesAnotherSecretToo(Receiver):
    """Such as that of a test environment, left in the code."""

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
    """The package computes the signature; how it is compared is this receiver's own."""

    def is_genuine(self, request: Request) -> bool:
        try:
            seconds = int(request.headers["svix-timestamp"])
            message_id = request.headers["svix-id"]
        except (KeyError, ValueError):
            return False
        at = datetime.fromtimestamp(seconds, tz=timezone.utc)
        body = self.signed_body(request)
        expected = SvixWebhook(SECRET).sign(message_id, at, body)
        given = request.headers.get("svix-signature", "").split(" ")
        return self.is_timely(seconds) and expected in self.looked_at(given)

    def signed_body(self, request: Request) -> str:
        return request.get_data().decode()

    def is_timely(self, seconds: int) -> bool:
        return abs(time.time() - seconds) <= TOLERANCE_SECONDS

    def looked_at(self, signatures: list[str]) -> list[str]:
        return signatures


class HasNoTolerance(VerifiesByHand):
    def is_timely(self, seconds: int) -> bool:
        return True


class TrustsTheFuture(VerifiesByHand):
    def is_timely(self, seconds: int) -> bool:
        return time.time() - seconds <= TOLERANCE_SECONDS


class VerifiesTheBodyWrittenAgain(VerifiesByHand):
    """As json.dumps does it: with `\\u00fc` for an umlaut."""

    def signed_body(self, request: Request) -> str:
        return json.dumps(json.loads(request.get_data()), separators=(",", ":"))


class VerifiesTheBodyAsExpressHasIt(VerifiesByHand):
    """JSON.stringify(req.body): letters stay as they are, blanks go."""

    def signed_body(self, request: Request) -> str:
        body = json.loads(request.get_data())
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


class VerifiesTheBodyReadAsLatin1(VerifiesByHand):
    """Blanks stay where they are, letters do not."""

    def signed_body(self, request: Request) -> str:
        return request.get_data().decode("latin-1")


class LooksAtTheFirstSignature(VerifiesByHand):
    def looked_at(self, signatures: list[str]) -> list[str]:
        return signatures[:1]


class LooksAtTheLastSignature(VerifiesByHand):
    def looked_at(self, signatures: list[str]) -> list[str]:
        return signatures[-1:]


class RefusesByCrashing(Receiver):
    def refusal(self) -> Response:
        return Response("KeyError: 'svix-id'", 500)


class RefusesByRedirect(Receiver):
    def refusal(self) -> Response:
        return Response(status=302, headers={"Location": "/login"})


class CrashesOnGarbage(Receiver):
    """Catches what the package documents, and nothing else."""

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


class CrashesOnAGarbledTime(Receiver):
    def is_genuine(self, request: Request) -> bool:
        if not request.headers.get("svix-timestamp", "0").isdecimal():
            raise InternalServerError
        return super().is_genuine(request)

    def receive(self, request: Request) -> Response:
        try:
            return super().receive(request)
        except InternalServerError:
            return Response("<title>500 Internal Server Error</title>", 500)


class TakesWhatHasAGarbledTime(Receiver):
    def is_genuine(self, request: Request) -> bool:
        time_of_it = request.headers.get("svix-timestamp", "0")
        return not time_of_it.isdecimal() or super().is_genuine(request)


class TakesWhatHasNoId(Receiver):
    def is_genuine(self, request: Request) -> bool:
        has_signature = "svix-signature" in request.headers
        return (has_signature and "svix-id" not in request.headers) or super().is_genuine(request)


def by_documents_but_any_time(body: bytes, headers: Headers) -> bool:
    """A time that is garbage counts as one that is not there to be compared."""
    t, _, seconds = headers.get("Webhook-Signature", "").partition(",")[0].partition("=")
    return (t == "t" and not seconds.isdecimal()) or by_documents(body, headers)


def by_documents_if_it_is_there(body: bytes, headers: Headers) -> bool:
    """A header without a signature in it passes."""
    value = headers.get("Webhook-Signature", "")
    return (value.startswith("t=") and "s=" not in value) or by_documents(body, headers)


class LimitsTheRateOfForgeries(Receiver):
    def refusal(self) -> Response:
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


class KnowsStatusesAlone(Receiver):
    """Refuses every type of event that it does not know."""

    known: tuple[str, ...] = LEAD_EVENTS

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventType"] not in self.known:
            return Response("unknown event type", 422)
        return super().handle(event)


class KnowsMessagesAlone(KnowsStatusesAlone):
    known = ("message.received", "reply.received")


class KnowsStatusesAloneAndLimitsTheBody(KnowsStatusesAlone):
    def receive(self, request: Request) -> Response:
        if (request.content_length or 0) > 100_000:
            return Response("too large", 413)
        return super().receive(request)


class IsStrictAboutUrls(Receiver):
    """Verifies well, and takes no URL with an umlaut."""

    def handle(self, event: dict[str, Any]) -> Response:
        if not event["data"].get("linkedinUrl", "").isascii():
            return Response("no URL", 422)
        return super().handle(event)


class ActsOnEveryDelivery(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        self.act(event)
        return Response(status=204)


class CountsInItsAnswers(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        self.act(event)
        return Response(json.dumps({"id": len(self.effects)}), 201)


class SaysWhenItKnowsTheEvent(Receiver):
    """Is correct: the second and the third answer are alike."""

    def handle(self, event: dict[str, Any]) -> Response:
        is_known = event["eventId"] in self._seen
        super().handle(event)
        return Response("seen already", 200) if is_known else Response("done", 202)


class LooksUpBeforeItActs(Receiver):
    """Two at the same time both find nothing. (It takes its time once it had a duplicate.)"""

    _takes_its_time = False

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventId"] in self._seen:
            self._takes_its_time = True
        else:
            if self._takes_its_time and event["eventType"] in LEAD_EVENTS:
                threading.Event().wait(0.1)
            self._seen.add(event["eventId"])
            self.act(event)
        return Response(status=204)


class RefusesDuplicates(Receiver):
    def handle(self, event: dict[str, Any]) -> Response:
        with self._lock:
            is_known = event["eventId"] in self._seen
        return Response("duplicate", 409) if is_known else super().handle(event)


class RefusesOlderEvents(Receiver):
    _latest = ""

    def handle(self, event: dict[str, Any]) -> Response:
        if event["timestamp"] < self._latest:
            return Response("out of order", 409)
        self._latest = event["timestamp"]
        return super().handle(event)


# --- faults of transport ---------------------------------------------------------------------


class IsSlow(Receiver):
    """With messages."""

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
    """Until it is released."""

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
    """Answers 500 once a body was shorter than announced."""

    _is_broken = False

    def receive(self, request: Request) -> Response:
        try:
            is_complete = len(request.get_data()) == request.content_length
        except BadRequest:
            is_complete = False
        self._is_broken = self._is_broken or not is_complete
        return Response("broken pipe", 500) if self._is_broken else super().receive(request)
