"""`PATCH /v1/leads/{id}/status` under each contract, and with single options set otherwise."""

import pytest

from tests.api.expect import (
    A_TIME,
    DOCUMENTED_STATUSES,
    EVERY_STATUS,
    STATUS,
    assert_error,
    assert_invalid,
)
from tests.support import Api, ApiUnder

PAGE = ["id", "linkedinUrl", "previousStatus", "status", "updatedAt"]
OPENAPI = ["success", "leadId", "status", "message"]
REPLIES = {
    "documented": [*PAGE, "success", "leadId", "message"],
    "example": PAGE,
    "schema": OPENAPI,
    "live": OPENAPI,
    "strict": OPENAPI,
    "observed": OPENAPI,
}
OUTCOMES = {"OPPORTUNITY", "MEETING_BOOKED", "DONE", "UNSUBSCRIBED", "IRRELEVANT"}
OF_A_SEQUENCE = {
    "PENDING", "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "REPLY_RECEIVED",
}  # fmt: skip
STATUSES = {
    "documented": set(DOCUMENTED_STATUSES),
    "example": {"OPPORTUNITY", "NOT_INTERESTED", "DONE"},
    "schema": {*OF_A_SEQUENCE, "DONE"},
    "live": {*OUTCOMES, "NOT_INTERESTED", *OF_A_SEQUENCE},
    "strict": OUTCOMES,
    "observed": {*OUTCOMES, "NOT_INTERESTED", *OF_A_SEQUENCE},
}
CONTRACTS = list(STATUSES)
WHOLE_REPLY = {
    "id": "lead_abc123",
    "linkedinUrl": "https://www.linkedin.com/in/john-doe",
    "previousStatus": "REPLY_RECEIVED",
    "status": "DONE",
    "success": True,
    "leadId": "lead_abc123",
    "message": "Lead status updated to 'DONE'",
}


def accepted(api: Api) -> set[str]:
    """The statuses that PATCH takes; each other one must be a 400 about the status."""
    taken = set()
    for status in EVERY_STATUS:
        reply = api("PATCH", STATUS, json={"status": status})
        if reply.status == 200:
            assert reply.json["status"] == status
            taken.add(status)
        else:
            assert reply.status == 400
            hint = reply.headers["x-emulator-hint"]
            assert hint.startswith("status: expected one of")
            assert f'got "{status}"' in hint
    return taken


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_reply_has_the_keys_of_the_contract_in_order(
    api_under: ApiUnder, contract: str
) -> None:
    reply = api_under(contract)("PATCH", STATUS, json={"status": "DONE"})

    assert (reply.status, list(reply.json)) == (200, REPLIES[contract])


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_key_of_the_reply_has_the_same_value_under_every_contract(
    api_under: ApiUnder, contract: str
) -> None:
    found = api_under(contract)("PATCH", STATUS, json={"status": "DONE"}).json

    assert A_TIME.fullmatch(found.pop("updatedAt", "2026-01-01T00:00:00.000Z"))
    assert found == {key: value for key, value in WHOLE_REPLY.items() if key in REPLIES[contract]}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_accepts_its_statuses_and_no_others(api_under: ApiUnder, contract: str) -> None:
    assert accepted(api_under(contract)) == STATUSES[contract]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_refusal_names_every_status_of_the_contract(api_under: ApiUnder, contract: str) -> None:
    reply = api_under(contract)("PATCH", STATUS, json={"status": "WON"})

    listed = reply.headers["x-emulator-hint"].partition("one of ")[2].partition(", got ")[0]
    assert reply.status == 400
    assert set(listed.split(", ")) == STATUSES[contract]


@pytest.mark.parametrize("contract", ["documented", "example", "schema"])
@pytest.mark.parametrize("body", [{}, {"note": "x"}, {"customLeadStatus": "LEAD"}])
def test_status_is_required(api_under: ApiUnder, contract: str, body: dict[str, str]) -> None:
    reply = api_under(contract)("PATCH", STATUS, json=body)

    assert_invalid(reply, "status: expected one of ", ", got nothing")


