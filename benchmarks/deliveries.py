"""Deliveries to one fast receiver: how soon, how many a second, and how far the queue lags.

How soon: PATCHes with a rest between them, each time from its reply to the arrival of its event. An
event may arrive before the reply, so the time may be negative. How many: PATCHes over eight
connections without a rest, then the wait for the last event. The baseline is the receiver's own
pace: the load generator sends it requests of the same size over one connection. What deliveries
take from the PATCHes meanwhile shows against an emulator without an endpoint.

How many in the long run: PATCHes over eight connections for some seconds, and those deliveries that
arrive until the last reply; with one endpoint, and with four, whose deliveries go side by side.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import load
from benchmarks.arrivals import arrivals, receiver
from benchmarks.processes import Started
from benchmarks.report import Finding, Row, Settings
from benchmarks.world import emulator, message, patches

_PACED_COUNT = 300
_PACED_PAUSE_SECONDS = 0.003
_BURST_CONNECTIONS = 8
_BURST_EACH = 250  # even, so that the next burst begins with a change again
_BURST_COUNT = _BURST_CONNECTIONS * _BURST_EACH
_WARM_UP_EACH = 10
_SUSTAINED_TIMES_AS_LONG = 4
_SUSTAINED_ROUNDS = 3
_SUSTAINED_ENDPOINTS = (1, 4)
_BODY = json.dumps({"body": "x" * 300})
_HEADERS = "Content-Type: application/json\r\nWebhook-Signature: " + "x" * 300
_POST_NAME = "raw POSTs to the same receiver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round, both sides."""

    soon_p50_ms: float
    soon_p99_ms: float
    post_p50_ms: float
    post_p99_ms: float
    events_per_second: float
    posts_per_second: float
    patches_per_second: float
    patches_per_second_without: float
    last_event_seconds: float
    last_reply_seconds: float
    backlog: int


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    with (
        receiver() as target,
        emulator("--webhook", f"{target.facts['origin']}/") as ours,
        emulator() as without,
    ):
        _burst(ours, target)  # the first attempt imports what later ones need
        rounds = [_round(ours, without, target, settings) for _ in range(settings.rounds)]
    yield from _timing_rows(rounds)
    yield from _queue_rows(rounds)
    for count in _SUSTAINED_ENDPOINTS:
        yield _sustained_row(count, settings)


def _timing_rows(rounds: list[Round]) -> Iterator[Finding]:
    yield _row(rounds, "reply to arrival, p50", "ms", "soon_p50_ms", "post_p50_ms")
    yield _row(rounds, "reply to arrival, p99", "ms", "soon_p99_ms", "post_p99_ms")
    yield _row(
        rounds,
        f"deliveries per second of {_BURST_COUNT}",
        "deliveries/s",
        "events_per_second",
        "posts_per_second",
        note="more is better",
    )


def _queue_rows(rounds: list[Round]) -> Iterator[Finding]:
    yield _row(
        rounds,
        "PATCHes per second with an endpoint",
        "requests/s",
        "patches_per_second",
        "patches_per_second_without",
        baseline_name="without an endpoint",
        note="more is better",
    )
    yield _row(
        rounds,
        "last event to last reply",
        "s",
        "last_event_seconds",
        "last_reply_seconds",
        baseline_name="the PATCHes alone; 1 is a queue that keeps up",
    )
    yield Row(
        name="queue at the last reply",
        unit="events",
        ours=[float(one.backlog) for one in rounds],
        baseline_name="all PATCHes of the burst",
        baseline=[float(_BURST_COUNT)] * len(rounds),
    )


def _round(ours: Started, without: Started, target: Started, settings: Settings) -> Round:
    soon = _soon(ours, target)
    patched, arrived = _burst(ours, target)
    alone = load.so_many(without.port, _streams(), _BURST_EACH)
    posts = load.for_seconds(target.port, [_posts()], settings.seconds)
    arrivals(target.port, posts.count)
    return Round(
        soon_p50_ms=load.percentile(soon, 50) * 1000,
        soon_p99_ms=load.percentile(soon, 99) * 1000,
        post_p50_ms=posts.latency_ms(50),
        post_p99_ms=posts.latency_ms(99),
        events_per_second=_BURST_COUNT / (arrived[-1] - patched.began),
        posts_per_second=posts.per_second,
        patches_per_second=patched.per_second,
        patches_per_second_without=alone.per_second,
        last_event_seconds=arrived[-1] - patched.began,
        last_reply_seconds=patched.ended - patched.began,
        backlog=sum(at > patched.ended for at in arrived),
    )


def _soon(ours: Started, target: Started) -> list[float]:
    """From each reply to its event; one endpoint gets its events in order, so they pair up."""
    replies = load.so_many(ours.port, [patches(0)], _PACED_COUNT, pause=_PACED_PAUSE_SECONDS)
    arrived = arrivals(target.port, _PACED_COUNT)
    return [came - replied for came, replied in zip(arrived, replies.times, strict=True)]


def _burst(ours: Started, target: Started) -> tuple[load.Replies, list[float]]:
    replies = load.so_many(ours.port, _streams(), _BURST_EACH)
    return replies, arrivals(target.port, _BURST_COUNT)


def _sustained_row(count: int, settings: Settings) -> Finding:
    rounds = min(settings.rounds, _SUSTAINED_ROUNDS)
    pairs = [_sustained(count, settings) for _ in range(rounds)]
    return Row(
        name=f"sustained deliveries, {count} endpoint{'s' if count > 1 else ''}",
        unit="deliveries/s",
        ours=[delivered for delivered, _ in pairs],
        baseline_name=f"{_POST_NAME}, {count} conn.",
        baseline=[posted for _, posted in pairs],
        note="while PATCHes keep coming; more is better",
    )


def _sustained(count: int, settings: Settings) -> tuple[float, float]:
    """Deliveries per second, ours and POSTs; an emulator of its own, so that no queue is left."""
    with receiver() as target:
        posts = load.for_seconds(target.port, [_posts()] * count, settings.seconds)
        arrivals(target.port, posts.count)
        urls = [f"--webhook={target.facts['origin']}/{number}" for number in range(count)]
        with emulator(*urls) as ours:
            load.so_many(ours.port, _streams(), _WARM_UP_EACH)
            arrivals(target.port, _WARM_UP_EACH * _BURST_CONNECTIONS * count)
            patched = load.for_seconds(
                ours.port, _streams(), settings.seconds * _SUSTAINED_TIMES_AS_LONG
            )
            in_time = sum(at <= patched.ended for at in arrivals(target.port, 0))
    return in_time / (patched.ended - patched.began), posts.per_second


def _posts() -> list[str]:
    return [message("POST", "/", _BODY, _HEADERS)]


def _streams() -> list[list[str]]:
    return [patches(number) for number in range(_BURST_CONNECTIONS)]


def _row(
    rounds: list[Round],
    name: str,
    unit: str,
    ours: str,
    baseline: str,
    *,
    baseline_name: str = _POST_NAME,
    note: str = "",
) -> Row:
    return Row(
        name=name,
        unit=unit,
        ours=[getattr(one, ours) for one in rounds],
        baseline_name=baseline_name,
        baseline=[getattr(one, baseline) for one in rounds],
        note=note,
    )
