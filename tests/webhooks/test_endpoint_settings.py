"""Settings of one endpoint: its schedule, timeout, signatures, concurrency and signature clock."""

import threading
from datetime import datetime, timezone
from itertools import pairwise

import pytest
import time_machine

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import EXHAUSTED, PENDING
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.support import SECRET, eventually
from tests.webhooks.conftest import START, World, seed_of_one_lead
from tests.webhooks.disruption_checks import (
    DAY,
    documented_accepts,
    documented_seconds,
    only_delivery,
    standard_accepts,
    svix_accepts,
)

DELAYS_PROBLEM = (
    "retryDelaysSeconds: expected at most 100 numbers of seconds from 0 to 2592000 (30 days)"
)
PROCESS_TIME = datetime(2001, 2, 3, tzinfo=timezone.utc)
SIGNATURES_PROBLEM = (
    "signatures: expected one or two different schemes out of documented, svix, standardwebhooks"
)


@pytest.fixture
def live_world(slow_emulator: Emulator) -> World:
    """A world on the system's clock."""
    workspace = slow_emulator.add_workspace(seed_of_one_lead())
    return World(workspace, slow_emulator.outbox(workspace))


def waits(world: World) -> list[float]:
    """Return the seconds between the attempts of the only delivery."""
    times = [attempt.started_at for attempt in only_delivery(world).attempts]
    return [(after - before).total_seconds() for before, after in pairwise(times)]


# --- schedule ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "delays",
    [
        pytest.param((1.0, 2.5), id="two retries"),
        pytest.param((), id="one attempt only"),
        pytest.param((0.0,), id="a retry at once"),
        pytest.param((7.0,) * 9, id="more than the contract's"),
    ],
)
def test_an_endpoint_can_have_its_own_schedule(
    world: World, receiver: WebhookReceiver, delays: tuple[float, ...]
) -> None:
    world.add_endpoint(receiver.url, settings=EndpointSettings(retry_delays_seconds=delays))
    receiver.respond(500, times=99)
    world.change("DONE")
    world.advance(DAY)

    assert waits(world) == list(delays)
    assert only_delivery(world).state == EXHAUSTED
    assert len(receiver.received) == len(delays) + 1


def test_the_schedule_of_one_endpoint_does_not_affect_another(
    world: World, receiver: WebhookReceiver
) -> None:
    own = world.add_endpoint(receiver.url, settings=EndpointSettings(retry_delays_seconds=(1,)))
    other = world.add_endpoint(receiver.url)
    receiver.respond(500, times=99)
    world.change("DONE")
    world.advance(DAY)

    lengths = {one.endpoint_id: len(one.attempts) for one in world.deliveries()}
    assert lengths == {own.id: 2, other.id: 6}


def test_a_changed_schedule_applies_from_the_next_attempt(
    world: World, receiver: WebhookReceiver
) -> None:
    endpoint = world.add_endpoint(receiver.url)
    receiver.respond(500, times=99)
    world.change("DONE")
    world.advance()
    world.outbox.update_endpoint(endpoint.id, {"retry_delays_seconds": (1, 2)})
    world.advance(DAY)

    assert waits(world) == [5, 2]


def test_none_restores_the_schedule_of_the_contract(
    world: World, receiver: WebhookReceiver
) -> None:
    settings = EndpointSettings(retry_delays_seconds=())
    endpoint = world.add_endpoint(receiver.url, settings=settings)
    world.outbox.update_endpoint(endpoint.id, {"retry_delays_seconds": None})
    receiver.respond(500, times=99)
    world.change("DONE")
    world.advance(DAY)

    assert waits(world) == [5, 30, 120, 900, 3600]


# --- timeout -------------------------------------------------------------------------------------


