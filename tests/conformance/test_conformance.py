"""Schemathesis against a running server, under each contract: it does what it publishes.

Generated requests, valid and invalid: no 5xx, every response as the specification says, whatever
the specification does not allow is rejected, and nothing is served without a key.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS, named_contract
from mock_sendpilot.contracts.options import OPTIONS
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.openapi import specification
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
MAX_SECONDS = 200  # for one contract; on a busy machine it takes a third of that
# Operations that differ from those of `live` although they are published in the same way.
SURPRISES: Mapping[str, str] = {"observed": "inbox."}


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
    """Return ids that exist, for the parameters of paths: they reach more than the 404."""
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


def published(server: EmulatorServer, contract: str) -> dict[str, str]:
    """Return each operation as a contract publishes it, without its prose."""
    document = specification(server.app, CONTRACTS[contract])

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            keys = part["$ref"].removeprefix("#/").split("/")
            return resolved(reduce(getitem, keys, document))
        return {key: resolved(one) for key, one in part.items() if key != "description"}

    return {
        operation["operationId"]: json.dumps(resolved(operation))
        for methods in document["paths"].values()
        for operation in methods.values()
    }


def repeated(server: EmulatorServer, contract: str) -> list[str]:
    """Return the operations that an earlier contract publishes in the same way."""
    names = list(CONTRACTS)
    earlier = [published(server, name) for name in names[: names.index(contract)]]
    return [
        operation
        for operation, text in published(server, contract).items()
        if text in [other[operation] for other in earlier]
        and not operation.startswith(SURPRISES.get(contract, "none of them"))
    ]


def run_schemathesis(server: EmulatorServer, contract: str, folder: Path) -> str:
    """Run it against the server and return its report, empty if it has found nothing.

    Every value that the specification allows and every one next to those, which are thousands of
    requests, is for operations that differ from those of earlier contracts; random ones are for
    all.
    """
    known = "\n".join(f"{key} = {json.dumps(value)}" for key, value in ids(server).items())
    config = folder / "schemathesis.toml"
    config.write_text(
        f"[parameters]\n{known}\n"
        f"[[operations]]\ninclude-operation-id = {json.dumps(repeated(server, contract))}\n"
        "phases.coverage.enabled = false\n",
        encoding="utf-8",
    )
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
        f"{server.origin}/openapi.json?contract={contract}",
        *("--header", f"X-API-Key: {DEMO_KEY}", "--checks", ",".join(CHECKS), "--mode", "all"),
        *("--phases", "coverage,fuzzing", "--max-examples", "10", "--seed", "1", "--no-color"),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=MAX_SECONDS, check=False
    )
    assert "Tested: 23" in done.stdout, done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "contract"), [(name, name) for name in CONTRACTS], indirect=["server"]
)
def test_the_server_does_what_the_specification_says(
    server: EmulatorServer, contract: str, tmp_path: Path
) -> None:
    assert run_schemathesis(server, contract, tmp_path) == ""
