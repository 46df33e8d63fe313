"""`GET /v1/campaigns`, `GET` and `PATCH /v1/campaigns/{id}` under the default contract."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.testing.recorded_events import RecordedEvents
from mock_sendpilot.world.events import CampaignChanged, Change, Event
from tests.api.expect import A_TIME, assert_error, assert_invalid
from tests.support import OTHER_KEY, Api

CAMPAIGNS = "/v1/campaigns"
STARTED, PAUSED, DRAFT, FINISHED = "camp_xyz789", "camp_nordic1", "camp_spring7", "camp_reconn3"
AS_ADDED = [STARTED, PAUSED, DRAFT, FINISHED]
NO_PERMISSION = "API key does not have permission to access this workspace"


@contextmanager
def recorded(emulator: Emulator) -> Iterator[list[Change]]:
    """Collect the changes that the demo workspace records meanwhile."""
    changes: list[Change] = []

    def collect(_workspace: object, event: Event) -> None:
        changes.append(event.change)

    with event_recorded.connected_to(collect, sender=emulator.workspaces()[0]):
        yield changes


def ids_of(api: Api, query: str = "") -> list[str]:
    return [item["id"] for item in api("GET", f"{CAMPAIGNS}{query}").json["campaigns"]]


def act(api: Api, campaign_id: str, action: str) -> Any:
    return api("PATCH", f"{CAMPAIGNS}/{campaign_id}", json={"action": action})


# --- the list -----------------------------------------------------------------------------------


def test_the_list_has_campaigns_and_pagination(api: Api) -> None:
    reply = api("GET", CAMPAIGNS)

    assert reply.status == 200
    assert list(reply.json) == ["campaigns", "pagination"]
    assert reply.json["pagination"] == {"total": 4, "page": 1, "limit": 20, "totalPages": 1}


def test_campaigns_are_listed_in_the_order_in_which_they_were_added(api: Api) -> None:
    assert ids_of(api) == AS_ADDED


@pytest.mark.parametrize(
    ("word", "found"),
    [
        pytest.param("all", {STARTED, PAUSED, DRAFT, FINISHED}, id="all"),
        pytest.param("active", {STARTED}, id="active finds what is started"),
        pytest.param("started", {STARTED}, id="started"),
        pytest.param("paused", {PAUSED}, id="paused"),
        pytest.param("draft", {DRAFT}, id="draft"),
        pytest.param("finished", {FINISHED}, id="finished"),
    ],
)
def test_a_filter_word_finds_the_campaigns_of_that_status(
    api: Api, word: str, found: set[str]
) -> None:
    assert set(ids_of(api, f"?status={word}")) == found


def test_the_pages_hold_every_campaign_once(api: Api) -> None:
    pages = [ids_of(api, f"?limit=3&page={page}") for page in (1, 2)]

    assert [len(page) for page in pages] == [3, 1]
    assert pages[0] + pages[1] == ids_of(api)


def test_the_pagination_counts_the_campaigns_of_the_filter(api: Api) -> None:
    reply = api("GET", f"{CAMPAIGNS}?status=paused&limit=1")

    assert reply.json["pagination"] == {"total": 1, "page": 1, "limit": 1, "totalPages": 1}


def test_a_page_after_the_last_is_empty(api: Api) -> None:
    reply = api("GET", f"{CAMPAIGNS}?page=2")

    assert reply.json["campaigns"] == []
    assert reply.json["pagination"] == {"total": 4, "page": 2, "limit": 20, "totalPages": 1}


@pytest.mark.parametrize("query", ["?page=100", "?limit=1", "?limit=100", "?foo=bar&offset=9"])
def test_limits_and_unknown_parameters_are_accepted(api: Api, query: str) -> None:
    assert api("GET", f"{CAMPAIGNS}{query}").status == 200


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("page=0", 'page: expected a whole number from 1 to 100, got "0"', id="page"),
        pytest.param("page=101", "page: expected a whole number from 1 to 100", id="page too high"),
        pytest.param("limit=0", "limit: expected a whole number from 1 to 100", id="limit"),
        pytest.param("limit=101", "limit: expected a whole number from 1 to 100", id="limit high"),
        pytest.param("limit=1.5", "limit: expected a whole number", id="limit with a fraction"),
        pytest.param("limit=", "limit: expected a whole number", id="limit empty"),
        pytest.param("limit=1&limit=2", 'got ["1","2"]', id="limit twice"),
        pytest.param("status=running", 'got "running"', id="unknown status"),
        pytest.param("status=STARTED", 'got "STARTED"', id="status in upper case"),
        pytest.param("status=", "status: expected one of", id="status empty"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(api: Api, query: str, says: str) -> None:
    assert_invalid(api("GET", f"{CAMPAIGNS}?{query}"), says)


# --- one campaign -------------------------------------------------------------------------------


def test_a_campaign_has_its_name_status_type_and_senders(api: Api) -> None:
    campaign = api("GET", f"{CAMPAIGNS}/{STARTED}").json
    facts = {key: campaign[key] for key in ("id", "name", "status", "type", "linkedInSenderIds")}

    assert facts == {
        "id": STARTED,
        "name": "SaaS founders, Q1",
        "status": "started",
        "type": "outreach",
        "linkedInSenderIds": ["sender_maria", "sender_tom"],
    }


def test_the_list_and_the_campaign_agree(api: Api) -> None:
    items = api("GET", CAMPAIGNS).json["campaigns"]
    details = [api("GET", f"{CAMPAIGNS}/{item['id']}").json for item in items]

    assert [{key: detail[key] for key in items[0]} for detail in details] == items


def test_the_metrics_repeat_the_flat_counters(api: Api) -> None:
    campaign = api("GET", f"{CAMPAIGNS}/{STARTED}").json
    metrics = dict(campaign["metrics"])

    assert metrics.pop("connectionsAccepted") <= campaign["connectionsSent"]
    assert metrics == {key: campaign[key] for key in metrics}


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_an_unknown_campaign_is_404(api: Api, method: str) -> None:
    body = {"action": "pause"} if method == "PATCH" else None
    reply = api(method, f"{CAMPAIGNS}/camp_nope", json=body)

    assert_error(reply, 404, "Campaign not found")


def test_the_campaign_of_another_workspace_is_404(api: Api) -> None:
    reply = api("GET", f"{CAMPAIGNS}/{STARTED}", key=OTHER_KEY)

    assert_error(reply, 404, "Campaign not found")


# --- scopes -------------------------------------------------------------------------------------


# --- transitions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("campaign_id", "action", "new_status", "message"),
    [
        pytest.param(STARTED, "pause", "paused", "Campaign paused successfully", id="pause"),
        pytest.param(PAUSED, "resume", "started", "Campaign resumed successfully", id="resume"),
    ],
)
def test_an_action_is_answered_as_in_the_vendors_example(
    api: Api, campaign_id: str, action: str, new_status: str, message: str
) -> None:
    reply = act(api, campaign_id, action)

    assert reply.status == 200
    assert list(reply.json.items()) == [
        ("success", True),
        ("campaignId", campaign_id),
        ("action", action),
        ("newStatus", new_status),
        ("message", message),
    ]


def test_an_action_changes_the_campaign_and_its_time(api: Api) -> None:
    before = api("GET", f"{CAMPAIGNS}/{STARTED}").json
    act(api, STARTED, "pause")
    after = api("GET", f"{CAMPAIGNS}/{STARTED}").json

    assert {key for key in before if before[key] != after[key]} == {"status", "updatedAt"}
    assert after["updatedAt"] > before["updatedAt"]


def test_a_paused_campaign_can_be_resumed_and_paused_again(api: Api) -> None:
    statuses = [act(api, STARTED, do).json["newStatus"] for do in ("pause", "resume", "pause")]

    assert statuses == ["paused", "started", "paused"]


@pytest.mark.parametrize(
    ("campaign_id", "action", "event_type", "who"),
    [
        pytest.param(STARTED, "pause", "campaign.paused", "pausedBy", id="pause"),
        pytest.param(PAUSED, "resume", "campaign.resumed", "resumedBy", id="resume"),
    ],
)
def test_an_action_causes_its_event(
    api: Api, *, sent: RecordedEvents, campaign_id: str, action: str, event_type: str, who: str
) -> None:
    act(api, campaign_id, action)
    data = sent.wait_for(event_type).data
    when = who.replace("By", "At")

    assert list(data) == ["campaignId", "campaignName", when, who]
    assert (data["campaignId"], data[who]) == (campaign_id, "api")
    assert A_TIME.fullmatch(data[when])


def test_an_action_causes_one_event_alone(api: Api, emulator: Emulator) -> None:
    with recorded(emulator) as events:
        act(api, STARTED, "pause")

    (change,) = events
    assert isinstance(change, CampaignChanged)
    assert (change.event_type, change.changed_by) == ("campaign.paused", "api")


@pytest.mark.parametrize(
    ("campaign_id", "action", "says"),
    [
        pytest.param(PAUSED, "pause", "is paused", id="pausing what is paused"),
        pytest.param(DRAFT, "pause", "is draft", id="pausing a draft"),
        pytest.param(FINISHED, "pause", "is finished", id="pausing what has finished"),
        pytest.param(STARTED, "resume", "is started", id="resuming what runs"),
        pytest.param(DRAFT, "resume", "is draft", id="resuming a draft"),
        pytest.param(FINISHED, "resume", "is finished", id="resuming what has finished"),
    ],
)
def test_an_action_that_does_not_fit_the_status_is_400_and_changes_nothing(
    api: Api, emulator: Emulator, campaign_id: str, action: str, says: str
) -> None:
    before = api("GET", f"{CAMPAIGNS}/{campaign_id}").json
    with recorded(emulator) as events:
        reply = act(api, campaign_id, action)

    assert_invalid(reply, "action: expected a campaign that is", says)
    assert api("GET", f"{CAMPAIGNS}/{campaign_id}").json == before
    assert events == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({}, "got nothing", id="missing"),
        pytest.param({"action": None}, "got null", id="null"),
        pytest.param({"action": ""}, 'got ""', id="empty"),
        pytest.param({"action": "stop"}, 'got "stop"', id="unknown"),
        pytest.param({"action": "PAUSE"}, 'got "PAUSE"', id="upper case"),
        pytest.param({"action": "start"}, 'got "start"', id="only the dashboard starts"),
        pytest.param({"action": "finish"}, 'got "finish"', id="only the dashboard finishes"),
        pytest.param({"action": ["pause"]}, 'got ["pause"]', id="a list"),
    ],
)
def test_a_bad_action_is_refused(api: Api, body: dict[str, object], says: str) -> None:
    reply = api("PATCH", f"{CAMPAIGNS}/{STARTED}", json=body)

    assert_invalid(reply, "action: expected one of pause, resume", says)


def test_other_fields_of_the_body_are_ignored(api: Api) -> None:
    body = {"action": "pause", "reason": "holidays", "status": "finished"}

    assert api("PATCH", f"{CAMPAIGNS}/{STARTED}", json=body).json["newStatus"] == "paused"