def test_an_attempt_ends_at_the_timeout_of_its_endpoint(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url, settings=EndpointSettings(timeout_seconds=0.2))
    with receiver.hold_responses():
        world.change("DONE")
        world.advance()
        (attempt,) = only_delivery(world).attempts

    assert (attempt.response, attempt.error) == (None, "no response within 0.2 s")
    assert 0.2 <= attempt.duration_seconds < 5
    assert only_delivery(world).state == PENDING


def test_the_timeout_of_an_endpoint_can_be_longer_than_the_servers(
    receiver: WebhookReceiver,
) -> None:
    emulator = Emulator(random_seed="tests", timeout_seconds=0.1)
    workspace = emulator.add_workspace(seed_of_one_lead(), clock=ManualClock(START))
    world = World(workspace, emulator.outbox(workspace))
    world.add_endpoint(receiver.url, settings=EndpointSettings(timeout_seconds=10))
    with receiver.hold_responses():
        world.change("DONE")
        thread = threading.Thread(target=world.advance)
        thread.start()
        receiver.wait_for(count=1)
        assert not threading.Event().wait(0.3)
    thread.join(10)
    emulator.close()

    (attempt,) = only_delivery(world).attempts
    assert attempt.is_success
    assert attempt.duration_seconds >= 0.3


# --- signatures ----------------------------------------------------------------------------------

