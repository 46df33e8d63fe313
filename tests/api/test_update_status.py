"""`PATCH /v1/leads/{id}/status` under the default contract."""

from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.testing.recorded_events import RecordedEvents
from mock_sendpilot.world.store import Store
from tests.api.expect import A_TIME, JSON, LEAD, STATUS, assert_refused
from tests.support import Api


def test_the_request_of_the_page_is_answered_as_on_the_page_with_the_openapi_keys_after(
    api: Api,
) -> None:
    reply = api("PATCH", STATUS, json={"status": "OPPORTUNITY"})

    assert reply.status == 200
    assert list(reply.json) == [
        "id", "linkedinUrl", "previousStatus", "status", "updatedAt", "success", "leadId", "message"
    ]  # fmt: skip
    assert reply.json["id"] == reply.json["leadId"] == "lead_abc123"
    assert reply.json["linkedinUrl"] == "https://www.linkedin.com/in/john-doe"
    assert (reply.json["previousStatus"], reply.json["status"]) == ("REPLY_RECEIVED", "OPPORTUNITY")
    assert reply.json["success"] is True
    assert reply.json["message"] == "Lead status updated to 'OPPORTUNITY'"


def test_the_reply_is_json_in_utf_8(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE"})

    assert reply.headers["content-type"] == "application/json; charset=utf-8"


def test_updated_at_is_iso_8601_in_utc_with_milliseconds(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE"})

    assert A_TIME.fullmatch(reply.json["updatedAt"])


def test_updated_at_is_the_time_of_the_request(api: Api) -> None:
    before = datetime.now(timezone.utc) - timedelta(milliseconds=1)  # the reply drops microseconds
    reply = api("PATCH", STATUS, json={"status": "DONE"})
    after = datetime.now(timezone.utc)

    assert before <= datetime.fromisoformat(reply.json["updatedAt"].replace("Z", "+00:00")) <= after


def test_the_lead_has_the_new_status_and_time_when_it_is_read(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE"})
    lead = api("GET", LEAD)

    assert lead.json["status"] == "DONE"
    assert lead.json["updatedAt"] == reply.json["updatedAt"]


def test_a_patch_changes_status_and_time_of_the_lead_alone(api: Api) -> None:
    before = api("GET", f"{LEAD}?full=true").json
    api("PATCH", STATUS, json={"status": "DONE", "firstName": "Eve"})
    after = api("GET", f"{LEAD}?full=true").json

    assert {key for key in after if after[key] != before[key]} == {"status", "updatedAt"}


def test_a_patch_changes_no_other_lead(api: Api) -> None:
    path = "/v1/leads?limit=100&full=true"
    before = {lead["id"]: lead for lead in api("GET", path).json["leads"]}
    api("PATCH", STATUS, json={"status": "DONE"})
    after = {lead["id"]: lead for lead in api("GET", path).json["leads"]}

    assert {key for key in after if after[key] != before[key]} == {"lead_abc123"}


def test_previous_status_is_the_status_before_the_request(api: Api) -> None:
    chain = [
        api("PATCH", STATUS, json={"status": status}).json["previousStatus"]
        for status in ("PENDING", "DONE", "NOT_INTERESTED", "PENDING")
    ]

    assert chain == ["REPLY_RECEIVED", "PENDING", "DONE", "NOT_INTERESTED"]


def test_a_patch_that_changes_nothing_succeeds(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": "REPLY_RECEIVED"})

    assert reply.status == 200
    assert reply.json["previousStatus"] == reply.json["status"] == "REPLY_RECEIVED"
    assert reply.json["success"] is True


def test_a_patch_that_changes_nothing_sends_nothing(api: Api, sent: RecordedEvents) -> None:
    api("PATCH", STATUS, json={"status": "REPLY_RECEIVED", "note": "again"})
    api("PATCH", STATUS, json={"status": "DONE"})
    api("PATCH", STATUS, json={"status": "DONE"})

    assert [(one.data["previousStatus"], one.data["newStatus"]) for one in sent] == [
        ("REPLY_RECEIVED", "DONE")
    ]


def test_a_refused_patch_changes_and_sends_nothing(api: Api, sent: RecordedEvents) -> None:
    before = api("GET", f"{LEAD}?full=true").json
    reply = api("PATCH", STATUS, json={"status": "DONE", "note": 5})

    assert reply.status == 400
    assert api("GET", f"{LEAD}?full=true").json == before
    assert list(sent) == []


@pytest.mark.parametrize("note", ["Asked for a call", "", "x" * 5000, "grüße \u0000 🙂"])
def test_a_note_is_kept_with_the_lead(api: Api, store: Store, note: str) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE", "note": note})

    assert reply.status == 200
    assert store.lead("lead_abc123").note == note


@pytest.mark.parametrize("body", [{"status": "DONE"}, {"status": "DONE", "note": None}])
def test_a_patch_without_a_note_keeps_the_earlier_one(
    api: Api, store: Store, body: dict[str, object]
) -> None:
    api("PATCH", STATUS, json={"status": "PENDING", "note": "first"})
    reply = api("PATCH", STATUS, json=body)

    assert reply.status == 200
    assert store.lead("lead_abc123").note == "first"


def test_the_note_is_never_returned(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE", "note": "secret words"})

    assert b"secret words" not in reply.body
    assert b"secret words" not in api("GET", f"{LEAD}?full=true").body


@pytest.mark.parametrize(
    ("note", "quoted"),
    [
        pytest.param(5, "5", id="number"),
        pytest.param(1.5, "1.5", id="fraction"),
        pytest.param(True, "true", id="boolean"),
        pytest.param(["a"], '["a"]', id="list"),
        pytest.param({"a": 1}, '{"a":1}', id="object"),
    ],
)
def test_a_note_that_is_no_string_is_refused(api: Api, note: object, quoted: str) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE", "note": note})

    assert_refused(reply, f"note: expected a string, got {quoted}")


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"foo": "bar"}, id="unknown"),
        pytest.param({"leadId": "lead_other"}, id="leadId"),
        pytest.param({"id": 5}, id="id"),
        pytest.param({"previousStatus": "DONE"}, id="previousStatus"),
        pytest.param({"customLeadStatus": "no such word"}, id="customLeadStatus"),
        pytest.param({"": None}, id="empty name"),
    ],
)
def test_unknown_fields_of_the_body_are_ignored(api: Api, extra: dict[str, object]) -> None:
    reply = api("PATCH", STATUS, json={"status": "DONE", **extra})

    assert reply.status == 200
    assert (reply.json["id"], reply.json["status"]) == ("lead_abc123", "DONE")
    assert reply.json["previousStatus"] == "REPLY_RECEIVED"
    assert api("GET", f"{LEAD}?full=true").json["customLeadStatus"] is None


def test_the_last_value_of_a_repeated_field_counts(api: Api) -> None:
    reply = api("PATCH", STATUS, body=b'{"status":"DONE","status":"PENDING"}', headers=JSON)

    assert (reply.status, reply.json["status"]) == (200, "PENDING")


def test_query_parameters_are_ignored(api: Api) -> None:
    reply = api("PATCH", f"{STATUS}?status=PENDING&full=maybe", json={"status": "DONE"})

    assert (reply.status, reply.json["status"]) == (200, "DONE")
