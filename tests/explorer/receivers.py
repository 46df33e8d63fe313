"""Receivers as customers write them, which keep what they know of leads: right ones and wrong ones.

None uses the package. A receiver is an app and, as `view`, what it knows.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from svix.webhooks import Webhook, WebhookVerificationError

from tests.support import SECRET

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STATUS_EVENTS = ("lead.updated", "lead.status.changed")
REPLY_EVENTS = ("reply.received", "message.received")
MESSAGE_EVENTS = ("message.sent",)
Event = dict[str, Any]


class Refused(Exception):
    """The request is answered with a status other than 2xx."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Receiver:
    """A right receiver: one event after the other, each once, the newest status wins."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: set[str] = set()
        self.statuses: dict[str, str] = {}
        self.changed_at: dict[str, Any] = {}
        self.replies: dict[str, int] = {}
        self.messages: dict[str, int] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ["PATH_INFO"] == "/leads":
            content = json.dumps(self.view()).encode()
            start_response("200 OK", [("Content-Type", "application/json")])
            return [content]
        names = {key[5:].replace("_", "-").lower(): key for key in environ if key[:5] == "HTTP_"}
        headers = {name: str(environ[key]) for name, key in names.items()}
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        start_response(f"{self.status(body, headers)} Status", [("Content-Length", "0")])
        return [b""]

    def status(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            if not self.is_genuine(body, headers):
                return 401
            self.receive(self.parse(body, headers))
        except Refused as refused:
            return refused.status
        except Exception:  # as a framework answers a crash
            return 500
        return 204

    def is_genuine(self, body: bytes, headers: dict[str, str]) -> bool:
        try:
            Webhook(SECRET).verify(body, headers)
        except (WebhookVerificationError, ValueError):
            return False
        return True

    def parse(self, body: bytes, headers: dict[str, str]) -> Event:
        event: Event = json.loads(body)
        return event

    def receive(self, event: Event) -> None:
        with self.lock:
            if self.is_new(event):
                self.handle(event)
                self.remember(event)

    def is_new(self, event: Event) -> bool:
        return event["eventId"] not in self.known

    def remember(self, event: Event) -> None:
        self.known.add(event["eventId"])

    def handle(self, event: Event) -> None:
        kind = event["eventType"]
        if kind in STATUS_EVENTS:
            self.change(event)
        elif kind in REPLY_EVENTS:
            self.count(self.replies, event)
        elif kind in MESSAGE_EVENTS:
            self.count(self.messages, event)
        else:
            self.ignore(event)

    def ignore(self, event: Event) -> None:
        """Nothing is to be done for other events."""

    def change(self, event: Event) -> None:
        lead, moment = event["data"]["leadId"], self.moment(event)
        if moment > self.changed_at.get(lead, self.moment_of_nothing()):
            self.changed_at[lead] = moment
            self.statuses[lead] = event["data"]["newStatus"]

    def moment(self, event: Event) -> Any:
        return datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))

    def moment_of_nothing(self) -> Any:
        return datetime(1970, 1, 1, tzinfo=timezone.utc)

    def count(self, counts: dict[str, int], event: Event) -> None:
        lead = event["data"]["leadId"]
        counts[lead] = counts.get(lead, 0) + 1

    def restart(self) -> None:
        """It keeps everything in a database."""

    def forget(self) -> None:
        for store in (self.known, self.statuses, self.changed_at, self.replies, self.messages):
            store.clear()

    def view(self) -> dict[str, dict[str, Any]]:
        leads = {*self.statuses, *self.replies, *self.messages}
        return {lead: self.row(lead) for lead in leads}

    def row(self, lead: str) -> dict[str, Any]:
        return {
            "status": self.statuses.get(lead),
            "replies": self.replies.get(lead, 0),
            "messages": self.messages.get(lead, 0),
        }


# --- right ones -------------------------------------------------------------------------------


class KeepsEvents(Receiver):
    """It keeps all events, and works out what it knows when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, Event] = {}

    def receive(self, event: Event) -> None:
        self.events.setdefault(event["eventId"], event)

    def view(self) -> dict[str, dict[str, Any]]:
        fresh = Receiver()
        for event in sorted(self.events.values(), key=lambda one: str(one["timestamp"])):
            fresh.receive(event)
        return fresh.view()


class WorksLater(Receiver):
    """It acknowledges an event once it is in a queue that survives, and works in a thread."""

    def receive(self, event: Event) -> None:
        threading.Thread(target=super().receive, args=(event,)).start()


