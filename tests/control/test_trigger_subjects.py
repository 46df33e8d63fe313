"""`POST /_emulate/events` without saying of what: something suitable is taken, and named."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.control.shipped_seeds import empty_seed
from mock_sendpilot.emulator import Emulator
from tests.api.world import MakeWorld
from tests.control.expect import assert_invalid
from tests.control.test_trigger import extraction, search, trigger
from tests.support import Api, ApiUnder, in_process

FIRST_LEAD = "lead_abc123"  # of sender_maria, REPLY_RECEIVED


def chosen(api: Api, event_type: str, **wanted: Any) -> str:
    reply = trigger(api, event_type, **wanted)
    assert reply.status == 201, reply.body
    ((_, found),) = reply.json["chosen"].items()
    assert found in reply.json["body"]["data"].values()
    return str(found)


def status(api: Api, lead_id: str) -> str:
    return str(api("GET", f"/v1/leads/{lead_id}").json["status"])


@pytest.mark.parametrize(
    ("event_type", "statuses"),
    [
        pytest.param("lead.status.changed", {"REPLY_RECEIVED"}, id="status"),
        pytest.param("message.received", {"REPLY_RECEIVED"}, id="reply"),
        pytest.param("connection.sent", {"PENDING"}, id="request"),
        pytest.param("connection.accepted", {"CONNECTION_SENT"}, id="acceptance"),
    ],
)
def test_a_lead_that_the_event_suits_is_chosen(
    api: Api, event_type: str, statuses: set[str]
) -> None:
    assert status(api, chosen(api, event_type)) in statuses


def test_the_first_lead_that_suits_is_chosen(api: Api) -> None:
    assert chosen(api, "message.sent") == FIRST_LEAD


@pytest.mark.parametrize(
    ("event_type", "campaign"),
    [
        pytest.param("campaign.started", "camp_xyz789", id="started"),
        pytest.param("campaign.paused", "camp_nordic1", id="paused"),
        pytest.param("campaign.resumed", "camp_xyz789", id="resumed"),
        pytest.param("campaign.finished", "camp_reconn3", id="finished"),
    ],
)
def test_a_campaign_in_that_state_is_chosen(api: Api, event_type: str, campaign: str) -> None:
    assert chosen(api, event_type) == campaign


@pytest.mark.parametrize(
    ("event_type", "campaign"),
    [
        pytest.param("campaign.started", "camp_spring7", id="start"),
        pytest.param("campaign.paused", "camp_xyz789", id="pause"),
        pytest.param("campaign.resumed", "camp_nordic1", id="resume"),
        pytest.param("campaign.finished", "camp_xyz789", id="finish"),
    ],
)
def test_a_campaign_that_can_change_so_is_chosen(api: Api, event_type: str, campaign: str) -> None:
    assert chosen(api, event_type, withEffects=True) == campaign


@pytest.mark.parametrize(
    ("event_type", "overrides", "before"),
    [
        pytest.param("message.sent", {"messagePreview": "Hi"}, "REPLY_RECEIVED", id="message"),
        pytest.param("connection.sent", {}, "PENDING", id="request"),
        pytest.param("connection.accepted", {}, "CONNECTION_SENT", id="acceptance"),
        pytest.param("lead.status.changed", {"newStatus": "DONE"}, "REPLY_RECEIVED", id="status"),
    ],
)
def test_a_lead_to_which_it_can_happen_is_chosen(
    api_under: ApiUnder, event_type: str, overrides: dict[str, str], before: str
) -> None:
    lead = chosen(api_under("documented"), event_type, withEffects=True, overrides=overrides)

    assert status(api_under("documented"), lead) == before


def test_a_lead_that_has_the_status_already_is_not_chosen(api: Api) -> None:
    lead = chosen(
        api,
        "lead.status.changed",
        withEffects=True,
        overrides={"newStatus": status(api, FIRST_LEAD)},
    )

    assert lead != FIRST_LEAD


@pytest.mark.parametrize(
    ("event_type", "start"),
    [
        pytest.param(words.SEARCH_COMPLETED, search, id="search"),
        pytest.param(words.EXTRACTION_COMPLETED, extraction, id="extraction"),
    ],
)
def test_the_latest_job_is_chosen(api: Api, event_type: str, start: Callable[[Api], str]) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    jobs = [start(api), start(api)]

    assert chosen(api, event_type) == jobs[1]
    assert chosen(api, event_type, withEffects=True) == jobs[1]
    assert chosen(api, event_type, withEffects=True) == jobs[0]
    assert_invalid(
        trigger(api, event_type, withEffects=True), "that is not over; start one with POST /v1"
    )


def test_a_lead_of_the_named_campaign_is_chosen(api: Api) -> None:
    lead = chosen(api, "message.sent", campaignId="camp_nordic1")

    assert api("GET", f"/v1/leads/{lead}").json["campaignId"] == "camp_nordic1"


def test_a_named_sender_has_to_know_the_lead(api: Api) -> None:
    reply = trigger(api, "message.sent", senderId="sender_tom", withEffects=True)

    assert reply.json["body"]["data"]["senderId"] == "sender_tom"


def test_an_event_about_a_named_subject_has_nothing_chosen(api: Api) -> None:
    assert "chosen" not in trigger(api, "message.sent", leadId=FIRST_LEAD).json


def test_a_workspace_without_leads_and_campaigns_has_nothing_to_choose() -> None:
    emulator = Emulator()
    emulator.add_workspace(empty_seed())
    api = in_process(create_app(emulator).test_client())

    assert_invalid(trigger(api, "message.sent"), "leadId is required: this workspace has no lead")
    assert_invalid(
        trigger(api, "campaign.paused"), "campaignId is required: this workspace has no campaign"
    )
    emulator.close()


@pytest.mark.parametrize(
    ("event_type", "says"),
    [
        pytest.param(
            "message.sent", "has no lead that is connected with its active sender", id="message"
        ),
        pytest.param(
            "connection_request.accepted",
            "has no lead that has not answered its active",
            id="acceptance",
        ),
        pytest.param("campaign.resumed", "has no campaign that is paused", id="campaign"),
    ],
)
def test_an_event_that_can_happen_to_nothing_is_refused_with_the_need(
    make_world: MakeWorld, event_type: str, says: str
) -> None:
    world = make_world("live", lead={"status": "PENDING"})

    assert_invalid(trigger(world.api, event_type, withEffects=True), says)
    assert world.types() == []


def test_a_subject_of_another_kind_does_not_stand_for_the_one_that_is_required(api: Api) -> None:
    reply = trigger(api, "campaign.paused", leadId=FIRST_LEAD)

    assert_invalid(reply, "campaignId is required: campaign.paused is about an existing campaign")


def test_a_campaign_without_leads_has_none_to_choose(api: Api) -> None:
    reply = trigger(api, "message.sent", campaignId="camp_spring7")

    assert_invalid(reply, "leadId is required: campaign 'camp_spring7' has no lead")


def test_an_unknown_event_type_is_refused_before_a_subject_is_chosen(api: Api) -> None:
    assert_invalid(trigger(api, "message.snt"), "did you mean 'message.sent'?")


# --- the text -----------------------------------------------------------------------------------


@pytest.mark.parametrize("with_effects", [False, True], ids=["sent", "with effects"])
@pytest.mark.parametrize(
    ("contract", "event_type", "key"),
    [
        pytest.param("documented", "message.received", "replyPreview", id="reply, documented"),
        pytest.param("live", "reply.received", "reply", id="reply, live"),
        pytest.param("live", "message.sent", "message", id="message, live"),
    ],
)
def test_the_text_of_an_event_is_set_whatever_its_key(
    api_under: ApiUnder, contract: str, event_type: str, key: str, with_effects: bool
) -> None:
    api = api_under(contract)
    reply = trigger(api, event_type, text="Call me", withEffects=with_effects)

    assert (reply.status, reply.json["body"]["data"][key]) == (201, "Call me")


def test_an_event_without_a_text_takes_none(api: Api) -> None:
    assert_invalid(
        trigger(api, "campaign.paused", text="Hi"), "text cannot be set: campaign.paused"
    )


def test_a_second_text_is_refused(api: Api) -> None:
    reply = trigger(api, "message.sent", text="Hi", overrides={"messagePreview": "Hello"})

    assert_invalid(reply, "text and overrides.messagePreview exclude each other")
