"""Chaos: a mix of disruptions that the same seed draws again."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest
from svix.webhooks import Webhook, WebhookVerificationError

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.webhooks.disruption_kinds import KINDS, Option
from mock_sendpilot.webhooks.disruptions import CHAOS_KINDS, Chaos, Disruption
from tests.support import SECRET
from tests.webhooks.conftest import START, World, seed_of_one_lead
from tests.webhooks.disruption_checks import DAY, NEW_SECRET, record
from tests.webhooks.served_receiver import ServedReceiver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

URL = "https://a.example/"


@contextmanager
def fresh_world(random_seed: str) -> Iterator[World]:
    emulator = Emulator(random_seed=random_seed)
    workspace = emulator.add_workspace(seed_of_one_lead(), clock=ManualClock(START))
    yield World(workspace, emulator.outbox(workspace))
    emulator.close()


def arm_chaos(world: World, seed: str, *, rate: float, kinds: Iterable[str] = CHAOS_KINDS) -> str:
    return world.outbox.disruptions.arm_chaos(seed, rate=rate, kinds=tuple(kinds)).id


def chaos_of(world: World) -> Disruption:
    (found,) = world.outbox.disruptions.all()
    return found


def drawn(world: World) -> list[str | None]:
    """Return the kind that each delivery got, oldest first."""
    return [one.disruption.kind if one.disruption else None for one in world.deliveries()]


def kinds_of_a_run(seed: str, *, random_seed: str = "tests", rate: float = 0.5) -> list[str | None]:
    """Return the kinds of the deliveries of forty changes to two endpoints."""
    with fresh_world(random_seed) as world:
        for name in ("a", "b"):
            world.add_endpoint(f"{URL}{name}")
        arm_chaos(world, seed, rate=rate)
        for number in range(40):
            world.change(f"S{number}")
        return drawn(world)


# --- draws ---------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_kinds_whatever_the_ids() -> None:
    first = kinds_of_a_run("rain", random_seed="one")

    assert kinds_of_a_run("rain", random_seed="two") == first
    assert len(set(first)) > 8


def test_another_seed_draws_another_mix() -> None:
    assert kinds_of_a_run("rain") != kinds_of_a_run("snow")


def test_two_endpoints_get_different_kinds() -> None:
    found = kinds_of_a_run("rain")
    assert found[::2] != found[1::2]


def test_the_kinds_of_one_endpoint_do_not_depend_on_another() -> None:
    both = kinds_of_a_run("rain")
    with fresh_world("tests") as world:
        world.add_endpoint(URL)
        arm_chaos(world, "rain", rate=0.5)
        for number in range(40):
            world.change(f"S{number}")

        assert drawn(world) == both[::2]


@pytest.mark.parametrize(("rate", "count"), [(0, 0), (1, 80)])
def test_a_rate_of_0_disrupts_nothing_and_of_1_everything(rate: float, count: int) -> None:
    found = kinds_of_a_run("rain", rate=rate)
    assert sum(kind is not None for kind in found) == count


def test_the_rate_is_the_share_of_deliveries_that_are_disrupted() -> None:
    chaos = Chaos("rain", 0.2, CHAOS_KINDS)
    found = [chaos.draw("ep_1", CHAOS_KINDS) for _ in range(2000)]

    assert 0.17 < sum(kind is not None for kind in found) / 2000 < 0.23
    assert set(found) == {None, *CHAOS_KINDS}


def test_only_the_kinds_of_the_mix_are_drawn(world: World) -> None:
    world.add_endpoint(URL)
    arm_chaos(world, "rain", rate=1, kinds=("drop", "delay"))
    for number in range(30):
        world.change(f"S{number}")

    assert set(drawn(world)) == {"drop", "delay"}


def test_the_default_mix_has_no_kind_that_costs_a_correct_receiver_an_event() -> None:
    assert set(KINDS) - set(CHAOS_KINDS) == {"drop", "unknown_event", "renamed_event"}


@pytest.mark.parametrize("rate", [-0.1, 1.1, 30, float("nan")])
def test_a_rate_that_is_no_share_is_refused(world: World, rate: float) -> None:
    with pytest.raises(InvalidInput, match="rate: expected a share from 0 to 1, got"):
        arm_chaos(world, "rain", rate=rate)
    assert world.outbox.disruptions.all() == []


def test_an_impossible_kind_is_not_drawn(world: World) -> None:
    world.add_endpoint(URL)
    arm_chaos(world, "rain", rate=1, kinds=("old_secret", "renamed_event"))
    for _ in range(10):
        record(world, "campaign.paused")

    assert drawn(world) == [None] * 10
    assert chaos_of(world).match_count == 0


def test_a_possible_kind_is_drawn_in_place_of_an_impossible_one(world: World) -> None:
    endpoint = world.add_endpoint(URL)
    world.outbox.endpoints.rotate(endpoint.id, NEW_SECRET)
    arm_chaos(world, "rain", rate=1, kinds=("old_secret", "renamed_event"))
    for _ in range(10):
        record(world, "campaign.paused")

    assert drawn(world) == ["old_secret"] * 10


# --- the resource --------------------------------------------------------------------------------


def test_matches_of_chaos_have_the_kinds_that_were_drawn(world: World) -> None:
    world.add_endpoint(URL)
    chaos_id = arm_chaos(world, "rain", rate=0.5)
    for number in range(20):
        world.change(f"S{number}")

    chaos = world.outbox.disruptions.get(chaos_id)
    disrupted = [one for one in world.deliveries() if one.disruption]
    assert [(one.delivery_id, one.kind) for one in chaos.matches] == [
        (one.id, one.disruption.kind) for one in disrupted if one.disruption
    ]
    assert (chaos.kind, chaos.random_seed, chaos.match_count) == ("chaos", "rain", len(disrupted))
    assert chaos.state == "armed"


def test_a_drawn_kind_has_its_default_options(world: World) -> None:
    world.add_endpoint(URL)
    arm_chaos(world, "rain", rate=1, kinds=("delay",))
    world.change("A")

    (delivery,) = world.deliveries()
    assert delivery.disruption is not None
    assert delivery.disruption.options == {"seconds": 5}
    assert delivery.disruption.disruption_id == chaos_of(world).id


def test_chaos_can_be_restricted_to_an_endpoint_a_pattern_and_a_number(world: World) -> None:
    world.add_endpoint(URL)
    other = world.add_endpoint(URL)
    world.outbox.disruptions.arm_chaos(
        "rain",
        rate=1,
        kinds=("drop",),
        endpoint_id=other.id,
        pattern=EventPattern("lead.status.changed"),
        times=1,
    )
    record(world, "campaign.paused")
    world.change("A")
    world.change("B")

    (dropped,) = world.deliveries(state="dropped")
    assert (dropped.endpoint_id, dropped.event_type) == (other.id, "lead.status.changed")
    assert b'"A"' in dropped.body
    assert chaos_of(world).state == "consumed"


def test_the_next_disruption_applies_if_chaos_draws_nothing(world: World) -> None:
    world.add_endpoint(URL)
    arm_chaos(world, "rain", rate=0)
    world.outbox.disruptions.arm("drop")
    world.change("A")

    assert drawn(world) == ["drop"]


def test_an_unknown_kind_in_a_mix_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput, match="unknown kind 'dropp'; did you mean 'drop'"):
        arm_chaos(world, "rain", rate=1, kinds=("delay", "dropp"))
    assert world.outbox.disruptions.all() == []


# --- a correct receiver --------------------------------------------------------------------------


class CorrectReceiver(ServedReceiver):
    """Verifies webhooks, processes each known event once, and acknowledges the others."""

    def __init__(self) -> None:
        super().__init__()
        self.processed: Counter[str] = Counter()
        self.refused_count = self.repeated_count = 0

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        names = ("svix-id", "svix-timestamp", "svix-signature")
        headers = {
            name: environ.get(f"HTTP_{name.upper().replace('-', '_')}", "") for name in names
        }
        try:
            Webhook(SECRET).verify(body, headers)
        except WebhookVerificationError:
            self.refused_count += 1
            start_response("401 Unauthorized", [])
            return [b""]
        event = orjson.loads(body)
        if event["eventType"] == "lead.status.changed":
            self._process(event["eventId"])
        start_response("204 No Content", [])
        return [b""]

    def _process(self, event_id: str) -> None:
        if event_id in self.processed:
            self.repeated_count += 1
        else:
            self.processed[event_id] += 1


@pytest.fixture
def _swift_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let slow bodies be less slow, and huge ones less huge."""
    slow, huge = KINDS["slow_body"], KINDS["huge_body"]
    slow_options = {**slow.options, "seconds": Option(0.05, 0, 25)}
    huge_options = {**huge.options, "bytes": Option(50_000, 1000, 20_000_000)}
    monkeypatch.setitem(KINDS, "slow_body", replace(slow, options=slow_options))
    monkeypatch.setitem(KINDS, "huge_body", replace(huge, options=huge_options))


@pytest.mark.usefixtures("_swift_bodies")
@pytest.mark.parametrize("seed", ["rain", "snow", "hail"])
def test_a_correct_receiver_processes_each_event_once_under_chaos(world: World, seed: str) -> None:
    with CorrectReceiver() as receiver:
        world.add_endpoint(receiver.url)
        arm_chaos(world, seed, rate=1)
        for number in range(60):
            world.change(f"S{number}")
            world.advance(1)
        world.advance(DAY)

    events = {webhook.event_id for webhook in world.outbox.events.all()}
    assert len(events) == 60
    assert receiver.processed == dict.fromkeys(events, 1)
    assert {one.state for one in world.deliveries()} == {"succeeded"}
    assert receiver.refused_count > 0
    assert receiver.repeated_count > 0
    assert {one.kind for one in chaos_of(world).matches} >= set(CHAOS_KINDS) - {"old_secret"}
