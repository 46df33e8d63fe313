"""The emulator beside other mock servers, each with the PATCH that is nearest to ours.

All servers of a comparison run at the same time and get their load in turn, in another order each
round. CPU and memory are those of a server's whole process tree.
"""

import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks import load
from benchmarks.arrivals import arrivals, receiver
from benchmarks.peers.servers import OURS, PEERS, Peer, Requests, Site
from benchmarks.processes import (
    cpu_seconds,
    listening,
    process_tree,
    resident_megabytes,
)
from benchmarks.report import Finding, Row, Settings, Skipped, Table
from benchmarks.wire import end_of_message

_CONNECTIONS = (1, 8, 32)
_MANY = 8
_FIRST_EACH = 64
_WARM_UP_BURSTS = 2
_START_SECONDS = 60.0
_PAUSE_SECONDS = 0.003
_WIREMOCK = "WireMock"
_MIN_SPEED = {"WireMock": 0.8, "Prism": 1.0, "pytest-httpserver": 1.2}
_MAX_P99 = 0.25
_MAX_CPU = 1.2
_MIN_WEBHOOKS = 1.5
_LOAD = {"rate": "requests/s", "p50": "ms", "p99": "ms", "CPU": "us/request"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs. `ready_ms` is from its start to its first 200."""

    peer: Peer
    pid: int
    port: int
    ready_ms: float
    requests: Requests

    def cpu_seconds(self) -> float | None:
        """Return the processor time so far; None if the system has no /proc."""
        found = [cpu_seconds(pid) for pid in process_tree(self.pid)]
        return sum(seconds or 0 for seconds in found) if any(found) else None

    def megabytes(self) -> float | None:
        """Return the memory that it occupies."""
        found = [resident_megabytes(pid) for pid in process_tree(self.pid)]
        return sum(size or 0 for size in found) if any(found) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One run of load. `cpu_us` is None where the system does not tell."""

    count: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_us: float | None

    def values(self) -> tuple[float | None, ...]:
        """Return the cells of the columns `_LOAD`."""
        return self.count / self.seconds, self.p50_ms, self.p99_ms, self.cpu_us


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of a table, and the values of each server in it, one for each round."""

    name: str
    unit: str
    values: dict[str, list[float]]

    def add(self, server: Server, value: float | None) -> None:
        """Keep the value of a round; None where the system does not tell."""
        if value is not None:
            self.values.setdefault(server.peer.name, []).append(value)

    def row(self, title: str, name: str, **limits: float) -> Iterator[Row]:
        """Compare ours with another, if both have values."""
        ours, theirs = self.values.get(OURS.name), self.values.get(name)
        if ours and theirs:
            yield Row(
                name=f"{title}, {self.name}",
                unit=self.unit,
                ours=ours,
                baseline_name=name,
                baseline=theirs,
                max_ratio=limits.get("max_ratio"),
                min_ratio=limits.get("min_ratio"),
            )


def measures(**units: str) -> list[Measure]:
    """Columns by their names, with blanks for underscores."""
    return [Measure(name.replace("_", " "), unit, {}) for name, unit in units.items()]


def run(settings: Settings) -> Iterator[Finding]:
    """Measure those that are installed."""
    peers: list[Peer] = [OURS]
    for peer in PEERS:
        reason = peer.missing()
        if reason:
            yield Skipped(peer.name, reason)
        else:
            peers.append(peer)
    if len(peers) == 1:
        return
    yield from _starts(peers, settings)
    yield from _load(peers, settings)
    yield from _webhooks([peer for peer in peers if peer.changes_each], settings)


def _starts(peers: Sequence[Peer], settings: Settings) -> Iterator[Finding]:
    """The start and what follows at once, as in a run of tests; a JVM compiles meanwhile."""
    starts = measures(first_200="ms", last_reply="ms")
    load_after = measures(**_LOAD)
    for number in range(settings.rounds + 1):
        for peer in _turn(peers, number):
            with serving(peer) as server:
                cost = _cost(server, _MANY, most=_FIRST_EACH)
                if number:  # the first start of all reads from the disk and compiles
                    _add(starts, server, (server.ready_ms, server.ready_ms + cost.seconds * 1000))
                    _add(load_after, server, cost.values())
    title = f"Just started: {_FIRST_EACH * _MANY} PATCHes, {_MANY} conn."
    yield _table(title, [*starts, *load_after], peers)
    yield from _targets(_MANY, title.partition(":")[0], load_after, peers)


def _load(peers: Sequence[Peer], settings: Settings) -> Iterator[Finding]:
    (memory, served) = measures(resident_after_the_load="MB", requests_in_all="")
    counts = dict.fromkeys((peer.name for peer in peers), 0)
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(peer)) for peer in peers]
        for server in servers:
            warm_up = _cost(server, _MANY, seconds=server.peer.warm_up_seconds)
            counts[server.peer.name] += warm_up.count
        for count in _CONNECTIONS:
            found = measures(**_LOAD)
            for number in range(settings.rounds):
                for server in _turn(servers, number):
                    cost = _cost(server, count, seconds=settings.seconds)
                    _add(found, server, cost.values())
                    counts[server.peer.name] += cost.count
            title = f"PATCH, {count} conn."
            yield _table(title, found, peers)
            yield from _targets(count, title, found, peers)
        for server in servers:
            memory.add(server, server.megabytes())
            served.add(server, counts[server.peer.name])
    yield _table("Memory", [memory, served], peers)


def _targets(
    count: int, title: str, found: Sequence[Measure], peers: Sequence[Peer]
) -> Iterator[Row]:
    rate, _, p99, cpu = found
    for peer in peers[1:]:
        limits = {"min_ratio": _MIN_SPEED[peer.name]} if peer.name in _MIN_SPEED else {}
        yield from rate.row(title, peer.name, **(limits if count > 1 else {}))
    if count == _MANY:
        yield from p99.row(title, _WIREMOCK, max_ratio=_MAX_P99)
        yield from cpu.row(title, _WIREMOCK, max_ratio=_MAX_CPU)


def _webhooks(peers: Sequence[Peer], settings: Settings) -> Iterator[Finding]:
    found = measures(
        changes="changes/s", webhooks_until_drained="webhooks/s", behind="%", CPU="us/change"
    )
    with receiver() as target, ExitStack() as stack:
        url = f"{target.facts['origin']}/"
        servers = [stack.enter_context(serving(peer, webhook_url=url)) for peer in peers]
        arrivals(target.port, sum(peer.probe_events() for peer in peers))
        for number in range(-_WARM_UP_BURSTS, settings.rounds):
            for server in _turn(servers, number):
                values = _burst(server, target.port)
                if number >= 0:
                    _add(found, server, values)
    yield _table(f"PATCH with a webhook, {_MANY} conn.", found, peers)
    yield from found[1].row("PATCH with a webhook", _WIREMOCK, min_ratio=_MIN_WEBHOOKS)


def _burst(server: Server, receiver_port: int) -> tuple[float, float, float, float | None]:
    """Changes a second, webhooks a second until all came, the part behind, CPU of a change."""
    each = server.peer.changes_each
    count = each * _MANY
    before = server.cpu_seconds()
    replies = load.so_many(server.port, server.requests(_MANY), each)
    came = arrivals(receiver_port, count)
    after = server.cpu_seconds()
    behind = sum(at > replies.ended for at in came) / count * 100
    spent = None if before is None or after is None else (after - before) / count * 1e6
    return replies.per_second, count / (max(came) - replies.began), behind, spent


def _cost(
    server: Server, count: int, *, seconds: float | None = None, most: int | None = None
) -> Cost:
    """Load over so many connections: for some seconds, or so many requests of each."""
    before = server.cpu_seconds()
    if most is None:
        replies = load.for_seconds(server.port, server.requests(count), seconds or 1)
    else:
        replies = load.so_many(server.port, server.requests(count), most)
    after = server.cpu_seconds()
    spent = None if before is None or after is None else (after - before) / replies.count * 1e6
    return Cost(
        count=replies.count,
        seconds=replies.ended - replies.began,
        p50_ms=replies.latency_ms(50),
        p99_ms=replies.latency_ms(99),
        cpu_us=spent,
    )


@contextmanager
def serving(peer: Peer, *, webhook_url: str | None = None) -> Iterator[Server]:
    """A server of its own, ready for its requests, and ended with the context."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(port, Path(folder), webhook_url)
        with (
            (site.directory / "output.txt").open("w+", encoding="utf-8") as output,
            listening(
                peer.command(site), cwd=site.directory, output=output, settings=peer.settings()
            ) as process,
        ):
            began = time.perf_counter()
            probe = peer.probe().encode()
            while not _succeeds(port, probe):
                late = time.perf_counter() - began > _START_SECONDS
                if late or process.poll() is not None:
                    output.seek(0)
                    raise RuntimeError(f"{peer.name} did not start: {output.read()[-2000:]}")
                time.sleep(_PAUSE_SECONDS)
            ready_ms = (time.perf_counter() - began) * 1000
            yield Server(peer, process.pid, port, ready_ms, peer.requests(site))


def _succeeds(port: int, request: bytes) -> bool:
    """Return whether a request is answered with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_START_SECONDS) as connected:
            connected.sendall(request)
            reply = b""
            # All of it: WireMock sends no webhook for a caller that leaves before.
            while not end_of_message(reply) and (chunk := connected.recv(65536)):
                reply += chunk
            return reply[9:12] == b"200"
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _add(found: Sequence[Measure], server: Server, values: Sequence[float | None]) -> None:
    for measure, value in zip(found, values, strict=True):
        measure.add(server, value)


def _turn(things: Sequence[T], number: int) -> list[T]:
    """Return the order of a round: another begins each time."""
    first = number % len(things)
    return [*things[first:], *things[:first]]


def _table(title: str, found: Sequence[Measure], peers: Sequence[Peer]) -> Table:
    return Table(
        title=title,
        columns=[f"{one.name}, {one.unit}".removesuffix(", ") for one in found],
        lines={peer.name: [one.values.get(peer.name, []) for one in found] for peer in peers},
    )
