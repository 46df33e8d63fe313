"""`POST /_emulate/events`: events by hand, and what they leave as it is."""

from typing import Any

import pytest

from mock_sendpilot.contracts import vocabulary as words
from tests.api.expect import assert_error
from tests.control.expect import assert_invalid
from tests.support import OTHER_KEY, Api, ApiUnder, Reply

EVENTS = "/_emulate/events"
LEAD = "lead_abc123"  # REPLY_RECEIVED, in camp_xyz789, of sender_maria
CAMPAIGN = "camp_xyz789"  # started
STATE = (
    f"/v1/leads/{LEAD}?full=true",
    f"/v1/campaigns/{CAMPAIGN}",
    "/v1/inbox/conversations?limit=40",
    "/v1/senders/quotas",
    "/v1/credits",
)
"""The subjects of events, as the vendor's API returns them."""


def trigger(api: Api, event_type: str, **wanted: Any) -> Reply:
    return api("POST", EVENTS, json={"eventType": event_type, **wanted})


def caused(api: Api, event_type: str, **wanted: Any) -> dict[str, Any]:
    """The answer to one that is applied."""
    reply = trigger(api, event_type, withEffects=True, **wanted)
    assert reply.status == 201, reply.body
    found: dict[str, Any] = reply.json
    return found


def search(api: Api) -> str:
    body = {"name": "S", "limit": 3, "filters": {"job_titles": ["CFO"]}}
    reply = api("POST", "/v1/lead-database/searches", json=body)
    return str(reply.json["id"])


def extraction(api: Api) -> str:
    body = {
        "name": "X",
        "limit": 3,
        "url_type": "linkedin_search",
        "urls": ["https://www.linkedin.com/search/results/people/?keywords=CFO"],
    }
    reply = api("POST", "/v1/lead-extractor/campaigns", json=body)
    return str(reply.json["id"])


def subject(api: Api, event_type: str) -> dict[str, str]:
    if event_type == words.SEARCH_COMPLETED:
        return {"jobId": search(api)}
    if event_type == words.EXTRACTION_COMPLETED:
        return {"jobId": extraction(api)}
    return {"campaignId": CAMPAIGN} if event_type.startswith("campaign.") else {"leadId": LEAD}


# --- responses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", ["documented", "live"])
@pytest.mark.parametrize("event_type", words.EVENT_TYPES)
def test_an_event_is_sent_and_nothing_else_changes(
    api_under: ApiUnder, contract: str, event_type: str
) -> None:
    options = {"lead_events": "live"} if event_type == words.LEAD_TAG_UPDATED else {}
    api = api_under(contract, **options)
    api("POST", "/_emulate/clock", json={"freeze": True})
    about = subject(api, event_type)
    before = [api("GET", path).body for path in STATE]
    reply = trigger(api, event_type, **about)

    assert (reply.status, reply.json["origin"]) == (201, "trigger")
    assert next(iter(about.values())) in reply.json["body"]["data"].values()
    assert [api("GET", path).body for path in STATE] == before
    assert [one["id"] for one in api("GET", EVENTS).json["events"]] == [reply.json["id"]]


def test_the_reply_is_the_whole_event(api: Api) -> None:
    reply = trigger(
        api, "lead.updated", leadId=LEAD, overrides={"newStatus": "WON", "changedBy": None}
    )
    event = reply.json

    assert list(event) == [
        "id", "eventType", "sequence", "occurredAt", "leadId", "origin", "cause",
        "deliveries", "body",
    ]  # fmt: skip
    assert event == api("GET", f"{EVENTS}/{event['id']}").json
    assert (event["eventType"], event["leadId"]) == ("lead.status.changed", LEAD)
    assert event["body"]["eventId"] == event["id"]
    data = event["body"]["data"]
    assert (data["previousStatus"], data["newStatus"]) == ("REPLY_RECEIVED", "WON")
    assert data["changedBy"] is None


def test_an_event_without_an_endpoint_has_no_deliveries(api: Api) -> None:
    assert trigger(api, "message.sent", leadId=LEAD).json["deliveries"] == []


def test_the_reply_has_the_deliveries_of_the_event(api: Api) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    endpoint = api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/"}).json
    (delivery,) = trigger(api, "message.sent", leadId=LEAD).json["deliveries"]

    assert (delivery["endpointId"], delivery["state"]) == (endpoint["id"], "pending")
    assert api("GET", f"/_emulate/deliveries/{delivery['id']}").status == 200