class CountsIds(Receiver):
    """It keeps the ids of replies and messages for each lead, and needs no other memory."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[str, dict[str, set[str]]] = {"replies": {}, "messages": {}}

    def is_new(self, event: Event) -> bool:
        return True

    def count(self, counts: dict[str, int], event: Event) -> None:
        ids = self.ids["replies" if counts is self.replies else "messages"]
        ids.setdefault(event["data"]["leadId"], set()).add(event["eventId"])
        counts[event["data"]["leadId"]] = len(ids[event["data"]["leadId"]])


class VerifiesTheDocumentedHeader(Receiver):
    """It verifies the documented header by hand, and answers 200 to what it knows already."""

    def is_genuine(self, body: bytes, headers: dict[str, str]) -> bool:
        parts = dict(one.split("=", 1) for one in headers.get("webhook-signature", "x=").split(","))
        signed = f"{parts.get('t', '')}.".encode() + body
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        is_timely = abs(time.time() - int(parts.get("t", "0"))) < 300
        return is_timely and hmac.compare_digest(expected, parts.get("s", ""))


RIGHT = (Receiver, KeepsEvents, WorksLater, CountsIds, VerifiesTheDocumentedHeader)


# --- wrong ones -------------------------------------------------------------------------------


class CountsEveryDelivery(Receiver):
    """It has no memory of ids."""

    def is_new(self, event: Event) -> bool:
        return True


class LastArrivalWins(Receiver):
    """It takes the status of the event that came last."""

    def moment(self, event: Event) -> Any:
        return time.perf_counter()

    def moment_of_nothing(self) -> Any:
        return 0.0


class RemembersOneId(Receiver):
    """It compares an event with the one before it."""

    def remember(self, event: Event) -> None:
        self.known = {event["eventId"]}


class RemembersByLead(Receiver):
    """It takes further events of the same type about a lead for duplicates."""

    def is_new(self, event: Event) -> bool:
        return self.key(event) not in self.known

    def remember(self, event: Event) -> None:
        self.known.add(self.key(event))

    def key(self, event: Event) -> str:
        return f"{event['eventType']} {event['data'].get('leadId')}"


class RemembersBySecond(RemembersByLead):
    """It takes two events of a lead in one second for one."""

    def key(self, event: Event) -> str:
        return f"{super().key(event)} {event['timestamp'][:19]}"


class RemembersBeforeItWorks(Receiver):
    """It remembers an event, fails for a large one, and skips the next attempt."""

    def receive(self, event: Event) -> None:
        with self.lock:
            if self.is_new(event):
                self.remember(event)
                if len(json.dumps(event)) > 50_000:
                    raise Refused(413)
                self.handle(event)


class ComparesTimesOfDay(Receiver):
    """It compares the hours and leaves out the date."""

    def moment(self, event: Event) -> Any:
        return event["timestamp"][11:]

    def moment_of_nothing(self) -> Any:
        return ""


class ReadsTwelveHours(Receiver):
    """It compares texts such as 11:59 PM and 12:30 AM of a format for people."""

    def moment(self, event: Event) -> Any:
        return super().moment(event).strftime("%Y-%m-%d %I:%M:%S.%f")

    def moment_of_nothing(self) -> Any:
        return ""


class ComparesEuropeanDates(Receiver):
    """It compares texts such as 31.12.2026 and 01.01.2027."""

    def moment(self, event: Event) -> Any:
        return super().moment(event).strftime("%d.%m.%Y %H:%M:%S.%f")

    def moment_of_nothing(self) -> Any:
        return ""


class NeverGoesBack(Receiver):
    """It has an order of statuses, and takes none that comes before the one it has."""

    order = ("CONNECTION_ACCEPTED", "MESSAGE_SENT", "REPLY_RECEIVED", "OPPORTUNITY", "DONE")

    def change(self, event: Event) -> None:
        before = self.statuses.get(event["data"]["leadId"], "CONNECTION_ACCEPTED")
        status = event["data"]["newStatus"]
        known = {before, status} <= {*self.order}
        if not known or self.order.index(status) >= self.order.index(before):
            super().change(event)


class ComparesSeconds(Receiver):
    """It cuts times to seconds, and keeps the first of two."""

    def moment(self, event: Event) -> Any:
        return event["timestamp"][:19]

    def moment_of_nothing(self) -> Any:
        return ""


class CrashesOnUnknownEvents(Receiver):
    """It has a KeyError for a type that it does not know."""

    def ignore(self, event: Event) -> None:
        raise KeyError(event["eventType"])


class SwallowsReplies(Receiver):
    """It ignores replies of leads that are done."""

    def count(self, counts: dict[str, int], event: Event) -> None:
        if self.statuses.get(event["data"]["leadId"]) != "DONE":
            super().count(counts, event)


class RejectsDuplicates(Receiver):
    """It answers 409 to a known event: after a lost response that never ends."""

    def receive(self, event: Event) -> None:
        if not self.is_new(event):
            raise Refused(409)
        super().receive(event)


class RejectsOlderEvents(Receiver):
    """It answers 409 to an event that is older than the latest."""

    latest = ""

    def receive(self, event: Event) -> None:
        if event["timestamp"] < self.latest:
            raise Refused(409)
        self.latest = event["timestamp"]
        super().receive(event)


class LooksUpBeforeItInserts(Receiver):
    """It looks an event up, works for a millisecond, and then remembers it."""

    def receive(self, event: Event) -> None:
        if self.is_new(event):
            time.sleep(0.001)
            with self.lock:
                self.handle(event)
                self.remember(event)


class LosesUpdates(Receiver):
    """It reads a count, works for a millisecond, and writes the count and one more."""

    def receive(self, event: Event) -> None:
        with self.lock:
            if not self.is_new(event):
                return
            self.remember(event)
        self.handle(event)

    def count(self, counts: dict[str, int], event: Event) -> None:
        before = counts.get(event["data"]["leadId"], 0)
        time.sleep(0.001)
        counts[event["data"]["leadId"]] = before + 1


class ForgetsAfterRestart(Receiver):
    """It keeps what it knows in a database, and the ids in memory."""

    def restart(self) -> None:
        self.known.clear()


class LosesItsQueue(Receiver):
    """It acknowledges events, and works on them with the next one: a restart loses the last."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: list[Event] = []

    def receive(self, event: Event) -> None:
        self.queue.append(event)

    def restart(self) -> None:
        self.queue.clear()

    def view(self) -> dict[str, dict[str, Any]]:
        while self.queue:
            super().receive(self.queue.pop(0))
        return super().view()


