"""Calls of a soak that read, wait, resend and disrupt."""

import random

from benchmarks.soak import world
from benchmarks.soak.connection import Connection
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.turning import check_refusal

_GONE = (400, 404)  # an endpoint is disabled or removed meanwhile
_NOT_IN_TIME = (409,)
DISRUPTIONS = ("drop", "duplicate", "lost_response", "delay", "reorder", "wrong_secret")


class Reads:
    """Reads and resends over one connection.

    Args:
        connection: to the server.
        ledger: where resends are noted.
        chance: draws what is asked.
    """

    def __init__(self, connection: Connection, ledger: Ledger, chance: random.Random) -> None:
        self._call = connection.call
        self._ledger = ledger
        self._chance = chance

    def list_leads(self) -> None:
        """List the leads of a status, or of a campaign."""
        page = self._chance.randint(1, 3)
        query = self._chance.choice(
            ("status=DONE", f"campaignId={world.WALKING_CAMPAIGN}", "full=true")
        )
        self._call("GET", f"/v1/leads?limit=20&page={page}&{query}")

    def get_lead(self) -> None:
        """Get a lead."""
        self._call("GET", f"/v1/leads/{self._chance.choice(world.SHARED_LEADS)}?full=true")

    def conversations(self) -> None:
        """List conversations, and the messages of one."""
        found = self._call("GET", "/v1/inbox/conversations?limit=10")
        for one in found.json.get("conversations", ())[:1]:
            path = f"/v1/inbox/conversations/{one['id']}/messages"
            self._call("GET", f"{path}?accountId={one['accountId']}&limit=10")

    def account(self) -> None:
        """Ask for something small of the vendor's API."""
        paths = ("/v1/campaigns", "/v1/credits", "/v1/inbox/senders", "/v1/senders/quotas")
        self._call("GET", self._chance.choice((*paths, "/v1/lead-database/filters?limit=20")))

    def control(self) -> None:
        """Ask for something of the control API."""
        paths = ("clock", "endpoints", "events?limit=10", "deliveries?limit=10", "disruptions")
        self._call("GET", f"/_emulate/{self._chance.choice(paths)}")

    def wait(self) -> None:
        """Wait for idle, or for an event, for a short time."""
        body: dict[str, object] = {"timeoutSeconds": self._chance.choice((0.05, 0.3, 1))}
        if self._chance.random() < 0.5:
            body["eventType"] = "lead.status.changed"
            body["count"] = self._chance.choice((1, 5000))
        self._call("POST", "/_emulate/wait", body, allow=_NOT_IN_TIME)

    def resend_delivery(self) -> None:
        """Have one of the latest deliveries sent once more."""
        found = self._call("GET", "/_emulate/deliveries?limit=20").json.get("deliveries", ())
        if found:
            one = self._chance.choice(found)["id"]
            reply = self._call("POST", f"/_emulate/deliveries/{one}/resend", allow=_GONE)
            if reply.is_success:
                self._ledger.note_resends([one])

    def resend_event(self) -> None:
        """Have one of the latest events sent once more to each endpoint that had it."""
        found = self._call("GET", "/_emulate/events?limit=20").json.get("events", ())
        if found:
            one = self._chance.choice(found)["id"]
            reply = self._call("POST", f"/_emulate/events/{one}/resend", allow=_GONE)
            if reply.is_success:
                self._ledger.note_resends([row["id"] for row in reply.json["deliveries"]])

    def test_endpoint(self) -> None:
        """Send a test event to an endpoint."""
        found = self._call("GET", "/_emulate/endpoints").json.get("endpoints", ())
        if found:
            one = self._chance.choice(found)["id"]
            self._call("POST", f"/_emulate/endpoints/{one}/test", {}, allow=_GONE)

    def disrupt(self) -> None:
        """Arm a disruption of the next delivery."""
        kind = self._chance.choice(DISRUPTIONS)
        body: dict[str, object] = {"kind": kind}
        if kind in {"delay", "reorder"}:
            body["seconds"] = 2
        self._call("POST", "/_emulate/disruptions", body)

    def advance(self) -> None:
        """Advance the clock, which may be refused while somebody else does."""
        body = {"advance": "1s", "timeoutSeconds": self._chance.choice((0, 0.2, 1))}
        reply = self._call("POST", "/_emulate/clock", body, allow=(400, 409))
        check_refusal(reply, self._ledger)
