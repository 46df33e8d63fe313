"""The time of a test suite that calls the API: over a socket, and intercepted.

A suite of 100 tests with five calls each, by requests, in a process of pytest of its own. pytest's
own seconds count, without the start of the process.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from benchmarks.processes import running
from benchmarks.report import Finding, Row, Settings

_TEST_COUNT = 100
_MAX_RATIO = 0.55
_SUITE = """
import pytest
import requests

{session}

@pytest.mark.parametrize("number", range({count}))
def test_calls(sendpilot, {fixture}number):
    lead = sendpilot.add_lead(status="MESSAGE_SENT")
    url = f"{base_url}/leads/{{lead.id}}"
    for status in ("REPLY_RECEIVED", "OPPORTUNITY", "DONE", "PENDING"):
        body = {{"status": status}}
        response = {client}.patch(
            f"{{url}}/status", json=body, headers=sendpilot.headers, timeout=10
        )
        assert response.json()["status"] == status
    assert {client}.get(url, headers=sendpilot.headers, timeout=10).status_code in (200, 404)
"""
_SECONDS = re.compile(rf"\b{_TEST_COUNT} passed in ([\d.]+)s")


def run(settings: Settings) -> Iterator[Finding]:
    """Measure both kinds of clients, each in turns."""
    for name, session in (("requests", ""), ("a Session", "client = requests.Session()")):
        intercepted, over_a_socket = [], []
        for _ in range(settings.rounds):
            over_a_socket.append(_seconds(session, is_intercepted=False))
            intercepted.append(_seconds(session, is_intercepted=True))
        yield Row(
            name=f"500 calls of {name}, intercepted",
            unit="s",
            ours=intercepted,
            baseline_name="over a socket",
            baseline=over_a_socket,
            max_ratio=_MAX_RATIO,
        )


def _seconds(session: str, *, is_intercepted: bool) -> float:
    suite = _SUITE.format(
        session=session,
        count=_TEST_COUNT,
        client="client" if session else "requests",
        fixture="sendpilot_intercepted, " if is_intercepted else "",
        base_url="https://api.sendpilot.ai/v1" if is_intercepted else "{sendpilot.base_url}",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test_suite.py"
        path.write_text(suite, encoding="utf-8")
        options = ["-q", "-c", "/dev/null", "--rootdir", folder, str(path)]
        others = {point.name for point in entry_points(group="pytest11")} - {"mock_sendpilot"}
        plugins = [word for name in {*others, "cacheprovider"} for word in ("-p", f"no:{name}")]
        with running("-m", "pytest", *options, *plugins, errors=sys.stderr) as process:
            output = process.stdout.read() if process.stdout is not None else ""
            process.wait(60)
    found = _SECONDS.search(output)
    if found is None:
        raise RuntimeError(f"the suite did not pass:\n{output}")
    return float(found[1])
