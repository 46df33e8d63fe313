"""The cost of a request in a large workspace, in process, against one with 1,000 leads.

Both have 1,000 leads in each campaign, and five statuses. The CPU time is the least of many short
runs, which stands the noise of other programs. `python -m benchmarks.growth 1000000` measures a
million leads, as the README of the benchmarks does.
"""

import gc
import io
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from flask import Flask

from benchmarks.report import Finding, Row, Settings
from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.models import ApiKey, Campaign, Lead
from mock_sendpilot.world.seed import WorkspaceSeed

_KEY = "sp_growth"
_NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
_STATUSES = ("PENDING", "MESSAGE_SENT", "REPLY_RECEIVED", "DONE", "OPPORTUNITY")
_PER_CAMPAIGN = 1_000
_COUNT = 100_000
_MAX_RATIO = 1.3
_RUNS, _RUN_COUNT = 20, 40
_STEP = 7_919  # a prime: requests in a row are about leads that lie far apart


@dataclass(frozen=True, slots=True)
class _Request:
    """A request about the lead of a number, in a workspace with so many leads."""

    name: str
    method: str
    target: Callable[[int], str]
    body: Callable[[int], bytes] = lambda _: b""


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it with 100,000 leads."""
    return _run(_COUNT, settings.rounds)


def _run(count: int, rounds: int) -> Iterator[Finding]:
    small, large = _World(_PER_CAMPAIGN), _World(count)
    gc.collect()
    gc.freeze()  # as `mock-sendpilot start` does
    for request in _requests():
        ours: list[float] = []
        baseline: list[float] = []
        for world in (small, large):
            world.cpu_us(request)  # a first time, for what is made once
        for _ in range(rounds):
            baseline.append(small.cpu_us(request))
            ours.append(large.cpu_us(request))
        yield Row(
            name=f"{request.name}, {count:,} leads",
            unit="us",
            ours=ours,
            baseline_name=f"{_PER_CAMPAIGN:,} leads",
            baseline=baseline,
            max_ratio=_MAX_RATIO,
        )
    gc.unfreeze()
    small.close()
    large.close()


def _requests() -> Iterator[_Request]:
    yield _Request(
        "PATCH",
        "PATCH",
        lambda number: f"/v1/leads/lead_{number}/status",
        lambda number: b'{"status":"%s"}' % _STATUSES[number % len(_STATUSES)].encode(),
    )
    yield _Request("GET by id", "GET", lambda number: f"/v1/leads/lead_{number}")
    filters: dict[str, Callable[[int], str]] = {
        "campaign": lambda number: f"&campaignId=camp_{number // _PER_CAMPAIGN}",
        "status": lambda number: f"&status={_STATUSES[number % len(_STATUSES)]}",
        "campaign and status": lambda number: (
            f"&campaignId=camp_{number // _PER_CAMPAIGN}"
            f"&status={_STATUSES[number % len(_STATUSES)]}"
        ),
        "nothing": lambda _: "",
    }
    for name, query in filters.items():
        for page, limit in ((1, 50), (100, 2)):  # the smallest list of all has 200 leads
            target = f"/v1/leads?page={page}&limit={limit}"
            yield _Request(
                f"page {page} by {name}",
                "GET",
                lambda number, target=target, query=query: target + query(number),  # type: ignore[misc]
            )


class _World:
    """An emulator with one workspace of so many leads, and its app."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._turn = 0
        self._emulator = Emulator()
        self._emulator.load([large_seed(count)])
        self._app = create_app(self._emulator)

    def close(self) -> None:
        """Close the emulator."""
        self._emulator.close()

    def cpu_us(self, request: _Request) -> float:
        """Return the CPU of a request in the fastest of some runs."""
        return min(self._run(request) for _ in range(_RUNS)) / _RUN_COUNT * 1e6

    def _run(self, request: _Request) -> float:
        environs = []
        for _ in range(_RUN_COUNT):
            self._turn += 1
            number = self._turn * _STEP % self._count
            # A lead that is visited again gets another status again.
            body = request.body(number + 1 + self._turn // self._count)
            environs.append(_environ(request, number, body))
        began = time.process_time()
        for environ in environs:
            _call(self._app, environ)
        return time.process_time() - began


def _call(app: Flask, environ: dict[str, Any]) -> None:
    statuses: list[str] = []
    for _ in app(environ, lambda status, *_: statuses.append(status)):  # type: ignore[arg-type]
        pass
    if statuses[0][:3] != "200":
        raise RuntimeError(f"{environ['REQUEST_URI']}: {statuses[0]}")


def _environ(request: _Request, number: int, body: bytes) -> dict[str, Any]:
    """The WSGI environment of a request as our server makes it."""
    target = request.target(number)
    path, _, query = target.partition("?")
    return {
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
        "SERVER_PORT": "7363",
        "SERVER_NAME": "waitress.invalid",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "REQUEST_URI": target,
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "127.0.0.1:7363",
        "HTTP_X_API_KEY": _KEY,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input": io.BytesIO(body),
    }


def large_seed(count: int) -> WorkspaceSeed:
    """Return a workspace with so many leads, 1,000 in each campaign."""
    campaigns = (
        Campaign(
            id=f"camp_{number}",
            name="C",
            status="started",
            sender_ids=(),
            created_at=_NOW,
            updated_at=_NOW,
        )
        for number in range(-(-count // _PER_CAMPAIGN))
    )
    leads = (
        Lead(
            id=f"lead_{number}",
            linkedin_url=f"https://www.linkedin.com/in/person-{number}",
            status=_STATUSES[number % len(_STATUSES)],
            campaign_id=f"camp_{number // _PER_CAMPAIGN}",
            created_at=_NOW,
            updated_at=_NOW,
        )
        for number in range(count)
    )
    return WorkspaceSeed(
        id=f"ws_{count}",
        name="Large",
        api_keys=(ApiKey(key=_KEY),),
        campaigns=tuple(campaigns),
        leads=tuple(leads),
    )


if __name__ == "__main__":
    for finding in _run(int(sys.argv[1]), rounds=3):
        print(finding.as_text(), flush=True)
