"""Every operation under every contract: its status, its keys in order with their types, its values.

Written down by hand from the reconstructed contract and from the published page. `OPERATIONS` has
the request and the shape of each operation; `DIFFERENCES` has the changes of a contract. In a shape
a `?` after the type means that the value may be null; `nested` has the keys of inner objects.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.openapi import operations
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.api.expect import assert_error, assert_no_route
from tests.conftest import IN_PROCESS, OVER_A_SOCKET, Serve
from tests.support import DEMO_KEY, Api, Reply

CONTRACTS = ("documented", "example", "schema", "live")
PAGE_TIME = datetime(2024, 2, 24, 15, 30, tzinfo=timezone.utc)  # when the page's example happened
STAMP = "2024-02-24T15:30:00.000Z"
NAMES = {str: "str", int: "int", bool: "bool", dict: "object", list: "array", type(None): "null"}
JOHN, CAMPAIGN = "https://www.linkedin.com/in/john-doe", "camp_xyz789"
CONVERSATION = "2-OVp-y-UNyFXBYvx0FqmQ"
SEARCHES, EXTRACTIONS = "/v1/lead-database/searches", "/v1/lead-extractor/campaigns"
NEW_SEARCH = {"name": "Q3 CFOs", "limit": 100, "filters": {"job_titles": ["CFO"]}}
NEW_EXTRACTION = {
    "name": "Founders", "limit": 100, "mode": "with_enrichment", "url_type": "linkedin_search",
    "urls": ["https://www.linkedin.com/search/results/people/?keywords=founder"],
}  # fmt: skip
THREE_LEADS = ({"linkedinUrl": f"{JOHN}-2"}, {"linkedinUrl": JOHN}, {"linkedinUrl": "nope"})

PAGING = "total:int page:int limit:int totalPages:int"
OFFSETS = "total:int limit:int offset:int has_more:bool"
COUNTERS = "connectionsSent:int messagesSent:int repliesReceived:int"
METRICS = "connectionsSent:int connectionsAccepted:int messagesSent:int repliesReceived:int"
TIMES = "createdAt:str updatedAt:str"
DETAIL = "id:str name:str status:str type:str totalLeads:int"
SENDERS = "linkedInSenderIds:array"
NAMED = "firstName:str? lastName:str? title:str? company:str?"
LEAD = f"id:str linkedinUrl:str status:str {NAMED} campaignId:str"
WITH_SENDER, WITHOUT_SENDER = f"{LEAD} senderId:str {TIMES}", f"{LEAD} {TIMES}"
PERSON = "id:str name:str profileUrl:str"
JOB = "id:str name:str status:str"
JOB_STATUS = f"{JOB} progress:object created_at:str completed_at:str"
TO = "recipientLinkedinUrl:str leadId:str conversationId:str"
SENT = f"success:bool messageId:str {TO} status:str timestamp:str"
SENT_VALUES = {"success": True, "status": "sent", "timestamp": STAMP}
PAGE_REPLY = "id:str linkedinUrl:str previousStatus:str status:str updatedAt:str"
PAGE_VALUES = {
    "id": "lead_abc123", "linkedinUrl": JOHN, "previousStatus": "REPLY_RECEIVED",
    "status": "OPPORTUNITY", "updatedAt": STAMP,
}  # fmt: skip
OPENAPI_REPLY = "success:bool leadId:str status:str message:str"
OPENAPI_VALUES = {
    "success": True, "leadId": "lead_abc123", "status": "OPPORTUNITY",
    "message": "Lead status updated to 'OPPORTUNITY'",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A request and its reply. `values` are by path; only those are compared."""

    request: str
    keys: str
    nested: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    body: Any = None


