"""Schemathesis against a running server, under each contract: what is published is what is so.

Made requests, valid and invalid: no 5xx, every answer as the specification says, what the
specification does not allow is refused, and nothing is answered without a key.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS, named_contract
from mock_sendpilot.contracts.options import OPTIONS
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.world.seed import WorkspaceSeed
from tests.support import DEMO_KEY, over_a_socket

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)
MOST_SECONDS = 60  # for one contract; it takes a quarter of that


@pytest.fixture
def server(
    request: pytest.FixtureRequest, demo_seeds: list[WorkspaceSeed]
) -> Iterator[EmulatorServer]:
    """A server with the demo world under a contract, without the 500s that it asks for."""
    faults = [(name, "off") for name in OPTIONS if name.endswith("_fault")]
    emulator = Emulator(contract=named_contract(request.param, faults), random_seed="conformance")
    emulator.load(demo_seeds)
    with EmulatorServer(emulator) as running:
        yield running
    emulator.close()


def ids(server: EmulatorServer) -> dict[str, str]:
    """What there is, for the parameters of paths: so that more than the 404 is reached."""
    api = over_a_socket(server.origin)
    search = api(
        "POST", "/v1/lead-database/searches", json={"name": "s", "limit": 3, "filters": {}}
    )
    extraction = api(
        "POST",
        "/v1/lead-extractor/campaigns",
        json={"name": "x", "limit": 3, "urls": ["https://www.linkedin.com/search/results/people/"]},
    )
    return {
        "lead_id": "lead_abc123",
        "campaign_id": "camp_xyz789",
        "conversation_id": "2-OVp-y-UNyFXBYvx0FqmQ",
        "search_id": search.json["id"],
        "extraction_id": extraction.json["id"],
    }


def run_schemathesis(server: EmulatorServer, contract: str, folder: Path) -> str:
    """Let it loose on the server; its report, empty when it has found nothing."""
    known = "\n".join(f"{key} = {json.dumps(value)}" for key, value in ids(server).items())
    config = folder / "schemathesis.toml"
    config.write_text(f"[parameters]\n{known}\n", encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
        f"{server.origin}/openapi.json?contract={contract}",
        *("--header", f"X-API-Key: {DEMO_KEY}", "--checks", ",".join(CHECKS), "--mode", "all"),
        *("--phases", "coverage,fuzzing", "--max-examples", "10", "--seed", "1", "--no-color"),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )
    assert "Tested: 23" in done.stdout, done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout


@pytest.mark.parametrize(
    ("server", "contract"), [(name, name) for name in CONTRACTS], indirect=["server"]
)
def test_the_server_does_what_the_specification_says(
    server: EmulatorServer, contract: str, tmp_path: Path
) -> None:
    assert run_schemathesis(server, contract, tmp_path) == ""
