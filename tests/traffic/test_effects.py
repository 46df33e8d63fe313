"""Effects of faults: how they are written, and what they do to a response."""

import random
from typing import Any

import orjson
import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server.transmission import Transmission
from mock_sendpilot.traffic.effects import (
    Effect,
    effect_from_header,
    effect_from_json,
    effect_from_words,
)

BODY = {
    "leads": [{"id": "lead_1", "status": "NEW", "n": 1}, {"id": "lead_2", "status": "DONE"}],
    "pagination": {"total": 2},
}


@pytest.mark.parametrize(
    ("words", "values"),
    [
        pytest.param(["status=503"], {"status": 503}, id="status"),
        pytest.param(
            ["status=429", "retry-after=3"], {"status": 429, "retryAfter": 3}, id="retry after"
        ),
        pytest.param(
            ["status=500", "after-effect"], {"status": 500, "afterEffect": True}, id="after effect"
        ),
        pytest.param(["latency=0.5"], {"latencySeconds": 0.5}, id="latency"),
        pytest.param(
            ['latency={"uniform":[1,2]}'], {"latencySeconds": {"uniform": [1, 2]}}, id="uniform"
        ),
        pytest.param(
            ['latency={"lognormal":{"median":0.1,"sigma":0.5}}'],
            {"latencySeconds": {"lognormal": {"median": 0.1, "sigma": 0.5}}},
            id="lognormal",
        ),
        pytest.param(["hang"], {"hang": True}, id="hang"),
        pytest.param(["reset=before"], {"reset": "before"}, id="reset"),
        pytest.param(["reset=body"], {"reset": "body"}, id="reset in the body"),
        pytest.param(["empty"], {"empty": True}, id="empty"),
        pytest.param(["truncate"], {"truncate": True}, id="truncate"),
        pytest.param(["malformed"], {"malformed": True}, id="malformed"),
        pytest.param(["content-type=text/html"], {"contentType": "text/html"}, id="content type"),
        pytest.param(["trickle=100"], {"trickle": 100}, id="trickle"),
        pytest.param(["page=stale"], {"page": "stale"}, id="page"),
        pytest.param(
            ["missing=leads.id,pagination"],
            {"change": {"missing": ["leads.id", "pagination"]}},
            id="a change",
        ),
    ],
)
def test_words_and_json_describe_the_same_effect(words: list[str], values: dict[str, Any]) -> None:
    effect = effect_from_json(values)
    assert effect_from_words(words) == effect
    assert effect.json == values
    assert str(effect) == "; ".join(words)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        pytest.param("status=503; latency=2", {"status": 503, "latencySeconds": 2}, id="semicolon"),
        pytest.param("status=503 latency=2", {"status": 503, "latencySeconds": 2}, id="space"),
        pytest.param(" ;status=503;", {"status": 503}, id="separators at the ends"),
        pytest.param(
            'content-type="text/html; charset=utf-8"',
            {"contentType": "text/html; charset=utf-8"},
            id="a value with a semicolon",
        ),
        pytest.param(
            'latency={"uniform": [0.1, 0.2]}; reset',
            {"latencySeconds": {"uniform": [0.1, 0.2]}, "reset": "before"},
            id="a JSON object with spaces",
        ),
        pytest.param(
            "missing=leads.id,leads.name",
            {"change": {"missing": ["leads.id", "leads.name"]}},
            id="two places",
        ),
        pytest.param(
            'missing="leads.id, leads.first name"',
            {"change": {"missing": ["leads.id", "leads.first name"]}},
            id="a place with a space",
        ),
        pytest.param("extra=a,b", {"change": {"extra": {"a": True, "b": True}}}, id="two extra"),
    ],
)
def test_a_header_describes_an_effect(header: str, values: dict[str, Any]) -> None:
    effect = effect_from_header(header)
    assert effect == effect_from_json(values)
    assert effect_from_header(str(effect)) == effect


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        pytest.param("", "expected at least one of status", id="empty"),
        pytest.param("statsu=503", "unknown effect 'statsu'; did you mean 'status'?", id="a word"),
        pytest.param(
            "content-type=text/html; charset=utf-8",
            "unknown effect 'charset'; it is one of status,",
            id="a value that ends too early",
        ),
        pytest.param(
            "content-type=text/html; charset=utf-8",
            'as a JSON string or object, such as content-type="text/html; charset=utf-8"',
            id="the remedy",
        ),
        pytest.param(
            'content-type="text/html; charset',
            'content-type=: expected a JSON string or object, got "\\"text/html; charset"',
            id="an open string",
        ),
        pytest.param('content-type="a"b', 'expected ; after content-type="a", got "b"', id="rest"),
        pytest.param("status=503,latency=2", 'got "503,latency=2"', id="a comma"),
        pytest.param("status=503; status=500", "status: expected once, got it again", id="twice"),
        pytest.param("missing", 'missing: expected missing=leads.id, got ""', id="no place"),
        pytest.param("missing=a,,b", 'missing: expected missing=leads.id, got "a,,b"', id="a gap"),
        pytest.param("status", "from 400 to 599, got true", id="no value, as JSON"),
        pytest.param("hang=null", "true or false, got null", id="null, as JSON"),
        pytest.param(
            'latency={"uniform": [2, 1]}', 'got {"uniform":[2,1]}', id="an object, as JSON"
        ),
    ],
)
def test_a_header_that_is_not_valid_is_refused(header: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        effect_from_header(header)
    assert problem in str(caught.value)


def test_a_zero_is_a_value_of_an_effect() -> None:
    values = {"status": 429, "retryAfter": 0, "latencySeconds": 0}
    assert effect_from_json(values).json == values


def test_a_reset_without_a_place_is_before_the_response() -> None:
    assert effect_from_words(["reset"]).reset == effect_from_json({"reset": True}).reset == "before"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        pytest.param({}, "expected at least one of status", id="nothing"),
        pytest.param({"hang": False}, "expected at least one of status", id="nothing on"),
        pytest.param({"stats": 500}, "unknown field 'stats'; did you mean 'status'?", id="a key"),
        pytest.param({"status": 200}, "effect.status: expected a whole number from 400", id="200"),
        pytest.param({"status": "503"}, "effect.status: expected", id="a text"),
        pytest.param({"status": True}, "effect.status: expected", id="true"),
        pytest.param({"latencySeconds": -1}, "effect.latencySeconds: expected seconds", id="past"),
        pytest.param(
            {"latencySeconds": {"uniform": [2, 1]}}, "effect.latencySeconds", id="a range"
        ),
        pytest.param({"latencySeconds": {"normal": 1}}, "effect.latencySeconds", id="distribution"),
        pytest.param({"reset": "after"}, 'expected before or body, got "after"', id="a reset"),
        pytest.param({"hang": True, "empty": True}, "hang and empty exclude", id="two ends"),
        pytest.param({"retryAfter": 3}, "expected a status with it", id="retry after alone"),
        pytest.param({"afterEffect": True}, "effect.afterEffect: expected", id="after effect"),
        pytest.param({"change": {"mising": ["a"]}}, "effect.change: expected", id="a change"),
        pytest.param({"change": {"null": []}}, "effect.change: expected", id="no place"),
        pytest.param({"contentType": "a\r\nb"}, "effect.contentType", id="a header"),
    ],
)
def test_an_effect_that_is_not_valid_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        effect_from_json(values)
    assert problem in str(caught.value)