OPERATIONS = {
    "campaigns.list": Case(
        "GET /v1/campaigns", "campaigns:array pagination:object",
        {"campaigns.0": f"id:str name:str status:str totalLeads:int {COUNTERS} {TIMES}",
         "pagination": PAGING},
        {"campaigns.0.status": "started", "pagination.limit": 20}),
    "campaigns.get": Case(
        f"GET /v1/campaigns/{CAMPAIGN}",
        f"{DETAIL} {COUNTERS} metrics:object {SENDERS} description:str? {TIMES}",
        {"metrics": METRICS}, {"id": CAMPAIGN, "status": "started", "totalLeads": 31}),
    "campaigns.update": Case(
        f"PATCH /v1/campaigns/{CAMPAIGN}",
        "success:bool campaignId:str action:str newStatus:str message:str",
        values={"success": True, "campaignId": CAMPAIGN, "action": "pause", "newStatus": "paused",
                "message": "Campaign paused successfully"},
        body={"action": "pause"}),
    "credits.get": Case(
        "GET /v1/credits",
        "available:int subscription:int purchased:int used:int nextResetDate:str?",
        values={"available": 12500, "subscription": 7500, "purchased": 5000, "used": 2500}),
    "leadDatabase.filters": Case(
        "GET /v1/lead-database/filters?filter=seniority_levels",
        "filter:str filters:array values:array total:int offset:int limit:int has_more:bool",
        values={"filter": "seniority_levels", "filters": [], "offset": 0, "limit": 50}),
    "senders.quotas": Case("GET /v1/senders/quotas", "senders:array total:int"),
    "workspace.me": Case(
        "GET /v1/me", "apiKey:object workspace:object subscription:object missingScopes:array"),
    "inbox.listConversations": Case(
        "GET /v1/inbox/conversations?limit=1", "conversations:array pagination:object",
        {"conversations.0": "id:str accountId:str participants:array lastMessage:object "
                            f"lastActivityAt:str unreadCount:int {TIMES}",
         "conversations.0.participants.0": PERSON,
         "conversations.0.lastMessage": "content:str sentAt:str direction:str",
         "pagination": "continuationToken:str limit:int hasMore:bool"},
        {"pagination.limit": 1, "pagination.hasMore": True}),
    "inbox.listMessages": Case(
        f"GET /v1/inbox/conversations/{CONVERSATION}/messages?accountId=sender_maria",
        "conversationId:str messages:array pagination:object",
        {"messages.0": "id:str content:str sender:object recipient:object direction:str "
                       "sentAt:str readStatus:str contentType:str",
         "messages.0.sender": PERSON, "messages.0.recipient": PERSON, "pagination": "hasMore:bool"},
        {"messages.0.direction": "sent", "messages.0.contentType": "TEXT"}),
    "inbox.listSenders": Case(
        "GET /v1/inbox/senders", "senders:array total:int",
        {"senders.0": "id:str name:str linkedinUrl:str status:str dailyMessageLimit:int "
                      "messagesSentToday:int remainingMessages:int"}),
    "inbox.sendConnectionRequest": Case(
        "POST /v1/inbox/connect",
        "success:bool requestId:str recipientLinkedinUrl:str status:str timestamp:str",
        values={"success": True, "status": "sent", "timestamp": STAMP},
        body={"senderId": "sender_maria", "recipientLinkedinUrl": f"{JOHN}-2"}),
    "inbox.sendMessage": Case(
        "POST /v1/inbox/send", SENT, values=SENT_VALUES,
        body={"senderId": "sender_maria", "recipientLinkedinUrl": JOHN, "message": "Hi"}),
    "inbox.sendMessageToLead": Case(
        "POST /v1/inbox/send/lead/lead_abc123", SENT, values=SENT_VALUES,
        body={"senderId": "sender_maria", "message": "Hi {{firstName}}"}),
    "leadDatabase.startSearch": Case(
        f"POST {SEARCHES}", f"{JOB} created_at:str estimated_quota:int",
        values={"name": "Q3 CFOs", "status": "pending", "estimated_quota": 100}, body=NEW_SEARCH),
    "leadDatabase.getSearchStatus": Case(
        f"GET {SEARCHES}/{{search}}/status", JOB_STATUS,
        {"progress": "requested:int found:int percent_complete:int"},
        {"status": "completed", "progress.requested": 100, "progress.percent_complete": 100}),
    "leadDatabase.getSearchResults": Case(
        f"GET {SEARCHES}/{{search}}/results", f"search_id:str leads:array {OFFSETS}",
        values={"limit": 100, "offset": 0, "has_more": False}),
    "leadExtractor.startExtraction": Case(
        f"POST {EXTRACTIONS}", f"{JOB} created_at:str estimated_credits:int",
        values={"name": "Founders", "status": "PENDING", "estimated_credits": 200},
        body=NEW_EXTRACTION),
    "leadExtractor.getStatus": Case(
        f"GET {EXTRACTIONS}/{{extraction}}/status", JOB_STATUS,
        {"progress": "extracted:int enriched:int requested:int percent_complete:int"},
        {"status": "FINISHED", "progress.percent_complete": 100}),
    "leadExtractor.getResults": Case(
        f"GET {EXTRACTIONS}/{{extraction}}/results", f"campaign_id:str leads:array {OFFSETS}",
        values={"limit": 100, "offset": 0, "has_more": False}),
    "leads.add": Case(
        "POST /v1/leads",
        "success:bool leadsAdded:int duplicatesSkipped:int invalidEntries:int errors:array",
        {"errors.0": "index:int linkedinUrl:str reason:str"},
        {"success": True, "leadsAdded": 1, "duplicatesSkipped": 1, "invalidEntries": 1,
         "errors.0.index": 2, "errors.0.linkedinUrl": "nope"},
        {"campaignId": CAMPAIGN, "leads": THREE_LEADS}),
    "leads.get": Case("GET /v1/leads/lead_abc123", WITH_SENDER, values={"linkedinUrl": JOHN}),
    "leads.list": Case(
        f"GET /v1/leads?campaignId={CAMPAIGN}", "leads:array pagination:object",
        {"leads.0": WITH_SENDER, "pagination": PAGING},
        {"pagination": {"total": 31, "page": 1, "limit": 50, "totalPages": 1}}),
    "leads.updateStatus": Case(
        "PATCH /v1/leads/lead_abc123/status", f"{PAGE_REPLY} success:bool leadId:str message:str",
        values=PAGE_VALUES | OPENAPI_VALUES, body={"status": "OPPORTUNITY"}),
}  # fmt: skip
FLAT = f"{DETAIL} {COUNTERS} {SENDERS} description:str? {TIMES}"
NO_SENDER = {"leads.0": WITHOUT_SENDER, "pagination": PAGING}
DIFFERENCES: dict[tuple[str, str], dict[str, Any]] = {
    ("example", "campaigns.list"): {
        "keys": "data:array meta:object",
        "nested": {"data.0": f"id:str name:str status:str totalLeads:int {TIMES}", "meta": PAGING},
        "values": {"data.0.status": "STARTED", "meta.limit": 20}},
    ("example", "campaigns.get"): {
        "keys": f"id:str name:str status:str totalLeads:int metrics:object {TIMES}",
        "values": {"status": "STARTED"}},
    ("example", "leads.get"): {"keys": WITHOUT_SENDER},
    ("example", "leads.list"): {"nested": NO_SENDER},
    ("example", "leads.updateStatus"): {"keys": PAGE_REPLY, "values": PAGE_VALUES},
    ("schema", "campaigns.get"): {"keys": FLAT, "nested": {}},
    ("schema", "leads.get"): {"keys": WITHOUT_SENDER},
    ("schema", "leads.list"): {"nested": NO_SENDER},
    ("schema", "leads.updateStatus"): {
        "keys": OPENAPI_REPLY, "values": {"status": "DONE"}, "body": {"status": "DONE"}},
    ("live", "campaigns.get"): {
        "keys": f"{DETAIL} leadsContacted:int {COUNTERS} {SENDERS} {TIMES}", "nested": {}},
    ("live", "leads.updateStatus"): {"keys": OPENAPI_REPLY, "values": OPENAPI_VALUES},
}  # fmt: skip
SCOPES = {
    "campaigns.list": "campaigns:read", "campaigns.get": "campaigns:read",
    "campaigns.update": "campaigns:write", "leadDatabase.filters": "leads:read",
    "senders.quotas": "senders:read", "workspace.me": "workspace:read",
    "inbox.listConversations": "inbox:read", "inbox.listMessages": "inbox:read",
    "inbox.listSenders": "inbox:read", "inbox.sendConnectionRequest": "inbox:write",
    "inbox.sendMessage": "inbox:write", "inbox.sendMessageToLead": "inbox:write",
    "leadDatabase.startSearch": "leads:write", "leadDatabase.getSearchStatus": "leads:read",
    "leadDatabase.getSearchResults": "leads:read", "leadExtractor.startExtraction": "leads:write",
    "leadExtractor.getStatus": "leads:read", "leadExtractor.getResults": "leads:read",
    "leads.add": "leads:write", "leads.get": "leads:read", "leads.list": "leads:read",
    "leads.updateStatus": "leads:write",
}  # fmt: skip
EVERY = [
    *((IN_PROCESS, contract, name) for name in OPERATIONS for contract in CONTRACTS),
    *((OVER_A_SOCKET, "documented", name) for name in OPERATIONS),
]
KEYS_BY_SCOPE = [
    key
    for scope in sorted({*SCOPES.values()})
    for key in (
        ApiKey(key=f"only {scope}", scopes=frozenset({scope})),
        ApiKey(key=f"all but {scope}", scopes=frozenset(SCOPES.values()) - {scope}),
    )
]
WEAKLY_SOURCED = [
    "PUT /v1/leads/lead_abc123", f"POST /v1/campaigns/{CAMPAIGN}/pause", "GET /v1/inbox",
    f"POST /v1/campaigns/{CAMPAIGN}/resume", f"POST /v1/inbox/{CONVERSATION}/reply",
    "GET /v1/senders",
]  # fmt: skip
DOCUMENTED = [pytest.param(case, id=name) for name, case in OPERATIONS.items()]


