"""Probes: what they show decides whether a second delivery had an effect."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from mock_sendpilot.http_server import HttpServer
from mock_sendpilot.testing.receiver_check import check_receiver
from mock_sendpilot.verdict.probes import ProbeFailed, growth, look, url_probe
from mock_sendpilot.verdict.report import Report
from tests.support import SECRET
from tests.verdict import receivers as r
from tests.verdict.test_planted_faults import LIVE, blemishes

REPEATED = ("idempotent", "simultaneous")


def examined(
    receiver: r.Receiver, probe: "str | Callable[[], Any]", *, prompt: float = 5.0
) -> Report:
    return check_receiver(receiver, secret=SECRET, contract=LIVE, probe=probe, prompt=prompt)


def repeated(report: Report) -> list[str]:
    """How the checks came out that look at the probe."""
    return [report.result(check_id).outcome for check_id in REPEATED]


def test_a_path_of_the_app_can_be_the_probe() -> None:
    assert blemishes(examined(r.Receiver(), "/effects")) == {}


def test_a_second_effect_is_seen_at_a_path_of_the_app() -> None:
    report = examined(r.ActsOnEveryDelivery(), "/effects")

    assert blemishes(report) == dict.fromkeys(REPEATED, "failed")


def test_a_url_can_be_the_probe() -> None:
    receiver = r.ActsOnEveryDelivery()
    with HttpServer(receiver) as server:
        report = examined(receiver, f"{server.origin}/effects")

    assert report.result("idempotent").outcome == "failed"


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(len, id="a number"),
        pytest.param(lambda effects: set(range(len(effects))), id="a set"),
        pytest.param(lambda effects: {"leads": [{"events": effects}]}, id="nested"),
        pytest.param(lambda effects: f"{len(effects)} events", id="a text"),
        pytest.param(lambda effects: "\n".join(["x"] * len(effects)), id="lines"),
    ],
)
def test_what_a_function_shows_may_have_any_form(shown: Callable[[list[str]], object]) -> None:
    receiver = r.ActsOnEveryDelivery()

    report = examined(receiver, lambda: shown(receiver.effects))

    assert blemishes(report) == dict.fromkeys(REPEATED, "failed")


def test_where_effects_cannot_be_counted_two_at_once_look_like_one() -> None:
    receiver = r.LooksUpBeforeItActs()

    report = examined(receiver, lambda: receiver.effects[-1:])

    assert blemishes(report) == {}
    assert "no number of effects" in report.result("simultaneous").seen


class ActsOnRepliesAlone(r.ActsOnEveryDelivery):
    def act(self, event: dict[str, Any]) -> None:
        if event["eventType"] == "reply.received":
            super().act(event)


def test_another_event_is_tried_where_the_first_has_no_effect() -> None:
    receiver = ActsOnRepliesAlone()

    report = examined(receiver, lambda: receiver.effects, prompt=0.2)

    assert repeated(report) == ["failed", "failed"]


@pytest.mark.parametrize(
    ("probe", "says"),
    [
        pytest.param(lambda: 7, "does not show what events do", id="always the same"),
        pytest.param(count().__next__, "changes by itself", id="always another"),
        pytest.param("/webhooks", "the probe answered 401, not 200", id="an answer that is no 200"),
        pytest.param("http://127.0.0.1:1/", "the probe gave no answer", id="no answer"),
    ],
)
def test_a_probe_that_shows_nothing_leaves_it_open(
    probe: "str | Callable[[], Any]", says: str
) -> None:
    report = examined(r.ActsOnEveryDelivery(), probe, prompt=0.1)

    assert repeated(report) == ["not_judged", "not_judged"]
    assert says in report.result("idempotent").seen
    assert "Have the probe show the effects" in report.result("idempotent").fix


def test_what_a_probe_of_the_user_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        examined(r.Receiver(), lambda: 1 / 0)


def test_a_look_is_a_copy() -> None:
    effects = ["one"]
    before = look(lambda: effects)
    effects.append("two")

    assert before == ["one"]


def test_what_cannot_be_copied_is_looked_at_as_text() -> None:
    def shown() -> Iterator[int]:
        yield 1

    assert look(shown).startswith("<generator")


@pytest.fixture
def origin() -> Iterator[str]:
    @Request.application
    def app(request: Request) -> Response:
        if request.path == "/json":
            return Response(json.dumps({"query": request.query_string.decode()}))
        return Response("2 effects")

    with HttpServer(app) as server:
        yield server.origin


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        pytest.param("/json?a=1", {"query": "a=1"}, id="JSON"),
        pytest.param("", "2 effects", id="text"),
    ],
)
def test_a_url_shows_its_body(origin: str, path: str, shown: object) -> None:
    assert url_probe(f"{origin}{path}", timeout_seconds=5)() == shown


def test_an_https_url_is_asked_over_tls(origin: str) -> None:
    probe = url_probe(origin.replace("http:", "https:"), timeout_seconds=0.2)

    with pytest.raises(ProbeFailed, match=r"gave no answer: .*handshake"):
        probe()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(1, 3, {"": 2}, id="number"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, {".a.b": 1}, id="nested number"),
        pytest.param([1], [1, 1], {" length": 1}, id="list"),
        pytest.param({"a": [[]]}, {"a": [[0]]}, {".a[0] length": 1}, id="list in a list"),
        pytest.param("a\n1", "a\n1\n2", {" lines": 1}, id="text"),
        pytest.param("evt_1", "evt_2", {}, id="a text with an id"),
        pytest.param(["evt_1"], ["evt_2"], {}, id="ids"),
        pytest.param({"at": 1_767_225_600}, {"at": 1_767_225_601}, {}, id="a time"),
        pytest.param(1.5, 2.5, {}, id="no whole number"),
        pytest.param(None, 1, {}, id="nothing before"),
        pytest.param(7, 7, {}, id="the same"),
    ],
)
def test_growth_is_of_whole_numbers_and_lengths(
    before: object, after: object, expected: dict[str, int]
) -> None:
    assert growth(before, after) == expected
