"""The cost of starting over: workspaces over HTTP, resets, and snapshots of a large workspace.

Also the memory of a workspace, against that of a `requests.Session`, which is as empty.
The baseline is what pytest-httpserver does between two tests, `clear()`, where it is installed;
elsewhere it is a request that does nothing.
"""

import importlib
import itertools
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from importlib.util import find_spec
from typing import Any

import requests

from benchmarks.report import Finding, Row, Settings
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.control.shipped_seeds import demo_text
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.world.models import ApiKey, Campaign, Lead
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.support import Api, occupied_bytes, over_a_socket

_COUNT = 200
_SNAPSHOT_COUNT = 20
_LEAD_COUNT = 100_000
_EMPTY_COUNT = 10_000
_MAX_PAIR_MS = 5.0  # 200 per second
_MAX_WORKSPACE_MS, _MAX_RESET_MS, _MAX_SNAPSHOT_MS = 3.0, 5.0, 1000.0
_MAX_BYTES = 10_000.0
_NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def run(_settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    emulator = Emulator()
    emulator.load(parse_seed(demo_text(), now=_NOW))
    with EmulatorServer(emulator) as server:
        api = over_a_socket(server.origin)
        name, baseline = _baseline(lambda: api("GET", "/health", key=None))
        made = _timed(lambda: api("POST", "/_emulate/workspaces", key=None, json={}), _COUNT)
        yield _row("workspace made over HTTP", made, name, baseline, _MAX_WORKSPACE_MS)
        pairs = _timed(lambda: _make_and_remove(api), _COUNT)
        yield _row("workspace made and removed over HTTP", pairs, name, baseline, _MAX_PAIR_MS)
        resets = _timed(lambda: api("POST", "/_emulate/reset"), _COUNT)
        yield _row("demo world reset over HTTP", resets, name, baseline, _MAX_RESET_MS)
    emulator.close()
    yield _memory()
    yield from _large(name, baseline)


def _memory() -> Row:
    """Measure the memory of empty workspaces."""
    emulator, numbers = Emulator(), itertools.count()

    def add() -> Workspace:
        number = next(numbers)
        api_key = ApiKey(key=f"sp_{number}")
        return emulator.add_workspace(
            WorkspaceSeed(id=f"ws_{number}", name="Empty", api_keys=(api_key,))
        )

    row = Row(
        name=f"memory of {_EMPTY_COUNT:,} empty workspaces, each",
        unit="bytes",
        ours=[occupied_bytes(lambda: [add() for _ in range(_EMPTY_COUNT)]) / _EMPTY_COUNT],
        baseline_name="requests.Session",
        baseline=[occupied_bytes(lambda: [requests.Session() for _ in range(100)]) / 100],
        max_value=_MAX_BYTES,
    )
    emulator.close()
    return row


def _large(name: str, baseline: list[float]) -> Iterator[Finding]:
    """Measure snapshots of a workspace with very many leads."""
    emulator = Emulator()
    workspace = emulator.add_workspace(_large_seed())
    taken = _timed(lambda: emulator.state(workspace), _SNAPSHOT_COUNT)
    yield _row(f"snapshot of {_LEAD_COUNT:,} leads", taken, name, baseline, _MAX_SNAPSHOT_MS)
    state = emulator.state(workspace)
    restored = _timed(lambda: emulator.restore(workspace, state), _SNAPSHOT_COUNT // 4)
    yield _row(f"restore of {_LEAD_COUNT:,} leads", restored, name, baseline, _MAX_SNAPSHOT_MS)
    emulator.close()


def _make_and_remove(api: Api) -> None:
    made = api("POST", "/_emulate/workspaces", key=None, json={}).json
    api("DELETE", f"/_emulate/workspaces/{made['id']}", key=None)


def _row(
    name: str, ours: list[float], baseline_name: str, baseline: list[float], limit: float
) -> Row:
    return Row(
        name=name,
        unit="ms",
        ours=ours,
        baseline_name=baseline_name,
        baseline=baseline,
        max_value=limit,
        is_paired=False,
    )


def _baseline(request: Callable[[], object]) -> tuple[str, list[float]]:
    if find_spec("pytest_httpserver") is None:
        return "GET /health", _timed(request, _COUNT)
    module: Any = importlib.import_module("pytest_httpserver")
    with module.HTTPServer(host="127.0.0.1", port=0) as server:
        return "pytest-httpserver clear()", _timed(server.clear, _COUNT)


def _timed(action: Callable[[], object], count: int) -> list[float]:
    """Return the milliseconds of each of `count` times."""
    durations = []
    for _ in range(count):
        began = time.perf_counter()
        action()
        durations.append((time.perf_counter() - began) * 1000)
    return durations


def _large_seed() -> WorkspaceSeed:
    campaign = Campaign(
        id="camp_1", name="C", status="started", sender_ids=(), created_at=_NOW, updated_at=_NOW
    )
    leads = (
        Lead(
            id=f"lead_{number}",
            linkedin_url=f"https://www.linkedin.com/in/person-{number}",
            status="PENDING",
            campaign_id="camp_1",
            created_at=_NOW,
            updated_at=_NOW,
        )
        for number in range(_LEAD_COUNT)
    )
    return WorkspaceSeed(
        id="ws_large",
        name="Large",
        api_keys=(ApiKey(key="sp_large"),),
        campaigns=(campaign,),
        leads=tuple(leads),
    )
