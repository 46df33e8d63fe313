"""Cold start: from the start of `mock-sendpilot start` to the first response.

The response is the 200 of /readyz, that of a PATCH, and that of a call to the control API, which is
the first that needs Flask. The baseline is a process that imports flask, marshmallow and click and
then says so: what any server built on them has to pay. They take turns.
"""

import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.processes import first_line, running
from benchmarks.report import Finding, Row, Settings

_IMPORTS = "import flask, marshmallow, click; print('ready', flush=True)"
_START = ("start", "--port", "0", "--json", "--log-level", "warning")
_HEADERS = {"X-API-Key": "YOUR_API_KEY", "Content-Type": "application/json"}
_TURNS_PER_ROUND = 2
_MAX_RATIO = 1.25


class _First(NamedTuple):
    """The first request to a server."""

    name: str
    method: str
    path: str
    body: bytes | None = None
    max_ratio: float | None = None


_REQUESTS = (
    _First("start to the first 200 of /readyz", "GET", "/readyz", max_ratio=_MAX_RATIO),
    _First(
        "start to the first 200 of a PATCH",
        "PATCH",
        "/v1/leads/lead_abc123/status",
        b'{"status":"DONE"}',
        _MAX_RATIO,
    ),
    _First("start to the first 200 of the control API", "GET", "/_emulate/events"),
)


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    _imports_ms()
    baseline = []
    ours: dict[str, list[float]] = {first.name: [] for first in _REQUESTS}
    for first in _REQUESTS:  # the first start of all reads from the disk and compiles
        _emulator_ms(first)
    for _ in range(settings.rounds * _TURNS_PER_ROUND):
        baseline.append(_imports_ms())
        for first in _REQUESTS:
            ours[first.name].append(_emulator_ms(first))
    for first in _REQUESTS:
        yield Row(
            name=first.name,
            unit="ms",
            ours=ours[first.name],
            baseline_name="importing flask, marshmallow, click",
            baseline=baseline,
            max_ratio=first.max_ratio,
        )


def _emulator_ms(first: _First) -> float:
    began = time.perf_counter()
    with running("-m", "mock_sendpilot", *_START) as process:
        # The line is printed once the server answers, so there is nothing to try again.
        facts = json.loads(first_line(process))
        connection = HTTPConnection("127.0.0.1", urlsplit(facts["origin"]).port, timeout=20)
        connection.request(first.method, first.path, first.body, _HEADERS)
        response = connection.getresponse()
        response.read()
        took = (time.perf_counter() - began) * 1000
        connection.close()
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"{first.path}: expected 200, got {response.status}")
        return took


def _imports_ms() -> float:
    began = time.perf_counter()
    with running("-c", _IMPORTS) as process:
        if first_line(process) != "ready\n":
            raise RuntimeError("flask, marshmallow and click cannot be imported")
        return (time.perf_counter() - began) * 1000