@dataclass(frozen=True)
class World:
    """The demo workspace at the time of the page's example, with a key for each scope."""

    api: Api
    workspace: Workspace

    def __call__(self, case: Case, *, base: str = "", key: str | None = DEMO_KEY) -> Reply:
        ids = {}
        if "{" in case.request:  # it reads the results of a job
            ids["search"] = self.api("POST", SEARCHES, json=NEW_SEARCH).json["id"]
            ids["extraction"] = self.api("POST", EXTRACTIONS, json=NEW_EXTRACTION).json["id"]
            self.workspace.advance(timedelta(minutes=1))
        method, path = case.request.format(**ids).split(" ")
        return self.api(method, base + path, json=case.body, key=key)


@pytest.fixture
def world_under(serve: Serve, demo_seeds: list[WorkspaceSeed]) -> Iterator[Callable[..., World]]:
    made: list[Emulator] = []

    def make(contract: str, **options: str) -> World:
        made.append(
            Emulator(contract=named_contract(contract, options.items()), random_seed="tests")
        )
        seed = replace(demo_seeds[0], api_keys=(*demo_seeds[0].api_keys, *KEYS_BY_SCOPE))
        workspace = made[-1].add_workspace(seed, clock=ManualClock(PAGE_TIME))
        return World(serve(made[-1]), workspace)

    yield make
    for emulator in made:
        emulator.close()


