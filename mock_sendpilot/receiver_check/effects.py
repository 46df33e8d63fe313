"""Effects of events on a receiver, counted by a probe."""

import math
import threading
from collections.abc import Callable

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.receiver_check.client import TestClient
from mock_sendpilot.receiver_check.findings import expect_accepted
from mock_sendpilot.receiver_check.target import ProbeFailed
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, PASSED, Finding

_POLL_SECONDS = 0.02
_MIN_PAUSE_SECONDS = 0.05
_PAUSE_LATENCIES = 3  # a second effect can take longer than the first
_ROUNDING = 1e-6  # of counts with a fraction
_TYPES_WITH_EFFECTS = (words.LEAD_UPDATED, words.REPLY_RECEIVED, words.MESSAGE_SENT)
_COUNT_EFFECTS = (
    "Have the probe return the number of effects (rows, messages sent), or a list of them, and "
    "nothing else. Use --lead-id if your app only handles leads it knows, and --max-latency if it "
    "takes longer."
)
_NO_PROBE = Finding(INCONCLUSIVE, "accepted; a probe would show its effects")
_NO_EFFECT = Finding(INCONCLUSIVE, "the probe shows no effect of events", _COUNT_EFFECTS)
_UNSTEADY = Finding(
    INCONCLUSIVE, "the probe does not grow by the same number with each event", _COUNT_EFFECTS
)


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of one event.

    Attributes:
        event_type: today's name of a type of event that has it.
        size: the number it adds to the count of the probe.
        latency_seconds: the time until the probe counts it.
    """

    event_type: str
    size: float
    latency_seconds: float


def discover_effect(
    client: TestClient, event_type: str, *, initial_count: float
) -> Effect | Finding:
    """Return the effect of one event, or a finding that says why it is unknown.

    The client has sent one event of that type, and `initial_count` is the count before it.

    Raises:
        ProbeFailed: the probe returns no count any more.
    """
    if client.target.probe is None:
        return _NO_PROBE
    first = _first_effect(client, event_type, initial_count)
    if first is None:
        return _NO_EFFECT
    event_type, initial_count, latency = first

    def send() -> Finding:
        return expect_accepted(client.send(client.request(event_type)))

    # The next event follows at once: a worker that polls takes a full round for it.
    count = client.effect_count()
    next_latency = _wait_for_growth(client, count) if send().outcome == PASSED else None
    if next_latency is None:
        return _UNSTEADY
    latency = max(latency, next_latency)
    _pause(client, latency)
    size = (client.effect_count() - initial_count) / 2  # of the event before, and of the one here
    effect = Effect(event_type, size, latency)
    growth = _growth(client, effect, send)
    if isinstance(growth, Finding) or growth == 0 or not math.isclose(growth, size):
        return _UNSTEADY
    return effect


def expect_one_effect(
    client: TestClient, effect: Effect | Finding, send: Callable[[], Finding]
) -> Finding:
    """Send requests that should have the effect of one event, and count their effects.

    Args:
        client: the client that sends them.
        effect: the effect of one event; if it is unknown, only acceptance can fail.
        send: sends them, and returns whether they were accepted.
    """
    if isinstance(effect, Finding):
        finding = send()
        return effect if finding.outcome == PASSED else finding
    try:
        growth = _growth(client, effect, send)
    except ProbeFailed as error:
        return probe_failure(error)
    if isinstance(growth, Finding):
        return growth
    times = growth / effect.size
    if math.isclose(times, 1):
        return Finding(PASSED, "the probe shows one effect")
    if times > 1:
        return Finding(FAILED, f"the probe shows {times:g} effects of one event")
    return _NO_EFFECT if growth == 0 else _UNSTEADY


def probe_failure(error: ProbeFailed) -> Finding:
    """Return the finding about a probe that fails in the course of the check."""
    fix = "Keep the probe available: without it the effects could not be counted."
    return Finding(FAILED, f"{error}, unlike before", fix)


def _first_effect(
    client: TestClient, event_type: str, initial_count: float
) -> tuple[str, float, float] | None:
    """Return a type of event with an effect, the count before it, and the time until it shows."""
    for candidate in dict.fromkeys((event_type, *_TYPES_WITH_EFFECTS)):
        if candidate != event_type:  # of which one has been sent already
            initial_count = client.effect_count()
            if not client.send(client.request(candidate)).is_accepted:
                continue
        latency = _wait_for_growth(client, initial_count)
        if latency is not None:
            return candidate, initial_count, latency
    return None


def _growth(client: TestClient, effect: Effect, send: Callable[[], Finding]) -> float | Finding:
    """Send requests once the count is steady, and return by how much it grows.

    Returns a finding if the count is never steady, or if `send` returns one that is no pass.
    """
    count = _steady_count(client, effect.latency_seconds)
    if count is None:
        return _UNSTEADY
    began = SystemClock.running_seconds()
    finding = send()
    if finding.outcome != PASSED:
        return finding
    _wait_for_growth(client, count, size=effect.size)
    _pause(client, max(effect.latency_seconds, SystemClock.running_seconds() - began))
    return client.effect_count() - count


def _steady_count(client: TestClient, latency_seconds: float) -> float | None:
    """Wait for the effects of all events so far, and return the count, or None if it never stops.

    A worker that handles one event after the other needs as many latencies as there are events.
    """
    timeout = client.target.max_latency_seconds + 2 * latency_seconds * client.accepted_count
    deadline = SystemClock.running_seconds() + timeout
    while SystemClock.running_seconds() < deadline:
        count = client.effect_count()
        _pause(client, latency_seconds)
        if client.effect_count() == count:
            return count
    return None


def _wait_for_growth(client: TestClient, count: float, *, size: float = 0) -> float | None:
    """Wait until the probe has grown by `size` from a count, or at all.

    Returns the seconds it took, or None if it takes longer than the longest latency.
    """
    began = SystemClock.running_seconds()
    while True:
        growth = client.effect_count() - count
        seconds = SystemClock.running_seconds() - began
        # Compared without signs: a probe may count down, such as what is left to do.
        if growth != 0 and abs(growth) >= abs(size) * (1 - _ROUNDING):
            return seconds
        if seconds >= client.target.max_latency_seconds:
            return None
        threading.Event().wait(_POLL_SECONDS)


def _pause(client: TestClient, latency_seconds: float) -> None:
    """Wait for effects with that latency, in real time even if a test has stopped the clock."""
    longest = max(_MIN_PAUSE_SECONDS, _PAUSE_LATENCIES * latency_seconds)
    threading.Event().wait(min(longest, client.target.max_latency_seconds))
