"""Disruptions as resources: armed, matched, consumed, removed and refused."""

from datetime import timedelta

import pytest

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.disruption_kinds import KINDS
from mock_sendpilot.webhooks.disruptions import Disruptions
from tests.webhooks.conftest import START, World
from tests.webhooks.disruption_checks import DAY, arm, change_often, record

URL = "https://a.example/"


@pytest.fixture
def disruptions(world: World) -> Disruptions:
    """The disruptions of a workspace with one endpoint."""
    world.add_endpoint(URL)
    return world.outbox.disruptions


def dropped(world: World) -> list[bool]:
    """Return for each delivery, oldest first, whether it was dropped."""
    return [one.state == "dropped" for one in world.deliveries()]


# --- armed, matched, consumed --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "expected", "state"),
    [
        pytest.param(1, [True, False, False, False], "consumed", id="once"),
        pytest.param(3, [True, True, True, False], "consumed", id="three times"),
        pytest.param(4, [True, True, True, True], "consumed", id="as often as there are"),
        pytest.param(5, [True, True, True, True], "armed", id="more often"),
        pytest.param(None, [True, True, True, True], "armed", id="always"),
    ],
)
def test_a_disruption_is_consumed_after_its_number_of_deliveries(
    world: World, disruptions: Disruptions, times: int | None, expected: list[bool], state: str
) -> None:
    armed = disruptions.arm("drop", times=times)
    change_often(world, 4)

    assert dropped(world) == expected
    assert disruptions.get(armed.id).state == state
    assert disruptions.get(armed.id).match_count == sum(expected)


def test_a_disruption_is_armed_until_the_first_delivery(
    world: World, disruptions: Disruptions
) -> None:
    world.advance(7)
    armed = disruptions.arm("drop")

    assert (armed.state, armed.kind, armed.match_count, armed.matches) == ("armed", "drop", 0, ())
    assert armed.armed_at == START + timedelta(seconds=7)
    assert disruptions.all() == [armed]


def test_matches_have_the_delivery_the_event_and_the_time(
    world: World, disruptions: Disruptions
) -> None:
    armed = disruptions.arm("drop", times=2)
    world.change("A")
    world.advance(60)
    world.change("B")

    matches = disruptions.get(armed.id).matches
    first, second = world.deliveries()
    assert [(one.delivery_id, one.event_id, one.kind, one.at) for one in matches] == [
        (first.id, first.event_id, "drop", START),
        (second.id, second.event_id, "drop", START + timedelta(seconds=60)),
    ]


def test_only_the_latest_matches_are_kept_but_all_are_counted(
    world: World, disruptions: Disruptions
) -> None:
    armed = disruptions.arm("drop", times=None)
    change_often(world, 1002)

    found = disruptions.get(armed.id)
    assert (found.match_count, len(found.matches)) == (1002, 1000)
    assert found.matches[-1].delivery_id == world.deliveries()[-1].id


