"""Stranger's suites whose tests are run again, and the results."""

import json
from typing import Any

import pytest

from tests.support import without_plugins

CLIENT = """
import pytest
import requests


def call(world, method, path, **body):
    url = f"{world.base_url}{path}"
    return requests.request(method, url, json=body or None, headers=world.headers, timeout=10)


def add(world):
    leads = [{"linkedinUrl": "https://www.linkedin.com/in/ida"}]
    return call(world, "POST", "/leads", campaignId=world.campaign_id, leads=leads)


def close(world, lead):
    return call(world, "PATCH", f"/leads/{lead.id}/status", status="DONE")
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests of `pytester` in this process."""
    plugins = without_plugins(beside=("mock_sendpilot",))
    return pytester.runpytest_inprocess(*plugins, *arguments)


def results(
    pytester: pytest.Pytester, suite: str, *arguments: str, kind: str = "matrix"
) -> dict[str, Any]:
    """Return the results of a kind of reruns for a suite, which has a client."""
    pytester.makepyfile(CLIENT + suite)
    run(pytester, f"--sendpilot-{kind}", f"--sendpilot-{kind}-json=found.json", *arguments)
    found: dict[str, Any] = json.loads((pytester.path / "found.json").read_bytes())
    return found


def outcomes(found: dict[str, Any]) -> dict[str, str]:
    """Return the outcome of each value of a matrix."""
    return {f"{one['option']}={one['value']}": one["outcome"] for one in found["values"]}


def broken(found: dict[str, Any]) -> set[str]:
    """Return the values of a matrix that break a test."""
    return {name for name, outcome in outcomes(found).items() if outcome == "failed"}
