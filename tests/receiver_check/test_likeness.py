"""Likeness: what three answers to one event, and one to another, tell of repetitions."""

import json
from datetime import datetime, timezone

import pytest

from mock_sendpilot.receiver_check.answers import Answer
from mock_sendpilot.receiver_check.likeness import of_answers
from mock_sendpilot.webhooks.deliveries import Response
from mock_sendpilot.webhooks.http_sender import SendResult

NOW = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
Said = tuple[int, object]


def answer(said: Said) -> Answer:
    """An answer with that status and body; what is no text is JSON."""
    status, body = said
    text = body if isinstance(body, str) else json.dumps(body)
    response = Response(status_code=status, headers={}, body=text.encode(), is_truncated=False)
    result = SendResult(sent_at=NOW, duration_seconds=0.01, headers={}, response=response)
    return Answer(result, timeout_seconds=1.0)


DONE, SEEN = (202, "done"), (200, "seen already")


@pytest.mark.parametrize(
    ("same", "fresh", "outcome"),
    [
        pytest.param([DONE, SEEN, SEEN], DONE, "passed", id="says it by a text"),
        pytest.param([(201, ""), (200, ""), (200, "")], (201, ""), "passed", id="by a status"),
        pytest.param(
            [
                (200, {"duplicate": False, "id": "a"}),
                (200, {"duplicate": True, "id": "b"}),
                (200, {"duplicate": True, "id": "c"}),
            ],
            (200, {"duplicate": False, "id": "d"}),
            "passed",
            id="by a value, beside an id",
        ),
        pytest.param(
            [(200, {}), (200, {"seen": "a"}), (200, {"seen": "b"})],
            (200, {}),
            "inconclusive",
            id="by what is new each time",
        ),
        pytest.param(
            [(200, {}), (200, {"seen": True}), (200, {"seen": True})],
            (200, {}),
            "passed",
            id="by a key",
        ),
        pytest.param(
            [(200, "done at 10.5"), (200, "seen at 11.6"), (200, "seen at 12.7")],
            (200, "done at 13.8"),
            "passed",
            id="by a text, beside a time",
        ),
        pytest.param(
            [(200, {"new": 7}), (200, {"old": 7}), (200, {"old": 7})],
            (200, {"new": 8}),
            "passed",
            id="by a key, with the id of the row",
        ),
        pytest.param([DONE, DONE, DONE], DONE, "inconclusive", id="alike"),
        pytest.param(
            [(200, {"eventId": "evt_1"})] * 3,
            (200, {"eventId": "evt_2"}),
            "inconclusive",
            id="an echo",
        ),
        pytest.param(
            [(200, {"requestId": one}) for one in ("0f", "a1", "77")],
            (200, {"requestId": "c4"}),
            "inconclusive",
            id="the id of a request",
        ),
        pytest.param(
            [(200, {"at": 1_767_225_600.25 + one}) for one in range(3)],
            (200, {"at": 1_767_225_604.5}),
            "inconclusive",
            id="a time",
        ),
        pytest.param(
            [(201, {"at": 1_767_225_600 + one}) for one in range(3)],
            (201, {"at": 1_767_225_604}),
            "inconclusive",
            id="a time in seconds",
        ),
        pytest.param(
            [(200, {"at": "10:00"}), (200, {"at": "10:01"}), (200, {"at": "10:01"})],
            (200, {"at": "10:01"}),
            "inconclusive",
            id="a time that was another at first",
        ),
        pytest.param(
            [(201, {"id": one}) for one in (4, 5, 6)],
            (201, {"id": 7}),
            "failed",
            id="a new row each time",
        ),
        pytest.param(
            [(201, f"row {one} created") for one in (4, 5, 6)],
            (201, "row 7 created"),
            "failed",
            id="a new row each time, in a text",
        ),
        pytest.param(
            [(200, {"id": one}) for one in (4, 5, 6)],
            (200, {"id": 7}),
            "warned",
            id="a number that may be that of the request",
        ),
        pytest.param(
            [DONE, (202, "seen"), (202, "again?")], DONE, "inconclusive", id="another each time"
        ),
        pytest.param(
            [(200, {"a": [1]}), (200, {"a": [2]}), (200, {"a": [4]})],
            (200, {"a": [9]}),
            "inconclusive",
            id="numbers that do not count",
        ),
    ],
)
def test_only_what_tells_repetitions_apart_counts(
    same: list[Said], fresh: Said, outcome: str
) -> None:
    assert of_answers([answer(one) for one in same], answer(fresh)).outcome == outcome
