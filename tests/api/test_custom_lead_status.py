"""`customLeadStatus` of `PATCH /v1/leads/{id}/status`, which only the contract `live` has."""

from collections.abc import Callable

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.backends.local import LocalBackend
from mock_sendpilot.testing.recorded_events import RecordedEvents
from tests.api.expect import LEAD, STATUS, assert_invalid, assert_refused
from tests.conftest import Serve
from tests.support import Api

WORDS = [
    "LEAD", "INTERESTED", "MEETING_BOOKED", "MEETING_COMPLETE_NOT_CLOSED", "CLOSED",
    "WRONG_PERSON", "NOT_INTERESTED", "NO_RESPONSE",
]  # fmt: skip


@pytest.fixture
def live(make_emulator: Callable[..., Emulator]) -> Emulator:
    return make_emulator("live")


@pytest.fixture
def api(serve: Serve, live: Emulator) -> Api:
    return serve(live)


@pytest.fixture
def sent(live: Emulator) -> RecordedEvents:
    workspace = live.workspaces()[0]
    return RecordedEvents(LocalBackend(live, workspace))


def full_lead(api: Api) -> dict[str, object]:
    lead: dict[str, object] = api("GET", f"{LEAD}?full=true").json
    return lead


@pytest.mark.parametrize("word", WORDS)
def test_each_of_the_eight_words_is_kept(api: Api, word: str) -> None:
    reply = api("PATCH", STATUS, json={"customLeadStatus": word})

    assert reply.status == 200
    assert full_lead(api)["customLeadStatus"] == word


def test_it_leaves_the_status_unchanged_without_one(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"customLeadStatus": "CLOSED"})

    assert reply.json == {
        "success": True,
        "leadId": "lead_abc123",
        "status": "REPLY_RECEIVED",
        "message": "Lead status updated to 'REPLY_RECEIVED'",
    }
    assert full_lead(api)["status"] == "REPLY_RECEIVED"


def test_it_is_set_together_with_a_status(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE", "customLeadStatus": "CLOSED"})

    assert (reply.status, reply.json["status"]) == (200, "DONE")
    assert (full_lead(api)["status"], full_lead(api)["customLeadStatus"]) == ("DONE", "CLOSED")


def test_a_status_alone_leaves_it_unchanged(api: Api) -> None:
    api("PATCH", STATUS, json={"customLeadStatus": "CLOSED"})
    api("PATCH", STATUS, json={"status": "DONE"})

    assert full_lead(api)["customLeadStatus"] == "CLOSED"


@pytest.mark.parametrize("body", [{}, {"note": "x"}, {"foo": 1}, {"custom_lead_status": "LEAD"}])
def test_a_body_with_neither_is_400(api: Api, body: dict[str, object]) -> None:
    reply = api("PATCH", STATUS, json=body)

    message = "at least one of status or customLeadStatus is required"
    assert_invalid(reply, message)
    assert reply.json["errors"] == [message]


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        pytest.param("Interested", '"Interested" (did you mean INTERESTED?)', id="label"),
        pytest.param("No Response", '"No Response" (did you mean NO_RESPONSE?)', id="blank in it"),
        pytest.param("DONE", '"DONE"', id="a status"),
        pytest.param("", '""', id="empty"),
        pytest.param(None, "null", id="null"),
        pytest.param(5, "5", id="number"),
        pytest.param(["LEAD"], '["LEAD"]', id="list"),
    ],
)
def test_any_other_value_is_400(api: Api, value: object, quoted: str) -> None:
    reply = api("PATCH", STATUS, json={"customLeadStatus": value})

    assert_refused(
        reply,
        f"customLeadStatus: expected one of {', '.join(WORDS)}, got {quoted}",
    )


def test_an_invalid_value_leaves_the_status_unchanged(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE", "customLeadStatus": "nope"})

    assert_invalid(reply, "customLeadStatus: expected one of")
    assert full_lead(api)["status"] == "REPLY_RECEIVED"


def test_a_null_status_with_a_valid_value_is_400(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": None, "customLeadStatus": "LEAD"})

    assert_invalid(reply, "status: expected one of", "got null")


def test_a_change_causes_a_tag_event_and_no_status_event(api: Api, sent: RecordedEvents) -> None:
    api("PATCH", STATUS, json={"customLeadStatus": "LEAD"})
    api("PATCH", STATUS, json={"customLeadStatus": "CLOSED"})

    tags = [(one.event_type, one.data["previousTag"], one.data["newTag"]) for one in sent]
    assert tags == [("lead.tag.updated", None, "LEAD"), ("lead.tag.updated", "LEAD", "CLOSED")]


def test_a_change_of_both_causes_two_events(api: Api, sent: RecordedEvents) -> None:
    api("PATCH", STATUS, json={"status": "DONE", "customLeadStatus": "CLOSED"})

    assert [one.event_type for one in sent] == ["lead.updated", "lead.tag.updated"]


def test_the_same_value_again_causes_no_event(api: Api, sent: RecordedEvents) -> None:
    api("PATCH", STATUS, json={"customLeadStatus": "LEAD"})
    reply = api("PATCH", STATUS, json={"customLeadStatus": "LEAD"})

    assert reply.status == 200
    assert len(sent) == 1