def test_a_delivery_queued_before_the_disruption_is_not_disrupted(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    receiver.respond(500, times=2)
    world.change("A")
    armed = arm(world, "missing_signature")
    world.advance(DAY)

    assert [one.disruption for one in world.deliveries()[0].attempts] == [None] * 3
    assert all("svix-signature" in webhook.headers for webhook in receiver.received)
    assert world.outbox.disruptions.get(armed.id).match_count == 0


def test_a_resend_matches_no_disruption(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    world.change("A")
    world.advance()
    armed = arm(world, "missing_signature")
    world.outbox.resend(world.deliveries()[0].id)
    world.advance()

    assert "svix-signature" in receiver.received[1].headers
    assert world.outbox.disruptions.get(armed.id).match_count == 0


def test_an_event_without_a_delivery_consumes_nothing(world: World) -> None:
    world.add_endpoint(URL, event_types=["campaign.paused"])
    armed = arm(world, "drop")
    world.change("A")

    assert world.outbox.disruptions.get(armed.id).state == "armed"


# --- matching ------------------------------------------------------------------------------------


def test_a_delivery_gets_the_oldest_disruption_that_matches(
    world: World, disruptions: Disruptions
) -> None:
    disruptions.arm("drop", pattern=EventPattern("campaign.paused"))
    disruptions.arm("duplicate")
    disruptions.arm("delay")
    change_often(world, 3)

    found = [one.disruption.kind if one.disruption else None for one in world.deliveries()]
    assert found == ["duplicate", "delay", None]


def test_a_delivery_gets_only_one_disruption(world: World, disruptions: Disruptions) -> None:
    disruptions.arm("drop")
    second = disruptions.arm("drop")
    world.change("A")

    assert disruptions.get(second.id).state == "armed"


def test_a_disruption_can_be_for_one_endpoint(world: World, disruptions: Disruptions) -> None:
    other = world.add_endpoint(URL)
    disruptions.arm("drop", endpoint_id=other.id, times=None)
    change_often(world, 2)

    assert {one.endpoint_id for one in world.deliveries(state="dropped")} == {other.id}
    assert dropped(world) == [False, True] * 2


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param(EventPattern(), [True, True, True], id="of any event"),
        pytest.param(EventPattern("lead.status.changed"), [True, True, False], id="of a type"),
        pytest.param(EventPattern(None, {"new_status": "B"}), [False, True, False], id="of values"),
        pytest.param(
            EventPattern("campaign.paused", {"new_status": "B"}), [False] * 3, id="of both"
        ),
        pytest.param(EventPattern(None, {"newStatus": "C"}), [False] * 3, id="of other values"),
    ],
)
def test_a_disruption_can_be_for_events_that_match_a_pattern(
    world: World, disruptions: Disruptions, pattern: EventPattern, expected: list[bool]
) -> None:
    disruptions.arm("drop", pattern=pattern, times=None)
    world.change("A")
    world.change("B")
    record(world, "campaign.paused")

    assert dropped(world) == expected


# --- removed -------------------------------------------------------------------------------------


def test_a_removed_disruption_disrupts_nothing_more(world: World, disruptions: Disruptions) -> None:
    first, second = (disruptions.arm("drop", times=None) for _ in range(2))
    world.change("A")
    disruptions.remove(first.id)
    world.change("B")

    assert [one.id for one in disruptions.all()] == [second.id]
    assert dropped(world) == [True, True]
    assert disruptions.get(second.id).match_count == 1


def test_all_disruptions_can_be_removed(world: World, disruptions: Disruptions) -> None:
    for kind in ("drop", "delay"):
        disruptions.arm(kind, times=None)
    disruptions.remove_all()
    world.change("A")

    assert disruptions.all() == []
    assert world.deliveries()[0].disruption is None


