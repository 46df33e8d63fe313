"""Requests in process: their CPU is the least of many short runs, which stands other programs."""

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from flask import Flask

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.models import ApiKey, Campaign, Lead
from mock_sendpilot.world.seed import WorkspaceSeed

LEADS_PER_CAMPAIGN = 1_000
STATUSES = ("PENDING", "MESSAGE_SENT", "REPLY_RECEIVED", "DONE", "OPPORTUNITY")
_KEY = "sp_growth"
_NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
_RUNS, _RUN_COUNT = 20, 40
_STEP = 7_919  # a prime: requests in a row are about leads that lie far apart


@dataclass(frozen=True, slots=True)
class Request:
    """A request about the lead of a number, in a workspace with so many leads."""

    name: str
    method: str
    target: Callable[[int], str]
    body: Callable[[int], bytes] = lambda _: b""


PATCH = Request(
    "PATCH",
    "PATCH",
    lambda number: f"/v1/leads/lead_{number}/status",
    lambda number: b'{"status":"%s"}' % STATUSES[number % len(STATUSES)].encode(),
)


class World:
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

    def cpu_us(self, request: Request) -> float:
        """Return the CPU of a request in the fastest of some runs."""
        return cpu_us(self._app, lambda: self._environ(request))

    def _environ(self, request: Request) -> dict[str, Any]:
        self._turn += 1
        number = self._turn * _STEP % self._count
        # A lead that is visited again gets another status again.
        body = request.body(number + 1 + self._turn // self._count)
        return environ(request.method, request.target(number), body, key=_KEY)


def cpu_us(app: Flask, next_environ: Callable[[], dict[str, Any]]) -> float:
    """Return the CPU of a request in the fastest of some runs."""
    return min(_run(app, next_environ) for _ in range(_RUNS)) / _RUN_COUNT * 1e6


def _run(app: Flask, next_environ: Callable[[], dict[str, Any]]) -> float:
    environs = [next_environ() for _ in range(_RUN_COUNT)]
    began = time.process_time()
    for one in environs:
        _call(app, one)
    return time.process_time() - began


def _call(app: Flask, environ: dict[str, Any]) -> None:
    statuses: list[str] = []
    for _ in app(environ, lambda status, *_: statuses.append(status)):  # type: ignore[arg-type]
        pass
    if statuses[0][:3] != "200":
        raise RuntimeError(f"{environ['REQUEST_URI']}: {statuses[0]}")


def environ(method: str, target: str, body: bytes = b"", *, key: str = "") -> dict[str, Any]:
    """Return the WSGI environment of a request as our server makes it."""
    path, _, query = target.partition("?")
    return {
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": method,
        "SERVER_PORT": "7363",
        "SERVER_NAME": "waitress.invalid",
        "SERVER_SOFTWARE": "waitress",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "REQUEST_URI": target,
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "127.0.0.1:7363",
        "HTTP_X_API_KEY": key,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
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
        for number in range(-(-count // LEADS_PER_CAMPAIGN))
    )
    leads = (
        Lead(
            id=f"lead_{number}",
            linkedin_url=f"https://www.linkedin.com/in/person-{number}",
            status=STATUSES[number % len(STATUSES)],
            campaign_id=f"camp_{number // LEADS_PER_CAMPAIGN}",
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
