"""The demo world shows every operation with every field filled, and has pages in every list."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.openapi import operations, specification
from tests.support import DEMO_KEY, OTHER_KEY, Api, in_process

LONG = "/v1/inbox/conversations/2-IM8BEmHfM3Yt8yGWEiiSrw/messages?accountId=sender_tom"
LISTS = {
    "campaigns": ("/v1/campaigns", OTHER_KEY),
    "leads": ("/v1/leads", DEMO_KEY),
    "conversations": ("/v1/inbox/conversations", DEMO_KEY),
    "conversations by page": ("/v1/inbox/conversations?page=1", DEMO_KEY),
    "messages": (LONG, DEMO_KEY),
}
JOHN = "https://www.linkedin.com/in/john-doe"
NEW = "https://www.linkedin.com/in/somebody-new"
SEARCH = {"name": "CFOs", "limit": 50, "filters": {"job_titles": ["CFO"]}}
EXTRACTION = {
    "name": "CFOs", "limit": 50, "mode": "with_enrichment", "url_type": "linkedin_search",
    "urls": ["https://www.linkedin.com/search/results/people/"],
}  # fmt: skip
MESSAGE = {"senderId": "sender_maria", "message": "Hi"}
SENT = {**MESSAGE, "recipientLinkedinUrl": JOHN, "leadId": "lead_abc123"}


class Tour:
    """Calls every operation with everything in the demo world, and keeps the replies."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.replies: dict[str, list[Any]] = {}

    def request(self, name: str, line: str, body: object = None, key: str = DEMO_KEY) -> Any:
        method, path = line.split()
        reply = self._api(method, path, json=body, key=key)
        assert reply.status in {200, 201}, (line, reply.body)
        self.replies.setdefault(name, []).append(reply.json)
        return reply.json

    def whole(self) -> None:
        for key in (DEMO_KEY, OTHER_KEY):
            self.request("workspace.me", "GET /v1/me", key=key)
            self.request("credits.get", "GET /v1/credits", key=key)
        self.request("senders.quotas", "GET /v1/senders/quotas")
        self.request("leadDatabase.filters", "GET /v1/lead-database/filters")
        self.request(
            "leadDatabase.filters", "GET /v1/lead-database/filters?filter=seniority_levels"
        )
        self._campaigns_and_leads()
        self._inbox()
        searches = "leadDatabase.startSearch", "/v1/lead-database/searches", SEARCH
        self._jobs("leadDatabase", "Search", *searches)
        extractions = "leadExtractor.startExtraction", "/v1/lead-extractor/campaigns", EXTRACTION
        self._jobs("leadExtractor", "", *extractions)

    def _campaigns_and_leads(self) -> None:
        found = self.request("campaigns.list", "GET /v1/campaigns")
        for campaign in found.get("campaigns", found.get("data")):
            self.request("campaigns.get", f"GET /v1/campaigns/{campaign['id']}")
            leads = f"GET /v1/leads?campaignId={campaign['id']}&full=true&limit=100"
            for lead in self.request("leads.list", leads)["leads"]:
                self.request("leads.get", f"GET /v1/leads/{lead['id']}?full=true")
        self.request("campaigns.update", "PATCH /v1/campaigns/camp_xyz789", {"action": "pause"})
        entries = [{"linkedinUrl": NEW}, {"linkedinUrl": JOHN}, {"linkedinUrl": "nope"}]
        new = {"campaignId": "camp_nordic1", "leads": entries}
        self.request("leads.add", "POST /v1/leads", new)
        status = "PATCH /v1/leads/lead_abc123/status"
        self.request("leads.updateStatus", status, {"status": "DONE"})

    def _inbox(self) -> None:
        listed, inbox = "inbox.listConversations", "/v1/inbox"
        self.request(listed, f"GET {inbox}/conversations?page=1&limit=40")
        for one in self.request(listed, f"GET {inbox}/conversations?limit=30")["conversations"]:
            path = f"{inbox}/conversations/{one['id']}/messages?accountId={one['accountId']}"
            self.request("inbox.listMessages", f"GET {path}")
        self.request("inbox.listSenders", f"GET {inbox}/senders")
        body = {"senderId": "sender_maria", "recipientLinkedinUrl": NEW}
        self.request("inbox.sendConnectionRequest", f"POST {inbox}/connect", body)
        self.request("inbox.sendMessage", f"POST {inbox}/send", SENT)
        self.request("inbox.sendMessageToLead", f"POST {inbox}/send/lead/lead_abc123", MESSAGE)

    def _jobs(self, tag: str, what: str, start: str, path: str, body: object) -> None:
        for action in ("complete", "fail"):
            job = self.request(start, f"POST {path}", body)["id"]
            self.request(f"{tag}.get{what}Status", f"GET {path}/{job}/status")
            self._api("POST", f"/_emulate/jobs/{job}/simulate", json={"action": action})
            self.request(f"{tag}.get{what}Status", f"GET {path}/{job}/status")
            self.request(f"{tag}.get{what}Results", f"GET {path}/{job}/results")


def declared(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The paths of a schema's fields."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}"
        yield from declared(inner, f"{path}{name}.")
    if "items" in schema:
        yield from declared(schema["items"], path)


def filled(value: object, path: str = "") -> Iterator[str]:
    """The paths at which something other than null stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if inner is not None:
                yield f"{path}{name}"
            yield from filled(inner, f"{path}{name}.")
    if isinstance(value, list):
        for inner in value:
            yield from filled(inner, path)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_field_of_every_reply_is_filled_somewhere(
    make_emulator: Callable[..., Emulator], contract: str
) -> None:
    app = create_app(make_emulator(contract))
    tour = Tour(in_process(app.test_client()))
    tour.whole()

    document = specification(app, CONTRACTS[contract])
    empty = []
    for methods in document["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            (success,) = (reply for code, reply in operation["responses"].items() if code < "300")
            fields = set(declared(success["content"]["application/json"]["schema"]))
            found = {path for reply in tour.replies[name] for path in filled(reply)}
            empty += sorted(f"{name}: {field}" for field in fields - found)
    assert empty == []
    assert {*tour.replies} == {one.id for _, _, one, _ in operations(app)}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_more_than_a_page(emulator: Emulator, name: str) -> None:
    path, key = LISTS[name]
    api = in_process(create_app(emulator).test_client())
    pagination = api("GET", path, key=key).json["pagination"]

    assert pagination.get("hasMore", pagination.get("totalPages", 0) > 1) is True


def test_a_person_has_a_picture_in_the_inbox_and_as_a_lead(emulator: Emulator) -> None:
    api = in_process(create_app(emulator).test_client())
    people = [
        one["participants"][0]
        for one in api("GET", "/v1/inbox/conversations?limit=100").json["conversations"]
    ]

    assert sum("profilePicture" in person for person in people) > len(people) / 2


def test_a_premium_sender_and_one_without_are_active(emulator: Emulator) -> None:
    senders = emulator.workspaces()[0].store.senders()

    assert {one.is_premium for one in senders if one.status == "active"} == {True, False}