DOCUMENTED = {"webhook-signature"}
SVIX = {"svix-id", "svix-timestamp", "svix-signature"}
STANDARD = {"webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.mark.parametrize("world", ["documented", "example", "live"], indirect=True)
@pytest.mark.parametrize(
    ("schemes", "headers"),
    [
        pytest.param(("documented",), DOCUMENTED, id="documented"),
        pytest.param(("svix",), SVIX, id="svix"),
        pytest.param(("standardwebhooks",), STANDARD, id="standardwebhooks"),
        pytest.param(("documented", "svix"), DOCUMENTED | SVIX, id="documented and svix"),
        pytest.param(("svix", "standardwebhooks"), SVIX | STANDARD, id="svix and standardwebhooks"),
    ],
)
def test_an_endpoint_can_have_its_own_signature_schemes(
    world: World, receiver: WebhookReceiver, schemes: tuple[str, ...], headers: set[str]
) -> None:
    world.add_endpoint(receiver.url, settings=EndpointSettings(signatures=schemes))
    world.change("DONE")
    world.advance()

    (webhook,) = receiver.received
    assert {name for name in webhook.headers if name.startswith(("svix-", "webhook-"))} == headers
    judges = {
        "documented": documented_accepts,
        "svix": svix_accepts,
        "standardwebhooks": standard_accepts,
    }
    assert all(judges[scheme](webhook, SECRET) for scheme in schemes)


# --- concurrency ---------------------------------------------------------------------------------


def nothing_beyond(receiver: WebhookReceiver, number: int) -> bool:
    """Return whether no more than `number` requests arrive within a short time."""
    with pytest.raises(AssertionError, match="webhooks of any type within"):
        receiver.wait_for(count=number + 1, timeout=0.2)
    return len(receiver.received) == number


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_requests_run_at_one_time_than_the_concurrency(
    live_world: World, receiver: WebhookReceiver, concurrency: int
) -> None:
    live_world.add_endpoint(receiver.url, settings=EndpointSettings(concurrency=concurrency))
    with receiver.hold_responses():
        for number in range(5):
            live_world.change(f"S{number}")
        receiver.wait_for(count=concurrency)
        assert nothing_beyond(receiver, concurrency)
    receiver.wait_for(count=5)
    assert len(receiver.received) == 5


def test_each_delivery_arrives_once_with_a_high_concurrency(
    live_world: World, receiver: WebhookReceiver
) -> None:
    live_world.add_endpoint(receiver.url, settings=EndpointSettings(concurrency=8))
    expected = {f"S{number}" for number in range(100)}
    for status in sorted(expected):
        live_world.change(status)
    receiver.wait_for(count=100, timeout=20)
    eventually(lambda: len(live_world.deliveries(state="succeeded")) == 100)

    assert {webhook.json["data"]["newStatus"] for webhook in receiver.received} == expected
    assert len(receiver.received) == 100


def test_a_raised_concurrency_applies_to_later_deliveries(
    live_world: World, receiver: WebhookReceiver
) -> None:
    endpoint = live_world.add_endpoint(receiver.url)
    live_world.outbox.update_endpoint(endpoint.id, {"concurrency": 3})
    with receiver.hold_responses():
        for number in range(5):
            live_world.change(f"S{number}")
        receiver.wait_for(count=3)
        assert nothing_beyond(receiver, 3)


def test_the_concurrency_of_one_endpoint_does_not_affect_another(
    live_world: World, receiver: WebhookReceiver
) -> None:
    settings = EndpointSettings(concurrency=3)
    live_world.add_endpoint(f"{receiver.url}/wide", settings=settings)
    live_world.add_endpoint(f"{receiver.url}/narrow")
    with receiver.hold_responses():
        for number in range(5):
            live_world.change(f"S{number}")
        receiver.wait_for(count=4)
        assert nothing_beyond(receiver, 4)
        paths = sorted(webhook.path for webhook in receiver.received)

    assert paths == ["/webhooks/narrow", *["/webhooks/wide"] * 3]


# --- signature clock -----------------------------------------------------------------------------


def test_a_signature_has_the_real_time_by_default(
    world: World, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = "mock_sendpilot.scheduling.clock.SystemClock._wall_seconds"
    monkeypatch.setattr(clock, staticmethod(lambda: 1767225600.5))
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance(3)

    (webhook,), (attempt,) = receiver.received, only_delivery(world).attempts
    assert documented_seconds(webhook) == int(webhook.headers["svix-timestamp"]) == 1767225600
    assert attempt.signed_at.timestamp() == attempt.sent_at.timestamp() == 1767225600.5
    assert attempt.started_at == START


def test_a_virtual_signature_has_the_time_of_the_workspace(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url, settings=EndpointSettings(signature_clock="virtual"))
    receiver.respond(500)
    world.change("DONE")
    world.advance(5)

    seconds = [START.timestamp(), START.timestamp() + 5]
    assert list(map(documented_seconds, receiver.received)) == seconds
    assert [int(webhook.headers["svix-timestamp"]) for webhook in receiver.received] == seconds
    assert all(documented_accepts(webhook, SECRET) for webhook in receiver.received)


def test_a_signature_can_have_the_time_of_the_process(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url, settings=EndpointSettings(signature_clock="process"))
    with time_machine.travel(PROCESS_TIME, tick=False):
        world.change("DONE")
        world.advance()
    before = datetime.now(timezone.utc)
    world.change("PENDING")
    world.advance()

    shifted, real = receiver.received
    assert int(shifted.headers["svix-timestamp"]) == PROCESS_TIME.timestamp()
    assert int(real.headers["svix-timestamp"]) >= int(before.timestamp())


def test_the_log_has_virtual_and_real_time(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url, settings=EndpointSettings(signature_clock="virtual"))
    world.change("DONE")
    world.advance()

    (attempt,) = only_delivery(world).attempts
    assert attempt.signed_at == attempt.started_at == START
    assert attempt.sent_at != START


# --- refusals ------------------------------------------------------------------------------------

REFUSALS = [
    pytest.param({"retry_delays_seconds": (1,) * 101}, DELAYS_PROBLEM, id="too many delays"),
    pytest.param({"retry_delays_seconds": (-0.5,)}, DELAYS_PROBLEM, id="negative delay"),
    pytest.param({"retry_delays_seconds": (1, 2592000.5)}, DELAYS_PROBLEM, id="long delay"),
    pytest.param({"retry_delays_seconds": (float("nan"),)}, DELAYS_PROBLEM, id="delay no number"),
    pytest.param(
        {"timeout_seconds": 0.09},
        "timeoutSeconds: expected 0.1 to 3600, got 0.09",
        id="short timeout",
    ),
    pytest.param(
        {"timeout_seconds": 3600.5},
        "timeoutSeconds: expected 0.1 to 3600, got 3600.5",
        id="long timeout",
    ),
    pytest.param(
        {"timeout_seconds": float("nan")},
        "timeoutSeconds: expected 0.1 to 3600, got nan",
        id="timeout no number",
    ),
    pytest.param({"signatures": ()}, SIGNATURES_PROBLEM, id="no scheme"),
    pytest.param({"signatures": ("svix", "svix")}, SIGNATURES_PROBLEM, id="a scheme twice"),
    pytest.param({"signatures": ("svix", "jws")}, SIGNATURES_PROBLEM, id="unknown scheme"),
    pytest.param(
        {"signatures": ("documented", "standardwebhooks")},
        "signatures cannot be documented and standardwebhooks: both need Webhook-Signature",
        id="one header for two schemes",
    ),
    pytest.param(
        {"signatures": ("standardwebhooks", "svix", "documented")},
        "signatures cannot be documented and standardwebhooks: both need Webhook-Signature",
        id="all schemes",
    ),
    pytest.param(
        {"concurrency": 0}, "concurrency: expected a whole number from 1 to 64, got 0", id="none"
    ),
    pytest.param(
        {"concurrency": 65}, "concurrency: expected a whole number from 1 to 64, got 65", id="65"
    ),
    pytest.param(
        {"signature_clock": "lunar"},
        "signatureClock: expected one of wall, virtual, process, got 'lunar'",
        id="unknown clock",
    ),
]


@pytest.mark.parametrize(("settings", "problem"), REFUSALS)
def test_an_endpoint_with_an_invalid_setting_is_refused(
    world: World, settings: dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        world.add_endpoint("https://a.example/", settings=EndpointSettings(**settings))  # type: ignore[arg-type]

    assert refusal.value.problems == (problem,)
    assert world.outbox.endpoints.all() == []


@pytest.mark.parametrize(("settings", "problem"), REFUSALS)
def test_a_change_to_an_invalid_setting_changes_nothing(
    world: World, settings: dict[str, object], problem: str
) -> None:
    endpoint = world.add_endpoint("https://a.example/")
    with pytest.raises(InvalidInput) as refusal:
        world.outbox.update_endpoint(endpoint.id, {"url": "https://b.example/", **settings})

    assert refusal.value.problems == (problem,)
    assert world.outbox.endpoints.all() == [endpoint]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"retry_delays_seconds": (0, 2592000) * 50}, id="delays"),
        pytest.param({"timeout_seconds": 0.1}, id="shortest timeout"),
        pytest.param({"timeout_seconds": 3600}, id="longest timeout"),
        pytest.param({"concurrency": 64}, id="widest"),
    ],
)
def test_settings_at_their_limits_are_accepted(world: World, settings: dict[str, object]) -> None:
    wanted = EndpointSettings(**settings)  # type: ignore[arg-type]

    assert world.add_endpoint("https://a.example/", settings=wanted).settings == wanted


def test_all_invalid_settings_are_reported_together(world: World) -> None:
    settings = EndpointSettings(timeout_seconds=0, concurrency=0, signature_clock="lunar")
    with pytest.raises(InvalidInput) as refusal:
        world.add_endpoint("https://a.example/", secret="x", settings=settings)

    firsts = [problem.partition(":")[0] for problem in refusal.value.problems]
    assert firsts == ["secret", "timeoutSeconds", "concurrency", "signatureClock"]


def test_a_change_of_one_setting_leaves_the_others(world: World) -> None:
    settings = EndpointSettings(timeout_seconds=1, concurrency=2)
    endpoint = world.add_endpoint("https://a.example/", settings=settings)
    after = world.outbox.update_endpoint(endpoint.id, {"concurrency": 3})

    assert after.settings == EndpointSettings(timeout_seconds=1, concurrency=3)
