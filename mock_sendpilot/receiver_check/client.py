"""The test client: makes events, signs them and sends them to the receiver under check."""

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.receiver_check.findings import ReceiverResponse, expect_accepted
from mock_sendpilot.receiver_check.target import Target, effect_count
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, Finding
from mock_sendpilot.webhooks.http_sender import HttpSender
from mock_sendpilot.webhooks.payloads import event_type as type_of_event
from mock_sendpilot.webhooks.payloads import payload
from mock_sendpilot.webhooks.signing import OutgoingRequest, SignedRequest
from mock_sendpilot.webhooks.stages import Release
from mock_sendpilot.world.events import Change, Event, LeadStatusChanged
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.samples import SAMPLE_LEAD, Subjects, sample_change, sample_event

_WORKSPACE_ID = "ws_check"
_RETRY_DELAY = timedelta(seconds=5)
"""The shortest time between two attempts of the vendor."""


class TestClient:
    """A client of one receiver; every event it makes has its own id.

    Args:
        target: the receiver, and the contract and schemes to use.
        http_sender: makes the POSTs, and has the clock that signatures are timed by.

    Attributes:
        accepted_count: the number of accepted requests.
        hung_count: the number of requests without a complete response in time.
    """

    __test__ = False  # pytest collects classes named Test…

    def __init__(self, target: Target, http_sender: HttpSender) -> None:
        self.target = target
        self.accepted_count = 0
        self.hung_count = 0
        self._http_sender = http_sender
        # From chance, unlike everywhere else: a receiver remembers the ids of the last check.
        self._ids = Ids(secrets.token_hex(16))
        lead_id = target.lead_id or self._ids.prefixed("lead_check")
        self._lead = replace(SAMPLE_LEAD, id=lead_id)

    def now(self) -> datetime:
        """Return the time to sign with."""
        return self._http_sender.wall_time()

    def request(
        self,
        event_type: str,
        *,
        schemes: tuple[str, ...] | None = None,
        change: Change | None = None,
        occurred_at: datetime | None = None,
    ) -> OutgoingRequest:
        """Return a request with a new event, correctly signed now.

        Args:
            event_type: today's name of its type.
            schemes: the signature schemes; by default all that the receiver may verify.
            change: the change it reports; by default a made-up one.
            occurred_at: the time of the event; by default now.
        """
        now = self.now()
        occurred_at = occurred_at or now
        if change is None:
            change = sample_change(event_type, occurred_at, Subjects(lead=self._lead))
            if isinstance(change, LeadStatusChanged):  # so that the next one is a change, too
                self._lead = change.lead
        event = Event(
            id=self._ids.event_id(occurred_at),
            message_id=self._ids.webhook_message_id(),
            sequence=1,
            occurred_at=occurred_at,
            workspace_id=_WORKSPACE_ID,
            change=change,
        )
        contract = self.target.contract
        return OutgoingRequest(
            url=self.target.url,
            body=payload(event, contract.event_type(event_type), contract).body,
            message_id=event.message_id,
            schemes=self.target.candidate_schemes if schemes is None else schemes,
            secrets=(self.target.secret,),
            signed_at=now,
        )

    def attempts(self, request: OutgoingRequest) -> tuple[OutgoingRequest, OutgoingRequest]:
        """Return two attempts of a request, the second signed when the vendor would retry it."""
        now = self.now()
        return replace(request, signed_at=now - _RETRY_DELAY), replace(request, signed_at=now)

    def send(self, request: OutgoingRequest | SignedRequest) -> ReceiverResponse:
        """Send a request, which is signed first unless it is signed already."""
        return self._counted(self._post(request))

    def send_together(self, requests: Sequence[OutgoingRequest]) -> list[ReceiverResponse]:
        """Send requests that become complete at the same time."""
        release = Release(len(requests))
        requests = [replace(request, stages=release) for request in requests]
        with ThreadPoolExecutor(len(requests), thread_name_prefix="mock-sendpilot-check") as pool:
            return [self._counted(response) for response in pool.map(self._post, requests)]

    def _post(self, request: OutgoingRequest | SignedRequest) -> ReceiverResponse:
        signed = request if isinstance(request, SignedRequest) else request.signed()
        timeout = self.target.timeout_seconds
        # Each has its own connection: one kept open might be about to close, and a receiver that
        # breaks one must not fail the next check.
        connection = f"receiver {id(signed)}"
        result = self._http_sender.send(signed, connection=connection, timeout_seconds=timeout)
        self._http_sender.forget(connection)
        return ReceiverResponse(result, timeout)

    def _counted(self, response: ReceiverResponse) -> ReceiverResponse:
        self.accepted_count += response.is_accepted
        self.hung_count += response.is_hung
        return response

    def effect_count(self) -> float:
        """Return the number of effects that the probe counts now; 0 without a probe."""
        return 0 if self.target.probe is None else effect_count(self.target.probe)

    def expect_accepted(self, request: OutgoingRequest, *, control: OutgoingRequest) -> Finding:
        """Send a request the receiver should accept if it accepts the control request.

        A receiver that rejects the control request as well rejects all such events, so its response
        says nothing about what is special in this one.
        """
        response = self.send(request)
        finding = expect_accepted(response)
        if finding.outcome != FAILED or response.status_code is None:
            return finding
        if self.send(control).is_accepted:  # so what is special in the first was the reason
            return finding
        return Finding(INCONCLUSIVE, f"{response}; a plain one is rejected as well")


def event_types(contract: Contract) -> list[str]:
    """Return today's names of the event types a contract has."""
    return [
        name
        for name in words.EVENT_TYPES
        if type_of_event(sample_event(name), contract) is not None
    ]