def value_at(value: Any, path: str) -> Any:
    for step in path.split(".") if path else ():
        value = value[int(step) if step.isdecimal() else step]
    return value


def assert_shape(value: dict[str, Any], keys: str) -> None:
    expected = []
    for word in keys.split():
        key = word.partition(":")[0]
        is_null = word.endswith("?") and value.get(key, 0) is None
        expected.append(f"{key}:null" if is_null else word.rstrip("?"))
    assert [f"{key}:{NAMES[type(one)]}" for key, one in value.items()] == expected


def test_the_table_has_every_operation(app: Flask) -> None:
    assert len(OPERATIONS) == 23
    assert sorted(OPERATIONS) == sorted(operation.id for _, _, operation, _ in operations(app))


@pytest.mark.parametrize(("serve", "contract", "name"), EVERY, indirect=["serve"])
def test_an_operation_answers_as_the_contract_says(
    world_under: Callable[..., World], contract: str, name: str
) -> None:
    case = replace(OPERATIONS[name], **DIFFERENCES.get((contract, name), {}))
    reply = world_under(contract)(case)

    assert reply.status == (201 if case.request.startswith("POST") else 200), reply.body
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    for path, keys in {"": case.keys, **case.nested}.items():
        assert_shape(value_at(reply.json, path), keys)
    assert {path: value_at(reply.json, path) for path in case.values} == case.values


each_operation = pytest.mark.parametrize("case", DOCUMENTED)


@each_operation
def test_the_option_post_status_code_makes_every_operation_answer_200(
    world_under: Callable[..., World], case: Case
) -> None:
    assert world_under("documented", post_status_code="200")(case).status == 200


@each_operation
def test_an_operation_without_a_key_is_401(world_under: Callable[..., World], case: Case) -> None:
    assert_error(world_under("documented")(case, key=None), 401, "Invalid API key")


@pytest.mark.parametrize(("name", "scope"), SCOPES.items())
def test_an_operation_needs_its_scope_alone(
    world_under: Callable[..., World], name: str, scope: str
) -> None:
    world = world_under("documented")
    refused = world(OPERATIONS[name], key=f"all but {scope}")

    assert_error(refused, 403, "API key does not have permission to access this workspace")
    assert refused.headers["x-emulator-hint"] == f"this key lacks the scope {scope!r}"
    assert world(OPERATIONS[name], key=f"only {scope}").status in {200, 201}


@each_operation
def test_an_operation_answers_under_the_older_base_path(
    world_under: Callable[..., World], case: Case
) -> None:
    old, new = world_under("documented")(case, base="/api"), world_under("documented")(case)

    assert (old.status, old.body) == (new.status, new.body)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("request_line", WEAKLY_SOURCED)
def test_a_route_that_one_weak_source_has_is_404(
    world_under: Callable[..., World], contract: str, request_line: str
) -> None:
    method, path = request_line.split(" ")
    assert_no_route(world_under(contract).api(method, path), method, path)
