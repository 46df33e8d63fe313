"""Changes of the event log, and waits for events."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mock_sendpilot.matching import ANY_EVENT, EventPattern
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.event_log import SentWebhook
from tests.webhooks.conftest import World
from tests.webhooks.disruption_checks import arm, change_often, news, record

LONG = 10.0
"""The timeout of a wait that fails to end; no test waits so long."""


# --- changes -------------------------------------------------------------------------------------


def test_all_events_have_changed_since_0(world: World) -> None:
    change_often(world, 3)
    found, number = world.outbox.events.changed_since(0)

    assert news(found) == ["S0", "S1", "S2"]
    assert number == world.outbox.events.latest_change > 0


def test_no_event_has_changed_since_the_latest_change(world: World) -> None:
    change_often(world, 3)
    number = world.outbox.events.latest_change

    assert world.outbox.events.changed_since(number) == ([], number)


def test_an_empty_log_has_no_changes(world: World) -> None:
    assert world.outbox.events.changed_since(0) == ([], 0)
    assert world.outbox.events.changed_since(7) == ([], 7)


def test_new_and_changed_events_are_listed_in_the_order_of_their_changes(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "delay")
    change_often(world, 3)
    _, number = world.outbox.events.changed_since(0)
    world.advance(1)
    second, number = world.outbox.events.changed_since(number)
    world.advance(9)
    third, _ = world.outbox.events.changed_since(number)

    assert news(second) == ["S1", "S2"]
    assert news(third) == ["S0"]
    assert third[0].is_sent


def test_a_cancelled_delivery_is_a_change(world: World) -> None:
    endpoint = world.add_endpoint("https://a.example/")
    world.change("DONE")
    number = world.outbox.events.latest_change
    world.outbox.remove_endpoint(endpoint.id)

    (found,), _ = world.outbox.events.changed_since(number)
    assert [one.state for one in found.deliveries] == ["cancelled"]


def in_another_thread(act: Callable[[], list[SentWebhook]], meanwhile: Callable[[], object]) -> (
    list[SentWebhook]
):  # fmt: skip
    """Return the result of `act`, a wait during which `meanwhile` is called."""
    begun = threading.Event()

    def begin() -> list[SentWebhook]:
        begun.set()
        return act()

    with ThreadPoolExecutor(1, thread_name_prefix="waits") as pool:
        waiting = pool.submit(begin)
        assert begun.wait(5)
        assert not threading.Event().wait(0.02)
        assert not waiting.done()
        meanwhile()
        return waiting.result(5)


def test_a_change_ends_the_wait_for_it(world: World) -> None:
    number = world.outbox.events.latest_change
    found = in_another_thread(
        lambda: world.outbox.events.changed_since(number, timeout_seconds=LONG)[0],
        lambda: world.change("DONE"),
    )

    assert news(found) == ["DONE"]


def test_an_attempt_ends_the_wait_for_a_change(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    world.change("DONE")
    number = world.outbox.events.latest_change
    found = in_another_thread(
        lambda: world.outbox.events.changed_since(number, timeout_seconds=LONG)[0], world.advance
    )

    assert [one.state for one in found[0].deliveries] == ["succeeded"]


# --- waiting -------------------------------------------------------------------------------------


def test_an_existing_event_needs_no_wait(world: World) -> None:
    change_often(world, 3)
    found = world.outbox.events.wait_for(
        EventPattern(None, {"new_status": "S1"}), timeout_seconds=LONG
    )

    assert news(found) == ["S1"]


def test_the_first_of_several_matching_events_are_returned(world: World) -> None:
    change_often(world, 5)

    assert news(world.outbox.events.wait_for(ANY_EVENT, count=2, timeout_seconds=LONG)) == [
        "S0", "S1",
    ]  # fmt: skip


def test_the_events_that_came_in_time_are_returned_even_if_too_few(world: World) -> None:
    change_often(world, 2)

    assert news(world.outbox.events.wait_for(ANY_EVENT, count=3, timeout_seconds=0.05)) == [
        "S0", "S1",
    ]  # fmt: skip


def test_the_last_of_several_events_ends_the_wait(world: World) -> None:
    world.change("A")
    wanted = EventPattern("lead.status.changed", {"lead_id": "lead_1"})
    found = in_another_thread(
        lambda: world.outbox.events.wait_for(wanted, count=3, timeout_seconds=LONG),
        lambda: change_often(world, 2),
    )

    assert news(found) == ["A", "S0", "S1"]


def test_an_event_that_does_not_match_does_not_end_the_wait(world: World) -> None:
    wanted = EventPattern(None, {"new_status": "S4"})
    found = in_another_thread(
        lambda: world.outbox.events.wait_for(wanted, timeout_seconds=LONG),
        lambda: change_often(world, 9),
    )

    assert news(found) == ["S4"]


def test_a_wait_goes_on_until_the_event_is_sent(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    world.change("DONE")
    found = in_another_thread(
        lambda: world.outbox.events.wait_for(ANY_EVENT, timeout_seconds=LONG), world.advance
    )

    assert len(found[0].deliveries[0].attempts) == 1


def test_an_event_that_changes_often_counts_once(world: World, receiver: WebhookReceiver) -> None:
    receiver.respond(500, times=3)
    world.add_endpoint(receiver.url)
    world.change("DONE")

    def advance_and_change() -> None:
        world.advance(300)
        world.change("NEXT")
        world.advance()

    found = in_another_thread(
        lambda: world.outbox.events.wait_for(ANY_EVENT, count=2, timeout_seconds=LONG),
        advance_and_change,
    )

    assert news(found) == ["DONE", "NEXT"]


class _Counting(EventPattern):
    """A pattern that records each event it is compared with."""

    looks: list[str]

    def matches_event(self, event: Mapping[str, Any] | None) -> bool:
        assert event is not None
        self.looks.append(event["eventId"])
        return super().matches_event(event)


def test_a_wait_compares_only_new_events_that_may_match(world: World) -> None:
    change_often(world, 20)
    wanted = _Counting("campaign.paused", {})
    object.__setattr__(wanted, "looks", [])

    def meanwhile() -> None:
        change_often(world, 20)
        record(world, "campaign.paused")

    found = in_another_thread(
        lambda: world.outbox.events.wait_for(wanted, timeout_seconds=LONG), meanwhile
    )

    assert [one.event_type for one in found] == ["campaign.paused"]
    assert wanted.looks == [found[0].event_id]


# --- the first since a change, and threads -------------------------------------------------------


def test_the_first_event_of_a_lead_since_a_change_is_found(world: World) -> None:
    world.change("A")
    number = world.outbox.events.latest_change
    record(world, "campaign.paused")
    world.change("B")
    world.change("C")
    wanted = EventPattern("lead.status.changed", {"leadId": "lead_1"})
    found = world.outbox.events.first_since(number, wanted)

    assert found is not None
    assert news([found]) == ["B"]


def test_an_older_event_whose_delivery_changes_is_not_the_first_since(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    world.change("A")
    number = world.outbox.events.latest_change
    world.advance()
    world.change("B")
    wanted = EventPattern("lead.status.changed", {"leadId": "lead_1"})
    found = world.outbox.events.first_since(number, wanted)

    assert found is not None
    assert news([found]) == ["B"]


def test_no_event_is_the_first_since_if_none_matches(world: World) -> None:
    world.change("A")
    number = world.outbox.events.latest_change
    record(world, "campaign.paused")
    wanted = EventPattern("lead.status.changed", {"leadId": "lead_1"})

    assert world.outbox.events.first_since(number, wanted) is None


def test_reading_and_writing_threads_do_not_disturb_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.outbox.events, "_max_events", 50)

    def follow() -> list[str]:
        statuses: list[str] = []
        number = 0
        while "LAST" not in statuses:
            found, number = world.outbox.events.changed_since(number, timeout_seconds=LONG)
            statuses += news(found)
        return statuses

    with ThreadPoolExecutor(4, thread_name_prefix="follows") as pool:
        followers = [pool.submit(follow) for _ in range(3)]
        change_often(world, 500)
        world.change("LAST")
        followed = [follower.result(10) for follower in followers]

    expected = [*(f"S{number}" for number in range(500)), "LAST"]
    for one in followed:
        assert one == sorted(one, key=expected.index)
        assert len(one) == len(set(one))
