"""A start imports nothing that its first response does not need."""

import json
import subprocess
from pathlib import Path
from urllib.request import urlopen

from tests.cli.commands import PROGRAM, environment

FOR_OTHER_REQUESTS = (
    "apispec",
    "flask_swagger_ui",
    "jinja2.ext",
    "mock_sendpilot.api.inbox",
    "mock_sendpilot.api.lead_database",
    "mock_sendpilot.app",
    "mock_sendpilot.control.endpoints",
    "mock_sendpilot.control.index",
    "mock_sendpilot.control.workspaces",
    "mock_sendpilot.dashboard",
    "mock_sendpilot.openapi",
    "mock_sendpilot.world.jobs",
    "mock_sendpilot.world.people_data",
    "mock_sendpilot.world.samples",
)
FOR_OPTIONS = (
    "cryptography",
    "flask_cors",
    "mock_sendpilot.states.state_file",
    "mock_sendpilot.tls",
    "trustme",
)
FOR_WEBHOOKS = ("certifi", "requests", "urllib3")
FOR_TESTS = ("mock_sendpilot.receiver_check", "mock_sendpilot.testing", "pytest")
HEAVY = (*FOR_OTHER_REQUESTS, *FOR_OPTIONS, *FOR_WEBHOOKS, *FOR_TESTS)


def test_a_start_imports_no_heavy_module_before_its_first_response(tmp_path: Path) -> None:
    log = tmp_path / "imports.txt"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*PROGRAM, "start", "--port", "0", "--json", "--log-level", "warning"],
            env=environment(PYTHONPROFILEIMPORTTIME="1"),
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            assert process.stdout is not None
            origin = json.loads(process.stdout.readline())["origin"]
            with urlopen(f"{origin}/readyz", timeout=20) as response:
                assert response.status == 200
        finally:
            process.kill()
            process.communicate()
    imported = {line.rpartition("|")[2].strip() for line in log.read_text().splitlines()}
    assert "mock_sendpilot.vendor_app" in imported
    assert [
        name
        for name in sorted(imported)
        if any(name == one or name.startswith(f"{one}.") for one in HEAVY)
    ] == []