# --- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({}, "eventType: expected a non-empty string, got nothing", id="nothing"),
        pytest.param({"eventType": 3}, "eventType: expected a non-empty string", id="number"),
        pytest.param(
            {"eventType": "lead.status.change", "leadId": LEAD},
            "did you mean 'lead.status.changed'?",
            id="unknown event",
        ),
        pytest.param(
            {"eventType": "campaign.paused", "leadId": LEAD},
            "campaignId is required",
            id="no campaign",
        ),
        pytest.param(
            {"eventType": words.SEARCH_COMPLETED, "leadId": LEAD}, "jobId is required", id="no job"
        ),
        pytest.param(
            {"eventType": "message.sent", "leadId": LEAD, "overrides": []},
            "overrides: expected a JSON object, got []",
            id="set is an array",
        ),
        pytest.param(
            {"eventType": "message.sent", "leadId": LEAD, "overrides": {"mesagePreview": "x"}},
            "did you mean 'messagePreview'?",
            id="unknown key",
        ),
        pytest.param(
            {"eventType": "message.sent", "leadId": LEAD, "withEffects": "yes"},
            "withEffects: expected true or false",
            id="with effects",
        ),
        pytest.param(
            {"eventType": "message.sent", "lead": LEAD}, "did you mean 'leadId'?", id="field"
        ),
        pytest.param(
            {"eventType": "lead.tag.updated", "leadId": LEAD},
            "contract 'documented' does not send 'lead.tag.updated'; live does",
            id="tag",
        ),
    ],
)
def test_an_invalid_trigger_is_refused_and_not_recorded(
    api: Api, body: dict[str, Any], says: str
) -> None:
    assert_invalid(api("POST", EVENTS, json=body), says)
    assert api("GET", EVENTS).json["events"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"eventType": "message.sent", "leadId": "x"}, "Lead not found", id="lead"),
        pytest.param(
            {"eventType": "campaign.paused", "campaignId": "x"}, "Campaign not found", id="campaign"
        ),
        pytest.param(
            {"eventType": words.SEARCH_COMPLETED, "jobId": "x"}, "Search not found", id="search"
        ),
    ],
)
@pytest.mark.parametrize("with_effects", [False, True], ids=["sent", "with effects"])
def test_a_missing_subject_is_404(
    api: Api, body: dict[str, Any], message: str, with_effects: bool
) -> None:
    assert_error(api("POST", EVENTS, json={**body, "withEffects": with_effects}), 404, message)


def test_a_lead_of_another_workspace_is_404(api: Api) -> None:
    reply = api("POST", EVENTS, key=OTHER_KEY, json={"eventType": "message.sent", "leadId": LEAD})

    assert_error(reply, 404, "Lead not found")


def test_a_key_is_needed(api: Api) -> None:
    assert api("POST", EVENTS, key=None, json={"eventType": "message.sent"}).status == 401


# --- with effects, as the vendor's API returns them --------------------------------------------


@pytest.mark.parametrize("name", ["lead.updated", "lead.status.changed"])
def test_a_trigger_with_effects_sets_a_status(api: Api, name: str) -> None:
    event = caused(api, name, leadId=LEAD, overrides={"newStatus": "OPPORTUNITY"})

    assert api("GET", f"/v1/leads/{LEAD}").json["status"] == "OPPORTUNITY"
    assert (event["eventType"], event["origin"]) == ("lead.status.changed", "change")
    assert event["body"]["data"]["newStatus"] == "OPPORTUNITY"


def test_a_trigger_with_effects_sets_a_tag(api_under: ApiUnder) -> None:
    api = api_under("live")
    event = caused(api, "lead.tag.updated", leadId=LEAD, overrides={"newTag": "INTERESTED"})

    assert event["body"]["data"]["newTag"] == "INTERESTED"
    assert api("GET", f"/v1/leads/{LEAD}?full=true").json["customLeadStatus"] == "INTERESTED"


def newest_message(api: Api) -> dict[str, Any]:
    conversation = api("GET", "/v1/inbox/conversations?limit=1").json["conversations"][0]
    last: dict[str, Any] = conversation["lastMessage"]
    return last


@pytest.mark.parametrize(
    ("event_type", "key", "direction", "counter"),
    [
        pytest.param("message.sent", "messagePreview", "sent", "messagesSent", id="message"),
        pytest.param("reply.received", "replyPreview", "received", "repliesReceived", id="reply"),
    ],
)
def test_a_trigger_with_effects_writes_and_counts_a_message(
    api: Api, event_type: str, key: str, direction: str, counter: str
) -> None:
    before = api("GET", f"/v1/campaigns/{CAMPAIGN}").json[counter]
    event = caused(api, event_type, leadId=LEAD, overrides={key: "Call me Tuesday"})
    last = newest_message(api)

    assert event["body"]["data"][key] == "Call me Tuesday"
    assert (last["content"], last["direction"]) == ("Call me Tuesday", direction)
    assert api("GET", f"/v1/campaigns/{CAMPAIGN}").json[counter] == before + 1


