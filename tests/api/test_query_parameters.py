"""Every query parameter that the specification declares does something."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from mock_sendpilot.app import create_app
from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.openapi import operations, specification
from tests.support import Api, in_process

JOHNS = "/v1/inbox/conversations/2-OVp-y-UNyFXBYvx0FqmQ/messages"
OF_MARIA, OF_CAMPAIGN = {"accountId": "sender_maria"}, {"campaignId": "camp_xyz789"}
NEW_SEARCH = {"name": "CFOs", "limit": 20, "filters": {"job_titles": ["CFO"]}}
NEW_EXTRACTION = {
    "name": "CFOs", "limit": 20, "mode": "with_enrichment", "url_type": "linkedin_search",
    "urls": ["https://www.linkedin.com/search/results/people/"],
}  # fmt: skip
TOKEN = "the token of the page before"


@dataclass(frozen=True)
class Operation:
    """The place of an operation, a query that it answers, and for each parameter one more."""

    path: str
    base: dict[str, str]
    more: dict[str, str]


OPERATIONS = {
    "campaigns.list": Operation(
        "/v1/campaigns", {}, {"status": "paused", "page": "2", "limit": "1"}
    ),
    "inbox.listConversations": Operation(
        "/v1/inbox/conversations",
        {"limit": "5"},
        {**OF_MARIA, "limit": "1", "page": "2", "continuationToken": TOKEN},
    ),
    "inbox.listMessages": Operation(
        JOHNS,
        {**OF_MARIA, "limit": "1"},
        {"accountId": "sender_tom", "limit": "2", "continuationToken": TOKEN},
    ),
    "leadDatabase.filters": Operation(
        "/v1/lead-database/filters",
        {"filter": "seniority_levels"},
        {"filter": "countries", "search": "dir", "offset": "1", "limit": "1"},
    ),
    "leadDatabase.getSearchResults": Operation(
        "/v1/lead-database/searches/{search}/results", {}, {"limit": "1", "offset": "1"}
    ),
    "leadExtractor.getResults": Operation(
        "/v1/lead-extractor/campaigns/{extraction}/results",
        {},
        {"limit": "1", "offset": "1", "enriched_only": "true"},
    ),
    "leads.get": Operation("/v1/leads/lead_abc123", {}, {"full": "true"}),
    "leads.list": Operation(
        "/v1/leads",
        OF_CAMPAIGN,
        {
            "campaignId": "camp_paused", "status": "DONE", "full": "true", "page": "2",
            "limit": "1",
        },
    ),
}  # fmt: skip


@pytest.fixture(params=["documented", "live"])
def emulator(request: pytest.FixtureRequest, make_emulator: Callable[..., Emulator]) -> Emulator:
    """The demo world; the two contracts differ most in their queries."""
    return make_emulator(request.param)


@pytest.fixture
def api(emulator: Emulator) -> Api:
    return in_process(create_app(emulator).test_client())


def path_of(operation: Operation, api: Api, emulator: Emulator) -> str:
    """The path, with a search and an extraction that are done where it has one."""
    workspace = emulator.workspaces()[0]
    path = operation.path
    if "{search}" in path:
        found = api("POST", "/v1/lead-database/searches", json=NEW_SEARCH).json["id"]
        path = path.format(search=workspace.searches.complete(found).id)
    if "{extraction}" in path:
        found = api("POST", "/v1/lead-extractor/campaigns", json=NEW_EXTRACTION).json["id"]
        path = path.format(extraction=workspace.extractions.complete(found).id)
    return path


def declared(app: Flask, contract: str) -> set[tuple[str, str]]:
    document = specification(app, CONTRACTS[contract])
    return {
        (operation["operationId"], parameter["name"])
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation["parameters"]
        if parameter["in"] == "query"
    }


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_table_has_every_declared_query_parameter(contract: str) -> None:
    app = create_app(Emulator())

    assert declared(app, contract) == {
        (name, parameter) for name, known in OPERATIONS.items() for parameter in known.more
    }
    assert {one.id for _, _, one, _ in operations(app) if one.query} == {*OPERATIONS}


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        pytest.param(name, parameter, id=f"{name} {parameter}")
        for name, known in OPERATIONS.items()
        for parameter in known.more
    ],
)
def test_a_query_parameter_has_an_effect(
    api: Api, emulator: Emulator, name: str, parameter: str
) -> None:
    operation = OPERATIONS[name]
    path = path_of(operation, api, emulator)
    base = api("GET", f"{path}?{urlencode(operation.base)}")
    assert base.status == 200
    value = operation.more[parameter]
    if value == TOKEN:
        value = _token(base.json)
    changed = api("GET", f"{path}?{urlencode({**operation.base, parameter: value})}")

    assert (changed.status, changed.body) != (base.status, base.body)


def _token(page: Any) -> str:
    token: str = page["pagination"]["continuationToken"]
    return token
