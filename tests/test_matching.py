"""Patterns of events: what fits, what does not and why, and what a failure says."""

from typing import Any

import orjson
import pytest

from mock_sendpilot.matching import ANY_EVENT, EventPattern, camel_case, parsed

LEAD = {"leadId": "lead_1", "newStatus": "DONE", "campaignId": None}
SEARCH = {"search_id": "search_1", "total_leads_found": 3, "leads": [{"id": "ldb_1"}]}


def body(event_type: object = "lead.updated", data: object = None) -> bytes:
    return orjson.dumps({"eventType": event_type, "data": LEAD if data is None else data})


@pytest.mark.parametrize(
    ("pattern", "came"),
    [
        pytest.param(ANY_EVENT, body(), id="any"),
        pytest.param(EventPattern("lead.updated"), body(), id="type"),
        pytest.param(EventPattern(None, {"leadId": "lead_1"}), body(), id="value, any type"),
        pytest.param(
            EventPattern("lead.updated", {"leadId": "lead_1", "newStatus": "DONE"}),
            body(),
            id="type and values",
        ),
        pytest.param(EventPattern(None, {"lead_id": "lead_1"}), body(), id="snake case"),
        pytest.param(EventPattern(None, {"search_id": "search_1"}), body(data=SEARCH), id="as is"),
        pytest.param(
            EventPattern(None, {"total_leads_found": 3}), body(data=SEARCH), id="a number, as is"
        ),
        pytest.param(
            EventPattern(None, {"leads": [{"id": "ldb_1"}]}), body(data=SEARCH), id="a list"
        ),
        pytest.param(EventPattern(None, {"campaign_id": None}), body(), id="null"),
        pytest.param(ANY_EVENT, b'{"eventType":"x"}', id="without data"),
        pytest.param(ANY_EVENT, b"{}", id="an empty object"),
    ],
)
def test_what_fits_misses_nothing(pattern: EventPattern, came: bytes) -> None:
    assert pattern.misses(came) == []
    assert pattern.matches(came)


@pytest.mark.parametrize(
    ("pattern", "came", "misses"),
    [
        pytest.param(
            EventPattern("message.sent"),
            body(),
            ["eventType is 'lead.updated', not 'message.sent'"],
            id="type",
        ),
        pytest.param(
            EventPattern("lead.updated"),
            b"{}",
            ["eventType is None, not 'lead.updated'"],
            id="none",
        ),
        pytest.param(
            EventPattern(None, {"lead_id": "lead_2"}),
            body(),
            ["data.leadId is 'lead_1', not 'lead_2'"],
            id="value",
        ),
        pytest.param(
            EventPattern(None, {"campaign_id": "camp_1"}),
            body(),
            ["data.campaignId is None, not 'camp_1'"],
            id="null",
        ),
        pytest.param(
            EventPattern(None, {"total_leads_found": "3"}),
            body(data=SEARCH),
            ["data.total_leads_found is 3, not '3'"],
            id="a number is no text",
        ),
        pytest.param(
            EventPattern(None, {"sender_id": "s"}),
            body(),
            ["data has no key 'senderId' (it has leadId, newStatus, campaignId)"],
            id="key",
        ),
        pytest.param(
            EventPattern(None, {"searchId": "search_1"}),
            body(data=SEARCH),
            ["data has no key 'searchId' (it has search_id, total_leads_found, leads)"],
            id="camel case for a key in snake case",
        ),
        pytest.param(
            EventPattern("a", {"lead_id": "x", "sender_id": "y", "new_status": "DONE"}),
            body(),
            [
                "eventType is 'lead.updated', not 'a'",
                "data.leadId is 'lead_1', not 'x'",
                "data has no key 'senderId' (it has leadId, newStatus, campaignId)",
            ],
            id="all at once, in order",
        ),
    ],
)
def test_what_does_not_fit_is_told_field_by_field(
    pattern: EventPattern, came: bytes, misses: list[str]
) -> None:
    assert pattern.misses(came) == misses
    assert not pattern.matches(came)


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"lead_id=1", id="a form"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"data":[]}', id="data is a list"),
        pytest.param(b'{"data":null}', id="data is null"),
    ],
)
def test_a_body_that_is_no_event_fits_nothing(came: bytes) -> None:
    assert parsed(came) is None
    assert ANY_EVENT.misses(came) == ["the body is no JSON object with an object `data`"]


@pytest.mark.parametrize("event_type", [["lead.updated"], {"a": 1}])
def test_an_event_type_that_is_no_text_does_not_fit(event_type: Any) -> None:
    (miss,) = EventPattern("lead.updated").misses(body(event_type))
    assert miss == f"eventType is {event_type!r}, not 'lead.updated'"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("lead_id", "leadId", id="two words"),
        pytest.param("linkedin_profile_url", "linkedinProfileUrl", id="three"),
        pytest.param("note", "note", id="one"),
        pytest.param("leadId", "leadId", id="camel case already"),
    ],
)
def test_snake_case_becomes_camel_case(name: str, expected: str) -> None:
    assert camel_case(name) == expected