def test_an_unknown_word_is_refused_with_a_guess() -> None:
    with pytest.raises(InvalidInput, match="unknown effect 'latncy'; did you mean 'latency'"):
        effect_from_words(["latncy=2"])


@pytest.mark.parametrize(
    ("change", "place", "value"),
    [
        pytest.param({"null": ["leads.id"]}, "leads.0.id", None, id="null, in each item"),
        pytest.param({"retype": ["leads.id"]}, "leads.1.id", 0, id="a text"),
        pytest.param({"retype": ["leads.n"]}, "leads.0.n", "1", id="a number"),
        pytest.param({"retype": ["pagination"]}, "pagination", [], id="an object"),
        pytest.param({"retype": ["leads"]}, "leads", {}, id="a list"),
        pytest.param({"unknown": ["leads.status"]}, "leads.0.status", "UNKNOWN_VALUE", id="enum"),
        pytest.param({"extra": {"new": [1]}}, "new", [1], id="an extra field"),
    ],
)
def test_the_json_of_a_body_is_changed(change: dict[str, Any], place: str, value: object) -> None:
    found = orjson.loads(Effect(change=change).changed_body(orjson.dumps(BODY)))
    for key in place.split("."):
        found = found[int(key) if key.isdigit() else key]
    assert found == value


def test_a_member_is_removed_where_it_is() -> None:
    effect = Effect(change={"missing": ["leads.n", "nothing.there"]})
    leads = orjson.loads(effect.changed_body(orjson.dumps(BODY)))["leads"]
    assert leads[0] == {"id": "lead_1", "status": "NEW"}


def test_a_malformed_body_is_no_json() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(Effect(malformed=True).changed_body(orjson.dumps(BODY)))


@pytest.mark.parametrize(
    ("effect", "needs_app"),
    [
        (Effect(status=500), False),
        (Effect(status=500, after_effect=True), True),
        (Effect(hang=True), False),
        (Effect(reset="before"), False),
        (Effect(reset="before", after_effect=True), True),
        (Effect(reset="body"), True),
        (Effect(empty=True), False),
        (Effect(latency_seconds=1), True),
        (Effect(malformed=True), True),
    ],
    ids=str,
)
def test_a_request_is_handled_unless_its_answer_is_lost_before(
    effect: Effect, needs_app: bool
) -> None:
    assert effect.needs_app is needs_app


@pytest.mark.parametrize(
    ("effect", "transmission"),
    [
        (Effect(status=500), None),
        (Effect(latency_seconds=2), Transmission(delay_seconds=2)),
        (Effect(hang=True), Transmission(ending="hang")),
        (Effect(reset="before"), Transmission(part="nothing", ending="reset")),
        (Effect(reset="body"), Transmission(part="half", ending="reset")),
        (Effect(empty=True), Transmission(part="nothing", ending="close")),
        (Effect(truncate=True), Transmission(part="half", ending="close")),
        (Effect(trickle=10), Transmission(bytes_per_second=10)),
        (
            Effect(latency_seconds=1, reset="body"),
            Transmission(delay_seconds=1, part="half", ending="reset"),
        ),
    ],
    ids=str,
)
def test_the_end_of_a_connection_is_left_to_the_server(
    effect: Effect, transmission: Transmission | None
) -> None:
    assert effect.transmission(random.Random(1)) == transmission


@pytest.mark.parametrize(
    ("latency", "low", "high"),
    [
        pytest.param({"uniform": [1, 2]}, 1, 2, id="uniform"),
        pytest.param({"lognormal": {"median": 1, "sigma": 0.1}}, 0.5, 2, id="lognormal"),
    ],
)
def test_a_latency_is_drawn_from_its_distribution(
    latency: dict[str, Any], low: float, high: float
) -> None:
    effect, generator = Effect(latency_seconds=latency), random.Random(1)
    drawn = [effect.transmission(generator) for _ in range(100)]
    assert all(one is not None and low <= one.delay_seconds <= high for one in drawn)
    assert len({one.delay_seconds for one in drawn if one}) == 100
