"""Calls that change the world of a soak; each notes what its reply says must have happened."""

import random
from typing import Any

from benchmarks.soak import ledger as events
from benchmarks.soak import world
from benchmarks.soak.connection import Connection, Reply
from benchmarks.soak.ledger import Fact, Key, Ledger


class Changes:
    """The changes that one connection makes.

    Args:
        number: of the connection.
        connection: to the server.
        ledger: what the replies say goes there.
        chance: draws leads and statuses.
    """

    def __init__(
        self, number: int, connection: Connection, ledger: Ledger, chance: random.Random
    ) -> None:
        self._number = number
        self._call = connection.call
        self._ledger = ledger
        self._chance = chance
        self._statuses = world.first_statuses(world.own_leads(number))
        self._made_count = 0
        self._is_paused = False

    def patch_own(self) -> None:
        """Set the status of a lead that nobody else changes, perhaps to the one that it has."""
        self._patch_own(self._own_lead(), self._chance.choice(world.STATUSES))

    def change_own(self) -> None:
        """Give a lead that nobody else changes another status."""
        lead_id = self._own_lead()
        self._patch_own(lead_id, self._another_status(lead_id))

    def patch_shared(self) -> None:
        """Set the status of a lead that every connection changes."""
        lead_id = self._chance.choice(world.SHARED_LEADS)
        self._patch(lead_id, self._chance.choice(world.STATUSES), is_serial=False)

    def send(self) -> None:
        """Send a message to a lead."""
        lead_id = self._own_lead()
        body = {"senderId": world.SENDER, "message": "Hi {{firstName}}, a minute?"}
        reply = self._call("POST", f"/v1/inbox/send/lead/{lead_id}", body)
        self._note(reply, events.MESSAGE_SENT, world.profile_of(lead_id))

    def reply(self) -> None:
        """Let a lead reply; its status may change by that."""
        lead_id = self._own_lead()
        reply = self._call("POST", f"/_emulate/leads/{lead_id}/simulate", {"action": "reply"})
        self._note(reply, events.MESSAGE_RECEIVED, world.profile_of(lead_id))
        if reply.is_success:
            before, after = self._statuses[lead_id], reply.json["status"]
            self._note_status(reply, lead_id, before, after)
            self._statuses[lead_id] = after

    def trigger(self) -> None:
        """Send an event without a change."""
        body = {"eventType": events.MESSAGE_SENT, "leadId": self._own_lead()}
        reply = self._call("POST", "/_emulate/events", body)
        if reply.is_success:
            key = Key(events.MESSAGE_SENT, world.profile_of(body["leadId"]))
            self._note_fact(reply, key, event_id=reply.json["id"])

    def apply(self) -> None:
        """Do what causes an event."""
        lead_id = self._own_lead()
        before, after = self._statuses[lead_id], self._another_status(lead_id)
        body = {
            "eventType": events.STATUS_CHANGED,
            "leadId": lead_id,
            "overrides": {"newStatus": after},
            "withEffects": True,
        }
        reply = self._call("POST", "/_emulate/events", body)
        if reply.is_success:
            key = Key(events.STATUS_CHANGED, world.profile_of(lead_id), before, after)
            self._note_fact(reply, key, event_id=reply.json["id"])
            self._statuses[lead_id] = after

    def connect(self) -> None:
        """Ask somebody new to connect, who accepts after four hours."""
        url = self._new_profile("asked")
        body = {"senderId": world.SENDER, "recipientLinkedinUrl": url}
        reply = self._call("POST", "/v1/inbox/connect", body)
        if not reply.is_success:
            return
        self._note_fact(reply, Key(events.CONNECTION_SENT, url))
        sent, accepted = "CONNECTION_SENT", "CONNECTION_ACCEPTED"
        self._note_fact(reply, Key(events.STATUS_CHANGED, url, "PENDING", sent))
        self._note_fact(reply, Key(events.CONNECTION_ACCEPTED, url), is_later=True)
        self._note_fact(reply, Key(events.STATUS_CHANGED, url, sent, accepted), is_later=True)

    def add_leads(self) -> None:
        """Add a lead to the campaign that walks."""
        url = self._new_profile("walking")
        self._ledger.walking.add(url)
        body = {
            "campaignId": world.WALKING_CAMPAIGN,
            "leads": [{"linkedinUrl": url, "firstName": "Ida"}],
        }
        reply = self._call("POST", "/v1/leads", body)
        if reply.is_success and reply.json["leadsAdded"] == 1:
            self._note_fact(reply, Key(events.CONNECTION_SENT, url), is_later=True)

    def search(self) -> None:
        """Start a search, which is over after some seconds of the workspace's clock."""
        body = {"name": "Soak", "filters": {"country": ["Norway"]}, "limit": 3}
        reply = self._call("POST", "/v1/lead-database/searches", body)
        if reply.is_success:
            self._note_fact(reply, Key(events.SEARCH_COMPLETED, reply.json["id"]), is_later=True)

    def toggle_campaign(self) -> None:
        """Pause or resume a campaign; the first connection alone does so."""
        if self._number:
            self.patch_own()
            return
        action = "resume" if self._is_paused else "pause"
        path = f"/v1/campaigns/{world.TOGGLED_CAMPAIGN}"
        reply = self._call("PATCH", path, {"action": action})
        event_type = "campaign.resumed" if self._is_paused else "campaign.paused"
        self._note(reply, event_type, world.TOGGLED_CAMPAIGN)
        if reply.is_success:
            self._is_paused = not self._is_paused

    def _patch_own(self, lead_id: str, status: str) -> None:
        reply = self._patch(lead_id, status)
        if reply.is_success:
            known, found = self._statuses[lead_id], reply.json["previousStatus"]
            if found != known:
                self._ledger.complain(f"{lead_id} was {known}, but a reply says it was {found}")
            self._statuses[lead_id] = status

    def _patch(self, lead_id: str, status: str, *, is_serial: bool = True) -> Reply:
        reply = self._call("PATCH", f"/v1/leads/{lead_id}/status", {"status": status})
        if reply.is_success:
            before, after = reply.json["previousStatus"], reply.json["status"]
            self._note_status(reply, lead_id, before, after, is_serial=is_serial)
        return reply

    def _own_lead(self) -> str:
        return self._chance.choice(list(self._statuses))

    def _another_status(self, lead_id: str) -> str:
        return self._chance.choice(
            [one for one in world.STATUSES if one != self._statuses[lead_id]]
        )

    def _new_profile(self, kind: str) -> str:
        self._made_count += 1
        return world.profile(f"{kind}-{self._number}-{self._made_count}")

    def _note(self, reply: Reply, event_type: str, subject: str) -> None:
        if reply.is_success:
            self._note_fact(reply, Key(event_type, subject))

    def _note_status(
        self, reply: Reply, lead_id: str, before: str, after: str, *, is_serial: bool = True
    ) -> None:
        """Note the change of a status, unless it is the one that the lead had."""
        if before != after:
            key = Key(events.STATUS_CHANGED, world.profile_of(lead_id), before, after)
            self._note_fact(reply, key, is_serial=is_serial)

    def _note_fact(self, reply: Reply, key: Key, **facts: Any) -> None:
        self._ledger.note(Fact(key, reply.began, reply.ended, **facts))
