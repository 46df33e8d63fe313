"""Patterns of events: matches, misses, and the text of a failure."""

from typing import Any

import orjson
import pytest

from mock_sendpilot.matching import ANY_EVENT, EventPattern, camel_case, parse_event

LEAD = {"leadId": "lead_1", "newStatus": "DONE", "campaignId": None}
SEARCH = {"search_id": "search_1", "total_leads_found": 3, "leads": [{"id": "ldb_1"}]}


def body(event_type: object = "lead.updated", data: object = None) -> bytes:
    return orjson.dumps({"eventType": event_type, "data": LEAD if data is None else data})


@pytest.mark.parametrize(
    ("pattern", "event"),
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
def test_a_matching_body_has_no_misses(pattern: EventPattern, event: bytes) -> None:
    assert pattern.misses(event) == []
    assert pattern.matches(event)


@pytest.mark.parametrize(
    ("pattern", "event", "misses"),
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
def test_the_misses_name_each_field(pattern: EventPattern, event: bytes, misses: list[str]) -> None:
    assert pattern.misses(event) == misses
    assert not pattern.matches(event)


@pytest.mark.parametrize(
    "event",
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
def test_a_body_that_is_no_event_matches_nothing(event: bytes) -> None:
    assert parse_event(event) is None
    assert ANY_EVENT.misses(event) == ["the body is no JSON object with an object `data`"]


@pytest.mark.parametrize("event_type", [["lead.updated"], {"a": 1}])
def test_an_event_type_that_is_no_text_does_not_match(event_type: Any) -> None:
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


# --- failures ------------------------------------------------------------------------------------


def test_a_failure_says_that_nothing_came() -> None:
    pattern = EventPattern("lead.updated", {"lead_id": "lead_1"})

    assert pattern.failure([], timeout_seconds=2.5).splitlines() == [
        "no webhook 'lead.updated', lead_id='lead_1' within 2.5 s",
        "  nothing came",
    ]


def test_a_failure_names_the_missing_type_or_any() -> None:
    first = EventPattern(None, {"lead_id": "x"}).failure([], timeout_seconds=2).splitlines()[0]
    assert first == "no webhook of any type, lead_id='x' within 2 s"


def test_a_failure_takes_a_single_body_apart() -> None:
    failure = EventPattern("lead.updated", {"lead_id": "x"}).failure([body()], timeout_seconds=2)

    assert failure.splitlines()[1:] == [
        '  nearest miss: lead.updated {"leadId":"lead_1","newStatus":"DONE","campaignId":null}',
        "    data.leadId is 'lead_1', not 'x'",
    ]


def test_a_failure_takes_the_nearest_of_several_apart_and_lists_all() -> None:
    far, near = body("a", {"leadId": "x"}), body("lead.updated", {"leadId": "y"})
    failure = EventPattern("lead.updated", {"lead_id": "z"}).failure([near, far], timeout_seconds=2)

    assert failure.splitlines()[1:] == [
        '  nearest miss: lead.updated {"leadId":"y"}',
        "    data.leadId is 'y', not 'z'",
        "  came:",
        '    lead.updated {"leadId":"y"}',
        '    a {"leadId":"x"}',
    ]


def test_a_failure_takes_the_latest_of_equally_near_ones_apart() -> None:
    bodies = [body("a", {"number": number}) for number in range(3)]
    lines = EventPattern("b").failure(bodies, timeout_seconds=2).splitlines()

    assert lines[1] == '  nearest miss: a {"number":2}'


def test_a_failure_lists_the_latest_ten() -> None:
    bodies = [body("a", {"number": number}) for number in range(13)]
    lines = EventPattern("b").failure(bodies, timeout_seconds=2).splitlines()

    assert lines[3] == "  came; the latest of 13:"
    assert lines[4:] == [f'    a {{"number":{number}}}' for number in range(3, 13)]


@pytest.mark.parametrize("count", [2, 10])
def test_a_failure_lists_ten_or_fewer_in_full(count: int) -> None:
    lines = EventPattern("b").failure([body("a", {})] * count, timeout_seconds=2).splitlines()

    assert lines[3:] == ["  came:", *["    a {}"] * count]


def test_a_failure_without_waiting_has_no_timeout() -> None:
    assert EventPattern("b").failure([], timeout_seconds=None).splitlines()[0] == "no webhook 'b'"


def test_a_failure_cuts_a_long_body() -> None:
    lines = (
        EventPattern("b").failure([body("a", {"text": "x" * 5000})], timeout_seconds=2).splitlines()
    )

    assert lines[1].startswith('  nearest miss: a {"text":"xxx')
    assert lines[1].endswith("x…")
    assert 1000 < len(lines[1]) < 1100


def test_a_failure_quotes_a_body_that_is_no_event() -> None:
    raw, start = b"\xff" * 300, b"\xff" * 200
    lines = EventPattern("b").failure([raw], timeout_seconds=2).splitlines()

    assert lines[1] == f"  nearest miss: {start!r}"
    assert lines[2] == "    the body is no JSON object with an object `data`"


def test_a_failure_begins_with_the_notes() -> None:
    lines = EventPattern("b").failure([body()], timeout_seconds=2, notes=["1", "2"]).splitlines()
    assert lines[1:3] == ["  1", "  2"]


def test_a_failure_takes_the_nearest_of_the_same_type_apart_if_another_matched() -> None:
    matching, other = body("a", {"x": 1}), body("a", {"x": 2})
    lines = EventPattern("a", {"x": 1}).failure([matching, other], timeout_seconds=2).splitlines()

    assert lines[1:3] == ['  nearest miss: a {"x":2}', "    data.x is 2, not 1"]


def test_another_type_is_no_near_miss_if_some_body_matched() -> None:
    matching, other = body("a", {"x": 1}), body("b", {"x": 1})
    lines = EventPattern("a").failure([matching, other], timeout_seconds=2).splitlines()

    assert lines[1:] == ["  came:", '    a {"x":1}', '    b {"x":1}']