def test_a_trigger_with_effects_requests_and_accepts_a_connection(api: Api) -> None:
    lead = "lead_az4fr5"  # PENDING
    sent = caused(api, "connection.sent", leadId=lead, overrides={"note": "Hello"})
    asked = api("GET", f"/v1/leads/{lead}").json["status"]
    caused(api, "connection.accepted", leadId=lead)

    assert sent["body"]["data"]["note"] == "Hello"
    assert asked == "CONNECTION_SENT"
    assert api("GET", f"/v1/leads/{lead}").json["status"] == "CONNECTION_ACCEPTED"


def test_another_sender_can_be_the_cause(api: Api) -> None:
    event = caused(api, "connection.sent", leadId="lead_az4fr5", senderId="sender_tom")

    assert event["body"]["data"]["senderId"] == "sender_tom"


@pytest.mark.parametrize(
    ("event_type", "campaign_id", "status"),
    [
        pytest.param("campaign.started", "camp_spring7", "started", id="start"),
        pytest.param("campaign.paused", "camp_xyz789", "paused", id="pause"),
        pytest.param("campaign.resumed", "camp_nordic1", "started", id="resume"),
        pytest.param("campaign.finished", "camp_nordic1", "finished", id="finish"),
    ],
)
def test_a_trigger_with_effects_changes_a_campaign(
    api: Api, event_type: str, campaign_id: str, status: str
) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    event = caused(api, event_type, campaignId=campaign_id)

    assert event["eventType"] == event_type
    assert event["body"]["data"]["campaignId"] == campaign_id
    assert api("GET", f"/v1/campaigns/{campaign_id}").json["status"] == status


def test_a_lead_that_an_event_is_not_about_is_ignored(api: Api) -> None:
    event = caused(api, "campaign.paused", campaignId="camp_xyz789", leadId=LEAD)

    assert (event["eventType"], event["leadId"]) == ("campaign.paused", None)


def test_a_trigger_with_effects_completes_a_search_and_takes_its_credits(api: Api) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    before = api("GET", "/v1/credits").json["available"]
    job = search(api)
    event = caused(api, "lead_database.search.completed", jobId=job)
    found = event["body"]["data"]["total_leads_found"]

    assert found > 0
    assert api("GET", f"/v1/lead-database/searches/{job}/status").json["status"] == "completed"
    assert api("GET", "/v1/credits").json["available"] == before - found


def test_a_trigger_with_effects_completes_an_extraction(api: Api) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    job = extraction(api)
    event = caused(api, "lead_extractor.job.completed", jobId=job)

    assert event["body"]["data"]["total_leads_extracted"] == 3
    assert api("GET", f"/v1/lead-extractor/campaigns/{job}/status").json["status"] == "FINISHED"


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        pytest.param(
            {"eventType": "connection.accepted", "leadId": LEAD},
            "got a connection",
            id="accept twice",
        ),
        pytest.param(
            {"eventType": "connection.sent", "leadId": LEAD},
            "is connected already",
            id="ask who is connected",
        ),
        pytest.param(
            {"eventType": "message.received", "leadId": "lead_az4fr5"},
            "do connection_sent and accept_connection first",
            id="reply of a stranger",
        ),
        pytest.param(
            {"eventType": "message.sent", "leadId": LEAD, "senderId": "sender_x"},
            "senderId: expected",
            id="unknown sender",
        ),
        pytest.param(
            {"eventType": "campaign.resumed", "campaignId": CAMPAIGN},
            "expected a campaign that is paused",
            id="resume what runs",
        ),
        pytest.param(
            {"eventType": "campaign.started", "campaignId": "camp_reconn3"},
            "expected a campaign that is draft",
            id="start what is finished",
        ),
        pytest.param(
            {"eventType": "message.sent", "leadId": LEAD, "overrides": {"sequenceStep": 3}},
            "takes only message or messagePreview",
            id="a key that cannot have effects",
        ),
    ],
)
def test_an_effect_that_cannot_happen_is_refused_and_changes_nothing(
    api: Api, wanted: dict[str, Any], says: str
) -> None:
    before = [api("GET", path).body for path in STATE]
    assert_invalid(api("POST", EVENTS, json={**wanted, "withEffects": True}), says)

    assert api("GET", EVENTS).json["events"] == []
    assert [api("GET", path).body for path in STATE] == before


def test_a_job_is_not_completed_twice(api: Api) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    job = search(api)
    caused(api, "lead_database.search.completed", jobId=job)
    reply = trigger(api, "lead_database.search.completed", jobId=job, withEffects=True)

    assert_invalid(reply, "expected one that is pending or running, got done")


def test_the_current_status_of_a_lead_is_refused(api: Api) -> None:
    same = {"newStatus": "REPLY_RECEIVED"}
    reply = trigger(api, "lead.updated", leadId=LEAD, withEffects=True, overrides=same)

    assert_invalid(reply, "lead.status.changed was not caused: nothing has changed")
    assert api("GET", EVENTS).json["events"] == []
