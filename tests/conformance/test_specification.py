"""The published specification: valid, complete, and about what is really served."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from mock_sendpilot.contracts.contract import CONTRACTS, named_contract
from mock_sendpilot.openapi import operations, specification
from tests.support import OTHER_KEY, Api

OPERATIONS = {
    "campaigns.list", "campaigns.get", "campaigns.update", "credits.get", "leadDatabase.filters",
    "leadDatabase.startSearch", "leadDatabase.getSearchStatus", "leadDatabase.getSearchResults",
    "senders.quotas", "workspace.me", "inbox.listConversations", "inbox.listMessages",
    "inbox.listSenders", "inbox.sendConnectionRequest", "inbox.sendMessage",
    "inbox.sendMessageToLead", "leadExtractor.startExtraction", "leadExtractor.getStatus",
    "leadExtractor.getResults", "leads.add", "leads.get", "leads.list", "leads.updateStatus",
}  # fmt: skip


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_specification_is_valid_openapi(app: Flask, contract: str) -> None:
    document = app.test_client().get(f"/openapi.json?contract={contract}").get_json()

    assert document["openapi"] == "3.1.0"
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.mark.parametrize("option", ["list", "bare", "detailed", "documented"])
def test_it_is_valid_with_every_kind_of_message(app: Flask, option: str) -> None:
    contract = named_contract("documented", [("validation_message", option)])
    document = specification(app, contract)

    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.mark.parametrize(
    ("option", "message", "errors"),
    [
        pytest.param("documented", "string", "array", id="sentences in errors"),
        pytest.param("bare", "string", None, id="no sentences"),
        pytest.param("list", "array", None, id="sentences in message"),
        pytest.param("detailed", "string", None, id="one text"),
    ],
)
def test_it_says_where_the_sentences_of_a_400_stand(
    app: Flask, option: str, message: str, errors: str | None
) -> None:
    contract = named_contract("documented", [("validation_message", option)])
    response = specification(app, contract)["components"]["responses"]["400"]
    envelope = response["content"]["application/json"]["schema"]

    assert envelope["properties"]["message"]["type"] == message
    assert envelope["properties"].get("errors", {}).get("type") == errors
    assert envelope["required"] == list(envelope["properties"])


def test_it_tells_of_all_23_operations(app: Flask) -> None:
    assert {operation.id for _, _, operation, _ in operations(app)} == OPERATIONS


def test_every_route_of_the_vendors_api_is_an_operation(app: Flask) -> None:
    routes = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/v1")]

    assert sorted(rule.rule for rule, _, _, _ in operations(app)) == sorted(routes)


def test_without_a_name_it_is_that_of_the_keys_contract(api: Api) -> None:
    ours, others = api("GET", "/openapi.json").json, api("GET", "/openapi.json", key=OTHER_KEY).json

    assert ours["info"]["description"].startswith("Contract: documented.")
    assert others["info"]["description"].startswith("Contract: live.")


def test_without_a_key_it_is_that_of_the_server(api_under: Callable[..., Api]) -> None:
    document = api_under("example")("GET", "/openapi.json", key=None).json

    assert document["info"]["description"].startswith("Contract: example.")


def test_an_unknown_contract_is_refused(api: Api) -> None:
    reply = api("GET", "/openapi.json?contract=lvie")

    assert reply.status == 400
    assert "did you mean 'live'?" in reply.json["message"]


@pytest.mark.parametrize("host", ["127.0.0.1:7363", "localhost", "api.sendpilot.ai"])
def test_its_server_is_relative_to_where_it_was_read(api: Api, host: str) -> None:
    headers = {"Host": host, "X-Forwarded-Proto": "https"}
    document = api("GET", "/openapi.json", headers=headers).json

    assert document["servers"] == [{"url": "/"}]


def test_its_server_has_the_prefix_that_the_app_is_mounted_at(app: Flask) -> None:
    mounted = {"SCRIPT_NAME": "/sendpilot"}
    document = app.test_client().get("/openapi.json", environ_overrides=mounted).get_json()

    assert document["servers"] == [{"url": "/sendpilot"}]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_its_webhooks_are_the_events_of_the_contract(app: Flask, contract: str) -> None:
    webhooks = specification(app, CONTRACTS[contract])["webhooks"]

    sends_tags = bool(CONTRACTS[contract].lead_events.tag_fields)
    names = set(CONTRACTS[contract].event_types) - (set() if sends_tags else {"lead.tag.updated"})
    assert set(webhooks) == names
    for name, operation in webhooks.items():
        example = operation["post"]["requestBody"]["content"]["application/json"]["example"]
        assert list(example) == ["eventId", "eventType", "timestamp", "workspaceId", "data"]
        assert (example["eventType"], bool(example["data"])) == (name, True)


def test_an_example_of_a_webhook_has_the_words_of_its_contract(app: Flask) -> None:
    def example(contract: str, name: str) -> object:
        operation = specification(app, CONTRACTS[contract])["webhooks"][name]["post"]
        return operation["requestBody"]["content"]["application/json"]["example"]["data"]

    status = {"previousStatus": "REPLY_RECEIVED", "newStatus": "OPPORTUNITY"}
    of_lead = {
        "leadId": "lead_1",
        "campaignId": "camp_1",
        "linkedinUrl": "https://www.linkedin.com/in/ida-holm",
        **status,
    }
    assert example("live", "lead.updated") == of_lead
    assert example("documented", "lead.status.changed") == {**of_lead, "changedBy": "api"}


def test_a_body_that_needs_one_of_two_fields_says_so(app: Flask) -> None:
    document = specification(app, CONTRACTS["live"])
    body = document["paths"]["/v1/leads/{lead_id}/status"]["patch"]["requestBody"]

    assert body["content"]["application/json"]["schema"]["anyOf"] == [
        {"required": ["status"]},
        {"required": ["customLeadStatus"]},
    ]


def test_the_page_needs_nothing_from_elsewhere(api: Api) -> None:
    page = api("GET", "/docs/", key=None)
    parts = re.findall(rb'(?:src|href)="([^"]*)"', page.body)

    assert page.status == 200
    assert len(parts) > 3
    assert [part for part in parts if not part.startswith(b"/docs/")] == []
    assert b'"validatorUrl": null' in page.body


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_page_offers_each_contract(api: Api, contract: str) -> None:
    page = api("GET", "/docs/", key=None)

    assert f'"/openapi.json?contract={contract}"'.encode() in page.body


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css"])
def test_the_page_finds_its_parts(api: Api, name: str) -> None:
    part = api("GET", f"/docs/{name}", key=None)

    assert part.status == 200
    assert len(part.body) > 100_000


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since", "If-Range"])
@pytest.mark.parametrize(
    "date", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "Thu, 01 Jan 1970 99:99:99 GMT", "tomorrow"]
)
def test_a_condition_whose_date_cannot_be_is_passed_over(api: Api, name: str, date: str) -> None:
    headers = {name: date, "Range": "bytes=0-9"}
    assert api("GET", "/docs/swagger-ui.css", key=None, headers=headers).status in {200, 206}
