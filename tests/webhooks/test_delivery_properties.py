"""Whatever happens in any order, no event is lost, none arrives too often, and the order holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.testing.receiver import ReceivedWebhook
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.world.seed import WorkspaceSeed
from tests.webhooks.conftest import START, World, seed_of_one_lead
from tests.webhooks.delivery_model import (
    EXHAUSTED,
    MAX_SCHEDULED,
    PENDING,
    SUCCEEDED,
    Arrival,
    Disruption,
    ExpectedDelivery,
    ExpectedEndpoint,
    RestartingReceiver,
)
from tests.webhooks.disruption_checks import documented_accepts, svix_accepts

LEADS = ("lead_1", "lead_2", "lead_3")
MAX_ENDPOINTS = 3
RECEIVERS = 2
LONGER_THAN_ALL_RETRIES = timedelta(hours=3)
SECRET_OVERLAP = timedelta(hours=24)
MAX_RETIRED = 20

any_one = st.integers(min_value=0, max_value=5)
"""An index of one of a few things."""
any_lead = st.sampled_from(LEADS)
failing = st.tuples(st.sampled_from([500, 503]), st.integers(min_value=1, max_value=8))
"""A status, and a number of times."""


def seed_of_some_leads() -> WorkspaceSeed:
    seed = seed_of_one_lead()
    (lead,) = seed.leads
    leads = [replace(lead, id=one, linkedin_url=f"{lead.linkedin_url}-{one}") for one in LEADS]
    return replace(seed, leads=tuple(leads))


class Deliveries(RuleBasedStateMachine):
    """Act on a workspace with a frozen clock, and on its receivers."""

    def __init__(self) -> None:
        super().__init__()
        self.emulator = Emulator(random_seed="tests")
        workspace = self.emulator.add_workspace(seed_of_some_leads(), clock=ManualClock(START))
        self.world = World(workspace, self.emulator.outbox(workspace))
        self.receivers = [RestartingReceiver(workspace.clock.now) for _ in range(RECEIVERS)]
        self.endpoints: list[ExpectedEndpoint] = []
        self.change_count = 0
        self.secret_count = 0
        self.arrival_ids: dict[str, tuple[str, str]] = {}
        self.is_sound = True

    def teardown(self) -> None:
        try:
            if self.is_sound:
                self._let_all_come_to_an_end()
        finally:
            self.emulator.close()
            for receiver in self.receivers:
                receiver.close()

    @initialize(
        count=st.integers(min_value=1, max_value=MAX_ENDPOINTS),
        failures=st.lists(failing, max_size=3),
        changes=st.lists(any_lead, min_size=1, max_size=3),
    )
    def begin(self, count: int, failures: list[tuple[int, int]], changes: list[str]) -> None:
        for receiver in self.receivers:
            receiver.start()
        for number in range(count):
            self.add_endpoint(number)
        for status, times in failures:
            self.receivers[0].fail(status, times)
        for lead_id in changes:
            self.change(lead_id, again=False)

    # --- actions -----------------------------------------------------------------------------

    @rule(lead_id=any_lead, again=st.booleans())
    def change(self, lead_id: str, again: bool) -> None:
        """Give a lead a new status; the same status again makes no event."""
        self.change_count += 1
        status = f"S{self.change_count}"
        for endpoint in self._those_enabled():
            endpoint.queue(status, self.now)
        for _ in range(2 if again else 1):
            self.world.workspace.store.set_lead_status(lead_id, status=status)

    @rule(which=any_one, failure=failing)
    def fail(self, which: int, failure: tuple[int, int]) -> None:
        receiver = self._receiver(which)
        if receiver.is_up:
            receiver.fail(*failure)

    @rule(which=any_one)
    def stop_or_start(self, which: int) -> None:
        receiver = self._receiver(which)
        (receiver.stop if receiver.is_up else receiver.start)()

    @rule(which=any_one)
    def restart(self, which: int) -> None:
        receiver = self._receiver(which)
        receiver.stop()
        receiver.start()

    @rule(seconds=st.sampled_from([0, 1, 4, 5, 35, 60, 300, 7200, 86_400]))
    def advance(self, seconds: int) -> None:
        self._pass(timedelta(seconds=seconds))

    @rule(changes=st.lists(any_lead, min_size=1, max_size=4), seconds=st.sampled_from([0, 4, 60]))
    def change_and_advance(self, changes: list[str], seconds: int) -> None:
        for lead_id in changes:
            self.change(lead_id, again=False)
        self._pass(timedelta(seconds=seconds))

    @rule(which=any_one, what=any_one)
    def resend_a_delivery(self, which: int, what: int) -> None:
        endpoint = self._endpoint(which)
        if endpoint is None or not endpoint.deliveries:
            return
        status = list(endpoint.deliveries)[-1 - what % len(endpoint.deliveries)]
        (delivery,) = [
            one
            for one in self.world.deliveries(endpoint_id=endpoint.id)
            if _new_status(one) == status
        ]
        if endpoint.is_there and endpoint.is_enabled:
            self.world.outbox.resend(delivery.id)
            endpoint.resend(status, self.now)
        else:
            with pytest.raises(InvalidInput):
                self.world.outbox.resend(delivery.id)

    @rule(what=any_one)
    def resend_an_event(self, what: int) -> None:
        deliveries = self.world.deliveries()
        if not deliveries:
            return
        event_id = deliveries[-1 - what % len(deliveries)].event_id
        self.world.outbox.resend_event(event_id)
        found = self.world.outbox.events.get(event_id)
        for endpoint in self._those_enabled():
            if found.data["newStatus"] in endpoint.deliveries:
                endpoint.resend(found.data["newStatus"], self.now)

    @rule(which=any_one, is_enabled=st.booleans())
    def enable(self, which: int, is_enabled: bool) -> None:
        endpoint = self._endpoint(which)
        if endpoint is None or not endpoint.is_there:
            return
        self.world.outbox.update_endpoint(endpoint.id, {"is_enabled": is_enabled})
        endpoint.is_enabled = is_enabled
        if not is_enabled:
            endpoint.end()

    @rule(which=any_one)
    def disable_and_enable(self, which: int) -> None:
        self.enable(which, is_enabled=False)
        self.enable(which, is_enabled=True)

    @rule(which=any_one)
    def delete_endpoint(self, which: int) -> None:
        endpoint = self._endpoint(which)
        if endpoint is not None and endpoint.is_there:
            self.world.outbox.remove_endpoint(endpoint.id)
            endpoint.is_there = False
            endpoint.end()

    @precondition(lambda self: sum(one.is_there for one in self.endpoints) < MAX_ENDPOINTS)
    @rule(which=any_one)
    def add_endpoint(self, which: int) -> None:
        receiver = self._receiver(which)
        path = f"/{len(self.endpoints)}"
        added = self.world.add_endpoint(f"http://127.0.0.1:{receiver.port}{path}")
        endpoint = ExpectedEndpoint(added.id, receiver, path)
        endpoint.secrets.append((added.secret, None))
        self.endpoints.append(endpoint)

    @rule(which=any_one)
    def rotate(self, which: int) -> None:
        endpoint = self._endpoint(which)
        if endpoint is not None and endpoint.is_there and len(endpoint.secrets) <= MAX_RETIRED:
            (newest, _), *older = endpoint.secrets
            rotated = self.world.outbox.endpoints.rotate(endpoint.id)
            retired = (newest, self.now + SECRET_OVERLAP)
            endpoint.secrets = [(rotated.secret, None), retired, *older]

    @rule(which=any_one, copies=st.integers(min_value=1, max_value=2))
    def arm_a_duplicate(self, which: int, copies: int) -> None:
        self._arm(which, Disruption("duplicate", copies=copies), copies=copies)

    @rule(
        which=any_one,
        kind=st.sampled_from(["reorder", "delay"]),
        seconds=st.sampled_from([0, 5, 60]),
    )
    def arm_a_delay(self, which: int, kind: str, seconds: int) -> None:
        self._arm(which, Disruption(kind, seconds=seconds), seconds=seconds)

    # --- invariants --------------------------------------------------------------------------

    @invariant()
    def first_attempts_are_in_order_where_none_was_put_off(self) -> None:
        with self._judging():
            for endpoint in self.endpoints:
                if not endpoint.is_reordered:
                    _is_in_order(endpoint.first_attempts)
                if endpoint.is_steady:
                    _is_in_order(endpoint.first_arrivals())

    def _let_all_come_to_an_end(self) -> None:
        for receiver in self.receivers:
            receiver.stop()
            receiver.start()  # it responds with 200
        self._pass(LONGER_THAN_ALL_RETRIES)
        self.first_attempts_are_in_order_where_none_was_put_off()
        for endpoint in self.endpoints:
            for expected in endpoint.deliveries.values():
                self._has_an_end(endpoint, expected)

    def _has_an_end(self, endpoint: ExpectedEndpoint, expected: ExpectedDelivery) -> None:
        arrived = [
            one
            for one in endpoint.receiver.arrivals
            if (one.path, one.new_status) == (endpoint.path, expected.new_status)
        ]
        assert expected.state != PENDING
        assert (expected.state == SUCCEEDED) == any(one.is_success for one in arrived)
        assert expected.scheduled_count <= MAX_SCHEDULED
        if expected.state == EXHAUSTED:
            assert expected.scheduled_count == MAX_SCHEDULED

    # --- steps -------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.world.workspace.clock.now()

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """Skip the checks at the end if something fails here: the first failure says enough."""
        self.is_sound = False
        yield
        self.is_sound = True

    def _pass(self, duration: timedelta) -> None:
        with self._judging():
            self.world.workspace.advance(duration)
            for endpoint in self.endpoints:
                for arrival in endpoint.pass_until(self.now):
                    self._bears_the_ids_of_its_event(arrival)
                    _is_rightly_signed(endpoint, arrival)
                self._is_told_rightly(endpoint)

    def _is_told_rightly(self, endpoint: ExpectedEndpoint) -> None:
        """Compare the log with the expected deliveries."""
        known = {
            _new_status(delivery): (
                delivery.state,
                delivery.scheduled_count,
                delivery.next_attempt_at,
            )
            for delivery in self.world.deliveries(endpoint_id=endpoint.id)
        }
        assert known == {
            status: (expected.state, expected.scheduled_count, expected.next_attempt_at)
            for status, expected in endpoint.deliveries.items()
        }

    def _bears_the_ids_of_its_event(self, arrival: Arrival) -> None:
        """Check that an id is the same at each attempt and endpoint, and of no other event."""
        ids = arrival.event_id, arrival.headers["svix-id"]
        assert self.arrival_ids.setdefault(arrival.new_status, ids) == ids
        event_ids, message_ids = zip(*self.arrival_ids.values(), strict=True)
        assert len(set(event_ids)) == len(set(message_ids)) == len(self.arrival_ids)

    def _arm(self, which: int, disruption: Disruption, **options: float) -> None:
        endpoint = self._endpoint(which)
        if endpoint is None:
            return
        self.world.outbox.disruptions.arm(disruption.kind, endpoint_id=endpoint.id, options=options)
        endpoint.arm(disruption)

    def _receiver(self, which: int) -> RestartingReceiver:
        return self.receivers[which % len(self.receivers)]

    def _endpoint(self, which: int) -> ExpectedEndpoint | None:
        """Return an endpoint, newest first; also a deleted one."""
        return self.endpoints[-1 - which % len(self.endpoints)] if self.endpoints else None

    def _those_enabled(self) -> list[ExpectedEndpoint]:
        return [one for one in self.endpoints if one.is_there and one.is_enabled]


def _new_status(delivery: Delivery) -> str:
    return str(orjson.loads(delivery.body)["data"]["newStatus"])


def _is_in_order(new_statuses: list[str]) -> None:
    numbers = [int(status.removeprefix("S")) for status in new_statuses]
    assert numbers == sorted(numbers)


def _is_rightly_signed(endpoint: ExpectedEndpoint, arrival: Arrival) -> None:
    """Check that a request is signed with every valid secret, and with no other."""
    valid = endpoint.valid_secrets(arrival.at)
    webhook = ReceivedWebhook(arrival.path, arrival.headers, arrival.body)
    assert documented_accepts(webhook, valid[0])
    for secret, _ in endpoint.secrets:
        assert svix_accepts(webhook, secret) == (secret in valid)


def test_no_event_is_lost_whatever_happens_while_the_clock_advances() -> None:
    run_state_machine_as_test(
        Deliveries,
        settings=settings(deadline=None, max_examples=100, stateful_step_count=40),
    )
