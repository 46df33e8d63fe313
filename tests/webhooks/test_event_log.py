"""The event log: its order, bodies and bounds."""

import pytest

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import NotFound
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.event_log import MAX_EVENTS, EventFilter
from tests.webhooks.conftest import START, World, seed_of_one_lead
from tests.webhooks.disruption_checks import arm, change_often, news, record

# --- events --------------------------------------------------------------------------------------


def test_events_are_in_the_order_in_which_they_happened(world: World) -> None:
    change_often(world, 5)

    found = world.outbox.events.all()
    assert news(found) == ["S0", "S1", "S2", "S3", "S4"]
    assert [one.sequence for one in found] == sorted(one.sequence for one in found)


def test_an_event_keeps_its_place_when_it_is_sent(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    change_often(world, 3)
    arm(world, "delay")
    world.advance()

    assert news(world.outbox.events.all()) == ["S0", "S1", "S2"]


def test_an_event_in_the_log_has_its_ids_time_and_body(world: World) -> None:
    world.change("DONE")

    (found,) = world.outbox.events.all()
    assert (found.event_type, found.lead_id, found.origin, found.occurred_at) == (
        "lead.status.changed", "lead_1", "change", START,
    )  # fmt: skip
    assert found.json["eventId"] == found.event_id
    assert found.data == found.json["data"]
    assert world.outbox.events.get(found.event_id) == found


def test_an_event_has_its_delivery_to_each_endpoint(
    world: World, receiver: WebhookReceiver
) -> None:
    for _ in range(2):
        world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance()

    (found,) = world.outbox.events.all()
    assert list(found.deliveries) == world.deliveries()
    assert [one.state for one in found.deliveries] == ["succeeded"] * 2


def test_a_change_without_an_event_in_the_contract_is_not_logged(world: World) -> None:
    record(world, words.LEAD_TAG_UPDATED)

    assert world.outbox.events.all() == []


def test_an_unknown_event_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="Event not found"):
        world.outbox.events.get("evt_x")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({}, [True, True], id="all"),
        pytest.param({"event_type": "campaign.paused"}, [False, True], id="type"),
        pytest.param({"lead_id": "lead_1"}, [True, False], id="lead"),
        pytest.param({"origin": "change"}, [True, True], id="origin"),
        pytest.param({"origin": "test"}, [False, False], id="another origin"),
        pytest.param(
            {"event_type": "campaign.paused", "lead_id": "lead_1"}, [False, False], id="both"
        ),
    ],
)
def test_events_are_found_by_filters(
    world: World, wanted: dict[str, str], expected: list[bool]
) -> None:
    world.change("DONE")
    record(world, "campaign.paused")

    found = world.outbox.events.all()
    assert [EventFilter(**wanted).matches(one) for one in found] == expected


# --- bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", ["documented", "live"])
def test_a_body_made_later_is_the_same_as_one_sent_at_once(
    receiver: WebhookReceiver, contract: str
) -> None:
    """Two workspaces have the same ids; in one of them no endpoint wants the events."""
    bodies: list[list[bytes]] = []
    for is_sent in (True, False):
        emulator = Emulator(random_seed="tests")
        workspace = emulator.add_workspace(seed_of_one_lead(contract), clock=ManualClock(START))
        world = World(workspace, emulator.outbox(workspace))
        url = receiver.url if is_sent else "https://a.example/"
        world.add_endpoint(url, is_enabled=is_sent)
        for name in words.EVENT_TYPES:
            record(world, name)
            workspace.ids.prefixed("dlv") if not is_sent else None
        world.advance(60)
        bodies.append([one.body for one in world.outbox.events.all()])
        emulator.close()

    sent = [webhook.body for webhook in receiver.received]
    assert bodies[0] == sent
    assert len(sent) == len(bodies[1]) >= 11


def test_a_body_made_later_has_the_lead_as_it_was_at_the_time(world: World) -> None:
    change_often(world, 2)
    before = world.outbox.events.all()[0].body
    change_often(world, 2)

    assert news(world.outbox.events.all()) == ["S0", "S1", "S0", "S1"]
    assert world.outbox.events.all()[0].body == before


# --- bounds --------------------------------------------------------------------------------------


def test_the_oldest_events_are_dropped_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.outbox.events, "_max_events", 10)
    change_often(world, 1)
    first = world.outbox.events.all()[0]
    change_often(world, 12)

    assert news(world.outbox.events.all()) == [f"S{number}" for number in range(2, 12)]
    with pytest.raises(NotFound):
        world.outbox.events.get(first.event_id)


def test_the_log_keeps_5000_events(world: World) -> None:
    change_often(world, MAX_EVENTS + 2)

    assert MAX_EVENTS == 5000
    found = world.outbox.events.all()
    assert (len(found), found[0].data["newStatus"]) == (5000, "S2")


@pytest.mark.parametrize("is_sent", [True, False], ids=["sent", "made later"])
def test_the_oldest_events_are_dropped_beyond_a_number_of_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch, *, is_sent: bool
) -> None:
    world.add_endpoint("https://a.example/", is_enabled=is_sent)
    monkeypatch.setattr(world.outbox.events, "_max_bytes", 1000)
    for number in range(10):
        world.change(f"{number}" + "x" * 300)
        world.outbox.events.all()

    found = world.outbox.events.all()
    assert 1 <= len(found) <= 3
    assert found[-1].data["newStatus"].startswith("9")


def test_the_latest_event_is_kept_however_large_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_endpoint("https://a.example/")
    monkeypatch.setattr(world.outbox.events, "_max_bytes", 10)
    change_often(world, 3)

    assert news(world.outbox.events.all()) == ["S2"]


# --- is_sent -------------------------------------------------------------------------------------


def test_an_event_is_sent_after_the_first_attempt_to_each_endpoint(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500)
    first = world.add_endpoint(receiver.url)
    world.add_endpoint(receiver.url)
    world.outbox.disruptions.arm("delay", endpoint_id=first.id)
    world.change("DONE")
    sent = [world.outbox.events.all()[0].is_sent]
    for _ in range(2):
        world.advance(2.5)
        sent.append(world.outbox.events.all()[0].is_sent)

    assert sent == [False, False, True]


def test_an_event_without_an_endpoint_is_sent_at_once(world: World) -> None:
    world.change("DONE")
    assert world.outbox.events.all()[0].is_sent


def test_an_event_whose_deliveries_were_cancelled_is_sent(world: World) -> None:
    endpoint = world.add_endpoint("https://a.example/")
    world.change("DONE")
    world.outbox.update_endpoint(endpoint.id, {"is_enabled": False})

    assert world.outbox.events.all()[0].is_sent


def test_an_event_dropped_at_every_endpoint_is_not_sent(
    world: World, receiver: WebhookReceiver
) -> None:
    first = world.add_endpoint("https://a.example/")
    world.outbox.disruptions.arm("drop", endpoint_id=first.id, times=None)
    world.change("DONE")
    world.add_endpoint(receiver.url)
    world.change("PENDING")
    world.advance()

    assert [one.is_dropped for one in world.outbox.events.all()] == [True, False]
    assert [one.is_sent for one in world.outbox.events.all()] == [False, True]