# --- what a failure says -------------------------------------------------------------------------


def test_when_nothing_came_the_failure_says_so() -> None:
    pattern = EventPattern("lead.updated", {"lead_id": "lead_1"})

    assert pattern.failure([], timeout_seconds=2.5).splitlines() == [
        "no webhook 'lead.updated', lead_id='lead_1' within 2.5 s",
        "  nothing came",
    ]


def test_a_failure_of_any_type_says_so() -> None:
    first = EventPattern(None, {"lead_id": "x"}).failure([], timeout_seconds=2).splitlines()[0]
    assert first == "no webhook of any type, lead_id='x' within 2 s"


def test_of_one_that_came_the_failure_takes_it_apart() -> None:
    failure = EventPattern("lead.updated", {"lead_id": "x"}).failure([body()], timeout_seconds=2)

    assert failure.splitlines()[1:] == [
        '  nearest miss: lead.updated {"leadId":"lead_1","newStatus":"DONE","campaignId":null}',
        "    data.leadId is 'lead_1', not 'x'",
    ]


def test_of_several_the_failure_takes_the_nearest_apart_and_lists_all() -> None:
    far, near = body("a", {"leadId": "x"}), body("lead.updated", {"leadId": "y"})
    failure = EventPattern("lead.updated", {"lead_id": "z"}).failure([near, far], timeout_seconds=2)

    assert failure.splitlines()[1:] == [
        '  nearest miss: lead.updated {"leadId":"y"}',
        "    data.leadId is 'y', not 'z'",
        "  came:",
        '    lead.updated {"leadId":"y"}',
        '    a {"leadId":"x"}',
    ]


def test_of_those_that_are_equally_near_the_latest_is_taken_apart() -> None:
    bodies = [body("a", {"number": number}) for number in range(3)]
    lines = EventPattern("b").failure(bodies, timeout_seconds=2).splitlines()

    assert lines[1] == '  nearest miss: a {"number":2}'


def test_of_more_than_ten_the_failure_lists_the_latest() -> None:
    bodies = [body("a", {"number": number}) for number in range(13)]
    lines = EventPattern("b").failure(bodies, timeout_seconds=2).splitlines()

    assert lines[3] == "  came; the latest of 13:"
    assert lines[4:] == [f'    a {{"number":{number}}}' for number in range(3, 13)]


@pytest.mark.parametrize("count", [2, 10])
def test_of_ten_and_fewer_the_failure_lists_all(count: int) -> None:
    lines = EventPattern("b").failure([body("a", {})] * count, timeout_seconds=2).splitlines()

    assert lines[3:] == ["  came:", *["    a {}"] * count]


def test_without_waiting_the_failure_tells_no_time() -> None:
    assert EventPattern("b").failure([], timeout_seconds=None).splitlines()[0] == "no webhook 'b'"


def test_a_long_body_is_cut() -> None:
    lines = (
        EventPattern("b").failure([body("a", {"text": "x" * 5000})], timeout_seconds=2).splitlines()
    )

    assert lines[1].startswith('  nearest miss: a {"text":"xxx')
    assert lines[1].endswith("x…")
    assert 1000 < len(lines[1]) < 1100


def test_a_body_that_is_no_event_is_shown_as_it_came() -> None:
    came, shown = b"\xff" * 300, b"\xff" * 200
    lines = EventPattern("b").failure([came], timeout_seconds=2).splitlines()

    assert lines[1] == f"  nearest miss: {shown!r}"
    assert lines[2] == "    the body is no JSON object with an object `data`"


def test_notes_come_first() -> None:
    lines = EventPattern("b").failure([body()], timeout_seconds=2, notes=["1", "2"]).splitlines()
    assert lines[1:3] == ["  1", "  2"]


def test_where_some_fit_the_nearest_of_the_same_type_is_taken_apart() -> None:
    """Of two that were wanted one came."""
    fits, other = body("a", {"x": 1}), body("a", {"x": 2})
    lines = EventPattern("a", {"x": 1}).failure([fits, other], timeout_seconds=2).splitlines()

    assert lines[1:3] == ['  nearest miss: a {"x":2}', "    data.x is 2, not 1"]


def test_where_some_fit_one_of_another_type_is_no_near_miss() -> None:
    fits, other = body("a", {"x": 1}), body("b", {"x": 1})
    lines = EventPattern("a").failure([fits, other], timeout_seconds=2).splitlines()

    assert lines[1:] == ["  came:", '    a {"x":1}', '    b {"x":1}']