def test_a_disrupted_delivery_stays_disrupted_when_its_disruption_is_removed(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    armed = arm(world, "missing_signature")
    world.change("A")
    world.outbox.disruptions.remove(armed.id)
    world.advance()

    assert "svix-signature" not in receiver.received[0].headers


def test_an_unknown_disruption_is_not_found(disruptions: Disruptions) -> None:
    with pytest.raises(NotFound, match="Disruption not found"):
        disruptions.get("dis_x")
    with pytest.raises(NotFound, match="Disruption not found"):
        disruptions.remove("dis_x")


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "guess"),
    [
        pytest.param("duplicates", "unknown kind 'duplicates'; did you mean 'duplicate'? ", id="a"),
        pytest.param("wrong_sercet", "did you mean 'wrong_secret'? expected", id="misspelt"),
        pytest.param("rain", "unknown kind 'rain'; expected one of: duplicate, ", id="none"),
    ],
)
def test_an_unknown_kind_is_refused_with_a_suggestion_and_all_kinds(
    disruptions: Disruptions, kind: str, guess: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        disruptions.arm(kind)

    assert guess in str(refusal.value)
    assert all(known in str(refusal.value) for known in (*KINDS, "chaos"))
    assert disruptions.all() == []


@pytest.mark.parametrize(
    ("kind", "options", "problem"),
    [
        pytest.param(
            "delay", {"copies": 1}, "copies is no option of 'delay'; it takes seconds", id="another"
        ),
        pytest.param(
            "drop", {"attempts": 1}, "attempts is no option of 'drop'; it takes no option", id="any"
        ),
        pytest.param(
            "huge_body",
            {"size": 1},
            "size is no option of 'huge_body'; it takes attempts, bytes",
            id="unknown",
        ),
        pytest.param(
            "duplicate",
            {"copies": 11},
            "copies of 'duplicate': expected 1 to 10, got 11",
            id="too many copies",
        ),
        pytest.param(
            "duplicate",
            {"copies": 0},
            "copies of 'duplicate': expected 1 to 10, got 0",
            id="no copy",
        ),
        pytest.param(
            "delay",
            {"seconds": -1},
            "seconds of 'delay': expected 0 to 2592000, got -1",
            id="earlier",
        ),
        pytest.param(
            "reorder",
            {"seconds": 2592000.5},
            "seconds of 'reorder': expected 0 to 2592000, got 2592000.5",
            id="too late",
        ),
        pytest.param(
            "stale_timestamp",
            {"seconds": -2592001},
            "seconds of 'stale_timestamp': expected -2592000 to 2592000, got -2592001",
            id="too far ahead",
        ),
        pytest.param(
            "slow_body",
            {"seconds": 26},
            "seconds of 'slow_body': expected 0 to 25, got 26",
            id="too slow",
        ),
        pytest.param(
            "huge_body",
            {"bytes": 20_000_001},
            "bytes of 'huge_body': expected 1000 to 20000000, got 20000001",
            id="too huge",
        ),
        pytest.param(
            "wrong_secret",
            {"attempts": 101},
            "attempts of 'wrong_secret': expected 1 to 100, got 101",
            id="too many attempts",
        ),
        pytest.param(
            "wrong_secret",
            {"attempts": float("nan")},
            "attempts of 'wrong_secret': expected 1 to 100, got nan",
            id="no number",
        ),
    ],
)
def test_an_invalid_option_is_refused(
    disruptions: Disruptions, kind: str, options: dict[str, float], problem: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        disruptions.arm(kind, options=options)

    assert refusal.value.problems == (problem,)
    assert disruptions.all() == []


@pytest.mark.parametrize("kind", KINDS)
def test_options_at_their_limits_are_accepted_and_others_have_defaults(
    disruptions: Disruptions, kind: str
) -> None:
    options = KINDS[kind].options
    defaults = {name: option.default for name, option in options.items()}
    for limit in ("minimum", "maximum"):
        limits = {name: getattr(option, limit) for name, option in options.items()}
        assert disruptions.arm(kind, options=limits).options == limits

    assert disruptions.arm(kind).options == defaults


def test_at_most_1000_are_armed(disruptions: Disruptions) -> None:
    armed = [disruptions.arm("drop") for _ in range(1000)]
    with pytest.raises(InvalidInput, match="1000 disruptions are armed already; remove some"):
        disruptions.arm("drop")
    disruptions.remove(armed[0].id)

    assert disruptions.arm("drop") in disruptions.all()
    assert len(disruptions.all()) == 1000


def test_the_oldest_consumed_disruption_makes_room(world: World) -> None:
    world.add_endpoint(URL)
    disruptions = world.outbox.disruptions
    first, second, *_ = [disruptions.arm("drop") for _ in range(1000)]
    world.change("A")
    world.change("B")
    latest = disruptions.arm("drop")

    kept = [one.id for one in disruptions.all()]
    assert first.id not in kept
    assert {second.id, latest.id} <= set(kept)


def test_each_disruption_has_its_own_id(disruptions: Disruptions) -> None:
    ids = {disruptions.arm("drop").id for _ in range(100)}

    assert len(ids) == 100
    assert all(one.startswith("dis_") for one in ids)
