"""Differences between the contracts in the campaigns API, and counters that follow events."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.world.events import CampaignChanged, Event
from mock_sendpilot.world.models import ApiKey, Campaign, Sender, Step
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.api.expect import assert_invalid
from tests.conftest import NOW, Serve
from tests.support import Api, ApiUnder

CAMPAIGNS = "/v1/campaigns"
STARTED, PAUSED = "camp_xyz789", "camp_nordic1"
CONTRACTS = ("documented", "example", "schema", "live")
ENVELOPE = {name: ["campaigns", "pagination"] for name in CONTRACTS} | {"example": ["data", "meta"]}
STATUSES = {name: {"started", "paused", "draft", "finished"} for name in CONTRACTS} | {
    "example": {"STARTED", "PAUSED", "DRAFT", "FINISHED"}
}
COUNTERS = ["connectionsSent", "messagesSent", "repliesReceived"]
TIMES = ["createdAt", "updatedAt"]
COUNTED = ["id", "name", "status", "totalLeads", *COUNTERS, *TIMES]
ITEM = dict.fromkeys(CONTRACTS, COUNTED) | {
    "example": ["id", "name", "status", "totalLeads", *TIMES]
}
START = ["id", "name", "status", "type", "totalLeads"]
SENDERS = "linkedInSenderIds"
DETAIL = {
    "documented": [*START, *COUNTERS, "metrics", SENDERS, "description", *TIMES],
    "example": ["id", "name", "status", "totalLeads", "metrics", *TIMES],
    "schema": [*START, *COUNTERS, SENDERS, "description", *TIMES],
    "live": [*START, "leadsContacted", *COUNTERS, SENDERS, *TIMES],
}
FILTERS = {
    "documented": ["all", "active", "started", "paused", "draft", "finished"],
    "example": ["started", "paused", "draft", "finished"],
    "schema": ["all", "active", "paused", "draft", "finished"],
    "live": ["all", "active", "paused", "draft", "finished"],
}
EVERY_WORD = ["all", "active", "started", "paused", "draft", "finished"]
RUNNING = {
    "documented": ["active", "started"],
    "example": ["started"],
    "schema": ["active"],
    "live": ["active"],
}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_list_has_the_envelope_of_the_contract(api_under: ApiUnder, contract: str) -> None:
    found = api_under(contract)("GET", CAMPAIGNS).json

    assert list(found) == ENVELOPE[contract]
    assert list(found[ENVELOPE[contract][1]]) == ["total", "page", "limit", "totalPages"]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_campaigns_of_the_list_have_the_keys_of_the_contract(
    api_under: ApiUnder, contract: str
) -> None:
    items = api_under(contract)("GET", CAMPAIGNS).json[ENVELOPE[contract][0]]

    assert [list(item) for item in items] == [ITEM[contract]] * 4


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_campaign_has_the_keys_of_the_contract(api_under: ApiUnder, contract: str) -> None:
    assert list(api_under(contract)("GET", f"{CAMPAIGNS}/{STARTED}").json) == DETAIL[contract]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_statuses_have_the_spelling_of_the_contract(api_under: ApiUnder, contract: str) -> None:
    items = api_under(contract)("GET", CAMPAIGNS).json[ENVELOPE[contract][0]]

    assert {item["status"] for item in items} == STATUSES[contract]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_accepts_its_filter_words_and_no_others(
    api_under: ApiUnder, contract: str
) -> None:
    api = api_under(contract)
    taken = [word for word in EVERY_WORD if api("GET", f"{CAMPAIGNS}?status={word}").status == 200]

    assert taken == FILTERS[contract]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_refusal_names_the_filter_words_of_the_contract(
    api_under: ApiUnder, contract: str
) -> None:
    reply = api_under(contract)("GET", f"{CAMPAIGNS}?status=nope")

    words = ", ".join(FILTERS[contract])
    assert_invalid(reply, f'status: expected one of {words}, got "nope"')


@pytest.mark.parametrize(
    ("contract", "word"), [(name, word) for name, words in RUNNING.items() for word in words]
)
def test_a_started_campaign_is_found_by_the_word_of_the_contract(
    api_under: ApiUnder, contract: str, word: str
) -> None:
    found = api_under(contract)("GET", f"{CAMPAIGNS}?status={word}").json

    assert [item["id"] for item in found[ENVELOPE[contract][0]]] == [STARTED]


def test_the_live_contract_counts_the_leads_that_were_contacted(api_under: ApiUnder) -> None:
    campaign = api_under("live")("GET", f"{CAMPAIGNS}/{STARTED}").json

    # in the demo world 31 leads, of whom 6 are PENDING
    assert (campaign["totalLeads"], campaign["leadsContacted"]) == (31, 25)


@pytest.mark.parametrize("contract", ["documented", "schema", "live"])
def test_the_reply_to_an_action_is_the_same_where_statuses_are_in_lower_case(
    api_under: ApiUnder, contract: str
) -> None:
    reply = api_under(contract)("PATCH", f"{CAMPAIGNS}/{STARTED}", json={"action": "pause"})

    assert reply.json == {
        "success": True,
        "campaignId": STARTED,
        "action": "pause",
        "newStatus": "paused",
        "message": "Campaign paused successfully",
    }


@pytest.mark.parametrize(
    ("option", "value", "path", "keys"),
    [
        ("campaign_list", "example", "", ["data", "meta"]),
        ("campaign_detail", "live", f"/{STARTED}", DETAIL["live"]),
    ],
)
def test_an_option_changes_the_keys_alone(
    api_under: ApiUnder, option: str, value: str, path: str, keys: list[str]
) -> None:
    assert list(api_under("documented", **{option: value})("GET", CAMPAIGNS + path).json) == keys


# --- repeated actions ---------------------------------------------------------------------------


@contextmanager
def recorded(workspace: Workspace) -> Iterator[list[Event]]:
    events: list[Event] = []

    def collect(_workspace: object, event: Event) -> None:
        events.append(event)

    with event_recorded.connected_to(collect, sender=workspace):
        yield events


@pytest.mark.parametrize(
    ("campaign_id", "action", "status"),
    [
        pytest.param(PAUSED, "pause", "paused", id="pausing what is paused"),
        pytest.param(STARTED, "resume", "started", id="resuming what runs"),
    ],
)
def test_a_repeated_action_can_be_accepted_without_an_event(
    serve: Serve,
    make_emulator: Callable[..., Emulator],
    campaign_id: str,
    action: str,
    status: str,
) -> None:
    emulator = make_emulator(repeat_action="accepted")
    api = serve(emulator)
    path = f"{CAMPAIGNS}/{campaign_id}"
    before = api("GET", path).json
    with recorded(emulator.workspaces()[0]) as events:
        reply = api("PATCH", path, json={"action": action})

    assert (reply.status, reply.json["success"], reply.json["newStatus"]) == (200, True, status)
    assert events == []
    assert api("GET", path).json == before


@pytest.mark.parametrize("campaign_id", ["camp_spring7", "camp_reconn3"])
@pytest.mark.parametrize("action", ["pause", "resume"])
def test_an_action_that_is_no_repetition_is_still_refused(
    api_under: ApiUnder, campaign_id: str, action: str
) -> None:
    api = api_under("documented", repeat_action="accepted")
    reply = api("PATCH", f"{CAMPAIGNS}/{campaign_id}", json={"action": action})

    assert_invalid(reply, "action: expected a campaign that is")


# --- counters -----------------------------------------------------------------------------------

MADE = "camp_made"
LEADS = 3


@pytest.fixture
def world(serve: Serve) -> Iterator[tuple[Workspace, Api]]:
    """A campaign of two steps in which everybody accepts and replies, on a clock of its own."""
    an_hour = timedelta(hours=1)
    answered = {"response_rate": 1.0, "responds_after": (an_hour, an_hour), "after": an_hour}
    steps = (Step(kind="connect", **answered), Step(kind="message", **answered))  # type: ignore[arg-type]
    sender = Sender(
        id="sender_1", name="Rep", linkedin_url="https://www.linkedin.com/in/rep", status="active"
    )
    campaign = Campaign(
        id=MADE,
        name="Made",
        status="started",
        sender_ids=(sender.id,),
        created_at=NOW,
        updated_at=NOW,
        sequence=steps,
        enrolls="added",
    )
    seed = WorkspaceSeed(
        id="ws_made",
        name="Made",
        api_keys=(ApiKey(key="key_made"),),
        senders=(sender,),
        campaigns=(campaign,),
    )
    emulator = Emulator(contract=named_contract("live", ()), random_seed="tests")
    workspace = emulator.add_workspace(seed, clock=ManualClock(NOW))
    api = serve(emulator)
    people = [{"linkedinUrl": f"https://www.linkedin.com/in/person-{n}"} for n in range(LEADS)]
    api("POST", "/v1/leads", key="key_made", json={"campaignId": MADE, "leads": people})
    yield workspace, api
    emulator.close()


def counters(api: Api) -> Any:
    campaign = api("GET", f"{CAMPAIGNS}/{MADE}", key="key_made").json
    return [campaign[key] for key in ("totalLeads", "leadsContacted", *COUNTERS)]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        pytest.param(0.9, [LEADS, 0, 0, 0, 0], id="before the first step"),
        pytest.param(1, [LEADS, LEADS, LEADS, 0, 0], id="requests are sent"),
        pytest.param(2, [LEADS, LEADS, LEADS, 0, 0], id="they are accepted"),
        pytest.param(3, [LEADS, LEADS, LEADS, LEADS, 0], id="messages are sent"),
        pytest.param(4, [LEADS, LEADS, LEADS, LEADS, LEADS], id="replies are received"),
    ],
)
def test_counters_follow_from_what_happens(
    world: tuple[Workspace, Api], hours: float, expected: list[int]
) -> None:
    workspace, api = world
    workspace.advance(timedelta(hours=hours))

    assert counters(api) == expected


def act(api: Api, action: str) -> None:
    reply = api("PATCH", f"{CAMPAIGNS}/{MADE}", key="key_made", json={"action": action})
    assert reply.status == 200, reply.body


def test_a_paused_campaign_sends_nothing(world: tuple[Workspace, Api]) -> None:
    workspace, api = world
    act(api, "pause")
    workspace.advance(timedelta(days=30))

    assert counters(api) == [LEADS, 0, 0, 0, 0]


def test_a_resumed_campaign_goes_on_where_it_was(world: tuple[Workspace, Api]) -> None:
    workspace, api = world
    act(api, "pause")
    workspace.advance(timedelta(days=30))
    act(api, "resume")
    workspace.advance(timedelta(hours=3))

    assert counters(api) == [LEADS] * 5


def test_a_campaign_finishes_when_all_its_leads_are_done(world: tuple[Workspace, Api]) -> None:
    workspace, api = world
    with recorded(workspace) as events:
        workspace.advance(timedelta(hours=4))
    changes = [event.change for event in events]
    event_types = [one.event_type for one in changes if isinstance(one, CampaignChanged)]

    assert event_types == ["campaign.finished"]
    assert api("GET", f"{CAMPAIGNS}/{MADE}", key="key_made").json["status"] == "finished"
