"""A start imports nothing that its first responses do not need."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.expect import LEAD, STATUS
from tests.cli.commands import PROGRAM, environment
from tests.support import Api, over_a_socket

FOR_OTHER_REQUESTS = (
    "apispec",
    "flask_swagger_ui",
    "mock_sendpilot.api.inbox",
    "mock_sendpilot.api.lead_database",
    "mock_sendpilot.app",
    "mock_sendpilot.control.endpoints",
    "mock_sendpilot.control.fields",
    "mock_sendpilot.control.index",
    "mock_sendpilot.control.seed_loading",
    "mock_sendpilot.control.workspaces",
    "mock_sendpilot.dashboard",
    "mock_sendpilot.openapi",
    "mock_sendpilot.world.jobs",
    "mock_sendpilot.world.people_data",
    "mock_sendpilot.world.samples",
)
FOR_UNUSUAL_REQUESTS = ("flask", "itsdangerous", "jinja2", "werkzeug")
FOR_OPTIONS = (
    "cryptography",
    "flask_cors",
    "mock_sendpilot.states.state_file",
    "mock_sendpilot.tls",
    "trustme",
)
FOR_WEBHOOKS = ("certifi", "http.client", "requests", "ssl", "urllib3")
FOR_TESTS = ("mock_sendpilot.receiver_check", "mock_sendpilot.testing", "pytest")
HEAVY = (*FOR_OTHER_REQUESTS, *FOR_UNUSUAL_REQUESTS, *FOR_OPTIONS, *FOR_WEBHOOKS, *FOR_TESTS)
LIBRARIES = ("blinker", "click", "marshmallow", "orjson", "waitress")
"""Libraries that every start needs. An old blinker imports asyncio, and so ssl."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The file with the modules that a server has imported."""
    return tmp_path / "imports.txt"


@pytest.fixture
def api(log: Path) -> Iterator[Api]:
    """A server in a process of its own."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*PROGRAM, "start", "--port", "0", "--json", "--log-level", "warning"],
            env=environment(PYTHONPROFILEIMPORTTIME="1"),
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            assert process.stdout is not None
            yield over_a_socket(json.loads(process.stdout.readline())["origin"])
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def of_libraries() -> set[str]:
    """The modules that the libraries of every start import."""
    code = f"import sys, {', '.join(LIBRARIES)}; print(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())


def imported(log: Path) -> set[str]:
    return {line.rpartition("|")[2].strip() for line in log.read_text().splitlines()}


def test_a_start_imports_no_heavy_module_for_health_and_leads(
    api: Api, log: Path, of_libraries: set[str]
) -> None:
    replies = [
        api("GET", "/readyz", key=None),
        api("GET", "/v1/leads?unknown=1"),
        api("GET", LEAD),
        api("PATCH", STATUS, json={"status": "DONE"}),
        api("GET", "/v1/leads/unknown"),
    ]
    modules = imported(log)

    assert [reply.status for reply in replies] == [200, 200, 200, 200, 404]
    assert "mock_sendpilot.first_app" in modules
    assert [
        name
        for name in sorted(modules - of_libraries)
        if any(name == one or name.startswith(f"{one}.") for one in HEAVY)
    ] == []


def test_a_request_without_a_route_has_flask_imported(api: Api, log: Path) -> None:
    reply = api("PUT", "/v1/leads")

    assert reply.json["message"] == "Cannot PUT /v1/leads"
    assert "flask" in imported(log)
