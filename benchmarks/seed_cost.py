"""The CPU of loading a large seed: each lead is checked, and the workspace made.

The baseline is orjson, which parses the same text. `python -m benchmarks.seed_cost 1000000` loads a
million leads. It also prints the memory that a lead occupies in the world and its seed.
"""

import gc
import sys
import time
import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timezone

import orjson

from benchmarks.report import Finding, Row, Settings
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.emulator import Emulator

_COUNT = 100_000
_MEASURED_COUNT = 10_000  # tracemalloc takes its time
_PER_CAMPAIGN = 1_000
_MAX_MS, _MAX_BYTES = 3_000.0, 700.0
_STATUSES = ("PENDING", "MESSAGE_SENT", "REPLY_RECEIVED", "DONE", "OPPORTUNITY")


def run(_settings: Settings) -> Iterator[Finding]:
    """Measure it with 100,000 leads, once: it takes a while."""
    yield _time_row(_COUNT, _MAX_MS)
    yield _memory_row("four fields")
    yield _memory_row("seven fields", has_name=True)


def _memory_row(fields: str, *, has_name: bool = False) -> Row:
    text = _seed_text(_MEASURED_COUNT, has_name=has_name)
    return Row(
        name=f"memory of a lead of {fields}",
        unit="bytes",
        ours=[_traced_bytes(text) / _MEASURED_COUNT],
        baseline_name="its JSON text",
        baseline=[len(text) / _MEASURED_COUNT],
        max_value=_MAX_BYTES,
    )


def _time_row(count: int, max_ms: float) -> Row:
    text = _seed_text(count)
    gc.disable()  # as `mock-sendpilot start` does while it loads
    began = time.process_time()
    orjson.loads(text)
    parsed = time.process_time()
    emulator = Emulator()
    emulator.load(parse_seed(text, now=datetime.now(timezone.utc)))
    loaded = time.process_time()
    gc.enable()
    emulator.close()
    return Row(
        name=f"seed of {count:,} leads loaded",
        unit="ms",
        ours=[(loaded - parsed) * 1000],
        baseline_name="orjson.loads",
        baseline=[(parsed - began) * 1000],
        max_value=max_ms,
    )


def _traced_bytes(text: bytes) -> int:
    """Return the memory that is in use for a seed once it is loaded."""
    emulator = Emulator()
    tracemalloc.start()
    emulator.load(parse_seed(text, now=datetime.now(timezone.utc)))
    gc.collect()
    occupied, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    emulator.close()
    return occupied


def _seed_text(count: int, *, has_name: bool = False) -> bytes:
    campaign_count = -(-count // _PER_CAMPAIGN)
    leads = [
        {
            "id": f"lead_{number:07}",
            "campaignId": f"camp_{number // _PER_CAMPAIGN}",
            "linkedinUrl": f"https://www.linkedin.com/in/person-{number}",
            "status": _STATUSES[number % len(_STATUSES)],
            **(_name(number) if has_name else {}),
        }
        for number in range(count)
    ]
    workspace = {
        "id": "ws_large",
        "name": "Large",
        "apiKeys": [{"key": "sp_large"}],
        "campaigns": [{"id": f"camp_{one}", "name": "C"} for one in range(campaign_count)],
        "leads": leads,
    }
    return orjson.dumps({"workspaces": [workspace]})


def _name(number: int) -> dict[str, str]:
    return {
        "firstName": f"First {number}",
        "lastName": f"Last {number}",
        "company": f"Company {number}",
    }


if __name__ == "__main__":
    print(_time_row(int(sys.argv[1]), _MAX_MS * int(sys.argv[1]) / _COUNT).as_text())