@pytest.mark.parametrize(
    ("contract", "status"),
    [("documented", 400), ("example", 200), ("schema", 400), ("live", 400)],
)
def test_the_note_is_checked_unless_the_contract_has_none(
    api_under: ApiUnder, contract: str, status: int
) -> None:
    reply = api_under(contract)("PATCH", STATUS, json={"status": "DONE", "note": 5})

    assert reply.status == status


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_patch_that_changes_nothing_succeeds_under_every_contract(
    api_under: ApiUnder, contract: str
) -> None:
    api = api_under(contract)
    api("PATCH", STATUS, json={"status": "DONE"})
    reply = api("PATCH", STATUS, json={"status": "DONE"})

    assert (reply.status, reply.json["status"]) == (200, "DONE")
    assert reply.json.get("previousStatus", "DONE") == "DONE"


def test_a_workspace_with_a_contract_of_its_own_keeps_it(api_under: ApiUnder) -> None:
    api = api_under("documented")  # the second workspace of the demo world is `live`
    lead_id = api("GET", "/v1/leads?campaignId=cmgkxgil6ims3a3to1zynm50j", key="YOUR_OTHER_API_KEY")
    path = f"/v1/leads/{lead_id.json['leads'][0]['id']}/status"
    reply = api("PATCH", path, key="YOUR_OTHER_API_KEY", json={"status": "MEETING_BOOKED"})

    assert (reply.status, list(reply.json)) == (200, OPENAPI)


# --- single options -----------------------------------------------------------------------------


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("value", CONTRACTS)
def test_the_option_patch_reply_sets_the_keys_of_the_reply(
    api_under: ApiUnder, contract: str, value: str
) -> None:
    reply = api_under(contract, patch_reply=value)("PATCH", STATUS, json={"status": "DONE"})

    assert (reply.status, list(reply.json)) == (200, REPLIES[value])


@pytest.mark.parametrize("value", CONTRACTS)
def test_the_option_patch_statuses_sets_the_accepted_statuses(
    api_under: ApiUnder, value: str
) -> None:
    assert accepted(api_under("documented", patch_statuses=value)) == STATUSES[value]


@pytest.mark.parametrize("option", ["patch_body", "patch_reply", "lead_events", "list_statuses"])
def test_no_other_option_changes_the_accepted_statuses(api_under: ApiUnder, option: str) -> None:
    assert accepted(api_under("documented", **{option: "live"})) == STATUSES["documented"]


@pytest.mark.parametrize("option", ["patch_statuses", "patch_body", "lead_events", "lead_fields"])
def test_no_other_option_changes_the_reply(api_under: ApiUnder, option: str) -> None:
    reply = api_under("documented", **{option: "schema"})("PATCH", STATUS, json={"status": "DONE"})

    assert (reply.status, list(reply.json)) == (200, REPLIES["documented"])


@pytest.mark.parametrize(
    ("contract", "value", "body", "status"),
    [
        pytest.param("documented", "live", {"customLeadStatus": "CLOSED"}, 200, id="tag alone"),
        pytest.param("documented", "example", {"status": "DONE", "note": 5}, 200, id="no note"),
        pytest.param("live", "documented", {"customLeadStatus": "CLOSED"}, 400, id="no tag"),
    ],
)
def test_the_option_patch_body_sets_the_accepted_fields(
    api_under: ApiUnder, contract: str, value: str, body: dict[str, object], status: int
) -> None:
    reply = api_under(contract, patch_body=value)("PATCH", STATUS, json=body)

    assert reply.status == status
    if status == 400:
        assert_invalid(reply, "status: expected one of", "got nothing")
    else:
        assert list(reply.json) == REPLIES[contract]


def test_two_options_work_together(api_under: ApiUnder) -> None:
    api = api_under("live", patch_reply="example", patch_statuses="schema")

    reply = api("PATCH", STATUS, json={"status": "PENDING"})
    assert (reply.status, list(reply.json)) == (200, PAGE)
    assert api("PATCH", STATUS, json={"status": "OPPORTUNITY"}).status == 400


def test_an_unknown_lead_is_404_under_every_contract(api_under: ApiUnder) -> None:
    for contract in CONTRACTS:
        reply = api_under(contract)("PATCH", "/v1/leads/nope/status", json={"status": "DONE"})
        assert_error(reply, 404, "Lead not found")
