"""From the text of a fixtures file to seeds: all of it is checked before any of it is used."""

from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from mock_sendpilot.api.envelope import sentences
from mock_sendpilot.control.seed_references import reference_problems
from mock_sendpilot.control.seed_schemas import SeedSchema
from mock_sendpilot.domain.contracts import CONTRACTS, DOCUMENTED, Contract
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.domain.models import ApiKey, Campaign, Lead, Sender
from mock_sendpilot.domain.seed import EndpointSeed, WorkspaceSeed
from mock_sendpilot.json_text import parse_json

DEMO = "demo.json"


def demo_text() -> bytes:
    """The demo world that travels with the package (and lies in `fixtures/` of a checkout)."""
    shipped = files("mock_sendpilot") / "fixtures" / DEMO
    if shipped.is_file():
        return shipped.read_bytes()
    return (Path(__file__).parents[2] / "fixtures" / DEMO).read_bytes()


def empty_seed() -> WorkspaceSeed:
    """A workspace with the key of the vendor's example and nothing in it."""
    return WorkspaceSeed(id="ws_empty", name="Empty", api_keys=(ApiKey(key="YOUR_API_KEY"),))


def parse_seed(
    text: bytes, *, now: datetime, default_contract: Contract = CONTRACTS[DOCUMENTED]
) -> list[WorkspaceSeed]:
    """The workspaces of a fixtures file.

    Args:
        text: JSON.
        now: stands in where a `createdAt` or `updatedAt` is left out.
        default_contract: of workspaces that name none; it decides which event types there are.

    Raises:
        InvalidInput: one problem for each fault, each with its JSON path, what was found and what
            was expected.
    """
    try:
        raw = parse_json(text)
    except InvalidInput as error:
        raise InvalidInput(f"$: {error}") from error
    try:
        loaded: dict[str, Any] = SeedSchema().load(raw)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidInput(*(f"{path}: {text}" for path, text in sentences(error, "$"))) from error
    problems = list(reference_problems(loaded["workspaces"], default_contract))
    if problems:
        raise InvalidInput(*problems)
    return [_workspace(workspace, now) for workspace in loaded["workspaces"]]


def _workspace(part: dict[str, Any], now: datetime) -> WorkspaceSeed:
    return WorkspaceSeed(
        id=part["id"],
        name=part["name"],
        contract=part.get("contract"),
        api_keys=tuple(_api_key(key) for key in part["api_keys"]),
        senders=tuple(Sender(**sender) for sender in part["senders"]),
        campaigns=tuple(_campaign(campaign, now) for campaign in part["campaigns"]),
        leads=tuple(Lead(**_dated(lead, now)) for lead in part["leads"]),
        endpoints=tuple(EndpointSeed(**endpoint) for endpoint in part["endpoints"]),
    )


def _api_key(part: dict[str, Any]) -> ApiKey:
    scopes = part.pop("scopes", None)
    return ApiKey(scopes=frozenset(scopes) if scopes is not None else None, **part)


def _campaign(part: dict[str, Any], now: datetime) -> Campaign:
    return Campaign(**{**_dated(part, now), "sender_ids": tuple(part["sender_ids"])})


def _dated(part: dict[str, Any], now: datetime) -> dict[str, Any]:
    created = part.get("created_at", now)
    return {**part, "created_at": created, "updated_at": part.get("updated_at", created)}
