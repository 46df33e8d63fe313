"""The deliverer: makes events, signs them and POSTs them to the receiver that is examined."""

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import orjson

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.receiver_check.answers import Answer
from mock_sendpilot.receiver_check.target import Target
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.http_sender import HttpSender
from mock_sendpilot.webhooks.payloads import event_type, payload
from mock_sendpilot.webhooks.signing import OutgoingRequest
from mock_sendpilot.world.events import Change, Event, LeadStatusChanged
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.samples import SAMPLE_LEAD, Subjects, sample_change, sample_event

_WORKSPACE_ID = "ws_check"
_RETRY = timedelta(seconds=5)
"""What lies between two attempts of the vendor's, at least."""


class Deliverer:
    """Delivers to one receiver; every event has an id of its own.

    Args:
        target: whom, and how events are signed.
        http_sender: makes the POSTs, and tells the time that signatures bear.

    Attributes:
        name: today's name of the event that is sent where none is named.
        accepted: the answers with a 2xx, in order, each with the type of its event.
        accepted_at: when the last of them came, by the running seconds.
        hung_count: how many answers did not come in time, or not to their end.
    """

    def __init__(self, target: Target, http_sender: HttpSender) -> None:
        self._target = target
        self._http_sender = http_sender
        self._ids = Ids(secrets.token_hex(16))
        lead_id = target.lead_id or self._ids.prefixed("lead_check")
        self._lead = replace(SAMPLE_LEAD, id=lead_id)
        self.name = words.LEAD_UPDATED
        self.accepted: list[tuple[str, Answer]] = []
        self.accepted_at = SystemClock.running_seconds()
        self.hung_count = 0

    def now(self) -> datetime:
        """The time that signatures bear."""
        return self._http_sender.wall_time()

    def change(self, name: str, at: datetime | None = None) -> Change:
        """A change that the event of today's `name` tells; each status is another than before."""
        change = sample_change(name, at or self.now(), Subjects(lead=self._lead))
        if isinstance(change, LeadStatusChanged):
            self._lead = change.lead
        return change

    def draft(
        self,
        name: str | None = None,
        *,
        schemes: tuple[str, ...] | None = None,
        change: Change | None = None,
        at: datetime | None = None,
    ) -> OutgoingRequest:
        """A new event, rightly signed now.

        Args:
            name: today's name of the event; by default that of `name`.
            schemes: by default all that the receiver may verify.
            change: what it tells; by default made up.
            at: when that was; by default now.
        """
        now, name = self.now(), name or self.name
        event = Event(
            id=self._ids.event_id(at or now),
            message_id=self._ids.webhook_message_id(),
            sequence=1,
            occurred_at=at or now,
            workspace_id=_WORKSPACE_ID,
            change=change or self.change(name, at),
        )
        contract = self._target.contract
        return OutgoingRequest(
            url=self._target.url,
            body=payload(event, contract.event_type(name), contract).body,
            message_id=event.message_id,
            schemes=self._target.candidates if schemes is None else schemes,
            secrets=(self._target.secret,),
            signed_at=now,
        )

    def again(self, draft: OutgoingRequest, *, times: int = 1) -> list[OutgoingRequest]:
        """A draft and its repetitions, signed as the vendor's attempts are: some seconds apart."""
        now = self.now()
        count = range(times, -1, -1)
        return [replace(draft, signed_at=now - number * _RETRY) for number in count]

    def post(self, draft: OutgoingRequest) -> Answer:
        """POST it, over a connection of its own: one that was left open may just be closing."""
        (answer,) = self._noted([draft], [self._answer(draft)])
        return answer

    def post_together(self, drafts: Sequence[OutgoingRequest]) -> list[Answer]:
        """POST them all at the same time."""
        with ThreadPoolExecutor(len(drafts), thread_name_prefix="mock-sendpilot-check") as pool:
            return self._noted(drafts, list(pool.map(self._answer, drafts)))

    def _answer(self, draft: OutgoingRequest) -> Answer:
        timeout, name = self._target.timeout_seconds, f"receiver {id(draft)}"
        result = self._http_sender.send(draft.signed(), connection=name, timeout_seconds=timeout)
        self._http_sender.forget(name)
        return Answer(result, timeout)

    def _noted(self, drafts: Sequence[OutgoingRequest], answers: list[Answer]) -> list[Answer]:
        for draft, answer in zip(drafts, answers, strict=True):
            self.hung_count += answer.is_hung
            if answer.is_accepted:
                self.accepted_at = SystemClock.running_seconds()
                self.accepted.append((orjson.loads(draft.body)["eventType"], answer))
        return answers


def event_names(contract: Contract) -> list[str]:
    """Today's names of the events that a contract has."""
    return [
        name for name in words.EVENT_TYPES if event_type(sample_event(name), contract) is not None
    ]