class VerifiesNothing(Receiver):
    """It believes every body."""

    def is_genuine(self, body: bytes, headers: dict[str, str]) -> bool:
        return True


class AcknowledgesWhatItCannotRead(Receiver):
    """It answers 2xx to what is no JSON by its content type, and never sees it again."""

    def parse(self, body: bytes, headers: dict[str, str]) -> Event:
        if headers["content-type"] != "application/json":
            return {"eventId": "", "eventType": "", "data": {}}
        return super().parse(body, headers)


class SkipsEventsWithoutCampaign(Receiver):
    """It answers 2xx and does nothing when an optional field is missing."""

    def handle(self, event: Event) -> None:
        if event["data"].get("campaignId"):
            super().handle(event)


class IgnoresOldEvents(Receiver):
    """It ignores what is more than half a day older than the latest event, replies included."""

    latest: datetime | None = None

    def handle(self, event: Event) -> None:
        moment = Receiver.moment(self, event)
        self.latest = max(moment, self.latest or moment)
        if self.latest - moment < timedelta(hours=12):
            super().handle(event)


class TakesThePreviousStatus(Receiver):
    """It ignores a change whose previous status is not the one it has."""

    def change(self, event: Event) -> None:
        lead, data = event["data"]["leadId"], event["data"]
        if data["previousStatus"] == self.statuses.get(lead, data["previousStatus"]):
            self.statuses[lead] = data["newStatus"]


WRONG = (
    CountsEveryDelivery,
    LastArrivalWins,
    RemembersOneId,
    RemembersByLead,
    RemembersBySecond,
    RemembersBeforeItWorks,
    ComparesTimesOfDay,
    ReadsTwelveHours,
    ComparesEuropeanDates,
    NeverGoesBack,
    ComparesSeconds,
    CrashesOnUnknownEvents,
    SwallowsReplies,
    RejectsDuplicates,
    RejectsOlderEvents,
    LooksUpBeforeItInserts,
    LosesUpdates,
    ForgetsAfterRestart,
    LosesItsQueue,
    VerifiesNothing,
    AcknowledgesWhatItCannotRead,
    SkipsEventsWithoutCampaign,
    IgnoresOldEvents,
    TakesThePreviousStatus,
)
