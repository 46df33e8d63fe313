"""From the text of a fixtures file to seeds: all of it is checked before any of it is used."""

from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from mock_sendpilot.api.envelope import sentences
from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.contracts.options import DOCUMENTED
from mock_sendpilot.control.seed_parts import workspace_seed
from mock_sendpilot.control.seed_references import reference_problems
from mock_sendpilot.control.seed_schemas import SeedSchema
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import as_utf8, parse_json
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import WorkspaceSeed

DEMO = "demo.json"


def demo_text() -> bytes:
    """The demo world that travels with the package (and lies in `fixtures/` of a checkout)."""
    shipped = files("mock_sendpilot") / "fixtures" / DEMO
    if shipped.is_file():
        return shipped.read_bytes()
    return (Path(__file__).parents[2] / "fixtures" / DEMO).read_bytes()


def empty_seed(api_key: str = "YOUR_API_KEY") -> WorkspaceSeed:
    """A workspace with one key, by default that of the vendor's example, and nothing in it."""
    return WorkspaceSeed(id="ws_empty", name="Empty", api_keys=(ApiKey(key=api_key),))


def parse_seed(
    text: bytes, *, now: datetime, default_contract: Contract = CONTRACTS[DOCUMENTED]
) -> list[WorkspaceSeed]:
    """The workspaces of a fixtures file.

    Args:
        text: JSON; a byte order mark before it is left out.
        now: stands in where a `createdAt` or `updatedAt` is left out.
        default_contract: of workspaces that name none; it decides which event types there are.

    Raises:
        InvalidInput: one problem for each fault, each with its JSON path, what was found and what
            was expected.
    """
    try:
        raw = parse_json(as_utf8(text))
    except InvalidInput as error:
        raise InvalidInput(f"$: {error}") from error
    try:
        loaded: dict[str, Any] = SeedSchema().load(raw)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidInput(*(f"{path}: {text}" for path, text in sentences(error, "$"))) from error
    problems = list(reference_problems(loaded["workspaces"], default_contract))
    if problems:
        raise InvalidInput(*problems)
    return [workspace_seed(workspace, now) for workspace in loaded["workspaces"]]
