"""Reports: as a table, as JSON and as JUnit XML."""

import re
from xml.etree import ElementTree as ET

import pytest
from werkzeug.wrappers import Request, Response

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check.report import ReceiverReport
from mock_sendpilot.testing.receiver_check import check_receiver
from mock_sendpilot.verdicts.junit import as_junit
from mock_sendpilot.verdicts.report import Result, Style
from tests.receiver_check import receivers as r
from tests.receiver_check.test_planted_faults import LIVE
from tests.support import SECRET


def result(outcome: str, **changes: object) -> Result:
    facts = {
        "id": f"check_{outcome}",
        "title": f"is {outcome}",
        "outcome": outcome,
        "observed": "500 in 3 ms",
        "why": "it matters",
        "fix": "do better",
        "duration_seconds": 0.25,
        **changes,
    }
    return Result(**facts)  # type: ignore[arg-type]


def report(*results: Result) -> ReceiverReport:
    return ReceiverReport(
        url="http://x/webhooks", contract="live", schemes=("svix",), results=results
    )


def parsed(document: bytes) -> ET.Element:
    """Return the test suite of a document."""
    return ET.fromstring(document)[0]  # noqa: S314 - it is our own


OF_EACH = report(*(result(one) for one in ("passed", "failed", "warned", "inconclusive")))


def test_the_table_has_a_line_for_each_check_and_the_fixes() -> None:
    assert str(OF_EACH).splitlines() == [
        "http://x/webhooks, contract live",
        "",
        "✓ is passed        500 in 3 ms",
        "✗ is failed        500 in 3 ms",
        "! is warned        500 in 3 ms",
        "– is inconclusive  500 in 3 ms",
        "",
        "✗ is failed (check_failed)",
        "    Observed: 500 in 3 ms",
        "    Why: it matters",
        "    Fix: do better",
        "",
        "! is warned (check_warned)",
        "    Observed: 500 in 3 ms",
        "    Why: it matters",
        "    Fix: do better",
        "",
        "1 passed, 1 failed, 1 warned, 1 inconclusive",
    ]


def test_the_checks_not_tried_share_one_line() -> None:
    untried = [result("inconclusive", observed="not tried, since …", is_tried=False)] * 3

    lines = str(report(result("failed"), *untried)).splitlines()

    assert lines[2:4] == [
        "✗ is failed        500 in 3 ms",
        "– 3 more checks: not tried, since …",
    ]


def test_a_report_without_problems_is_a_table_and_a_summary() -> None:
    assert str(report(result("passed"))).splitlines()[2:] == [
        "✓ is passed  500 in 3 ms",
        "",
        "1 passed",
    ]


def test_a_plain_style_is_ascii() -> None:
    text = OF_EACH.text(Style(is_plain=True))

    assert text.isascii()
    assert "\nx is failed" in text


def test_the_signs_may_have_colors() -> None:
    assert "\x1b[31m✗\x1b[0m is failed" in OF_EACH.text(Style(color=True))


def test_a_warning_is_no_failure() -> None:
    assert report(result("warned")).passed
    assert not OF_EACH.passed


def test_a_result_is_found_by_its_id() -> None:
    assert OF_EACH.result("check_warned").outcome == "warned"


def test_an_unknown_id_is_an_error_with_a_guess() -> None:
    with pytest.raises(InvalidInput, match=r"'check_warnd'; did you mean 'check_warned'\? there"):
        OF_EACH.result("check_warnd")


def test_the_repr_of_a_report_is_a_summary() -> None:
    assert repr(OF_EACH) == (
        "<ReceiverReport http://x/webhooks: 1 passed, 1 failed (check_failed), "
        "1 warned (check_warned), 1 inconclusive>"
    )


def test_results_with_the_same_fix_share_a_paragraph() -> None:
    others = [result("failed", id=f"event:{one}", title=f"takes {one}") for one in "ab"]

    found = report(*others, result("failed", fix="do something else"))

    assert found.explanations(Style()).splitlines() == [
        "",
        "✗ takes a (event:a)",
        "✗ takes b (event:b)",
        "    Why: it matters",
        "    Fix: do better",
        "",
        "✗ is failed (check_failed)",
        "    Observed: 500 in 3 ms",
        "    Why: it matters",
        "    Fix: do something else",
        "",
        "3 failed",
    ]


def test_the_json_of_a_report_has_every_field() -> None:
    found = OF_EACH.as_json()

    assert found["passed"] is False
    assert found["counts"] == {"passed": 1, "failed": 1, "warned": 1, "inconclusive": 1}
    assert found["checks"][1] == {
        "id": "check_failed",
        "title": "is failed",
        "outcome": "failed",
        "observed": "500 in 3 ms",
        "why": "it matters",
        "fix": "do better",
        "tried": True,
        "durationSeconds": 0.25,
    }


def test_junit_has_a_test_case_for_each_check() -> None:
    suite = parsed(as_junit(OF_EACH))

    assert suite.attrib == {
        "name": "mock-sendpilot check-receiver",
        "tests": "4",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "1.000",
    }
    cases = suite.findall("testcase")
    assert [case.attrib["name"] for case in cases] == [
        "is passed",
        "is failed",
        "is warned",
        "is inconclusive",
    ]
    assert [case[0].tag for case in cases] == ["system-out", "failure", "system-out", "skipped"]


def test_a_junit_failure_has_the_reason_and_the_fix() -> None:
    failure = parsed(as_junit(OF_EACH)).find(".//failure")

    assert failure is not None
    assert failure.attrib == {"message": "500 in 3 ms", "type": "check_failed"}
    assert failure.text == "500 in 3 ms\n\nWhy: it matters\nFix: do better"


def test_a_warning_is_a_junit_failure_if_strict() -> None:
    suite = parsed(as_junit(OF_EACH, is_strict=True))

    assert suite.attrib["failures"] == "2"
    assert len(suite.findall(".//failure")) == 2


@pytest.mark.parametrize(
    "letter",
    [
        pytest.param("\x00", id="null"),
        pytest.param("\x1b", id="escape"),
        pytest.param("\ud800", id="half a letter"),
        pytest.param("\uffff", id="no letter"),
    ],
)
def test_characters_that_xml_cannot_contain_are_replaced(letter: str) -> None:
    document = as_junit(report(result("failed", observed=f"a{letter}b <&>")))

    failure = parsed(document).find(".//failure")
    assert failure is not None
    assert failure.attrib["message"] == "a\ufffdb <&>"


class AnswersWithEscapes(r.Receiver):
    def answer(self, request: Request) -> Response:
        return Response(b"\x1b[2Jgone\x07\xff\n" + b"x" * 500, 500)


def test_a_response_cannot_steer_a_terminal() -> None:
    observed = (
        check_receiver(AnswersWithEscapes(), secret=SECRET, contract=LIVE).results[0].observed
    )

    assert observed.isprintable()
    assert "[2Jgone" in observed
    assert len(observed) < 200


def test_an_html_page_is_reduced_to_its_title() -> None:
    class ShowsAPage(r.Receiver):
        def answer(self, request: Request) -> Response:
            return Response("<!doctype html><title>Not here</title><p>Sorry", 404)

    observed = check_receiver(ShowsAPage(), secret=SECRET, contract=LIVE).results[0].observed

    assert observed.endswith(" ms: Not here")


@pytest.mark.parametrize("body", ["500 Internal Server Error", "500: Internal Server Error"])
def test_a_status_is_printed_once(body: str) -> None:
    class Breaks(r.Receiver):
        def answer(self, request: Request) -> Response:
            return Response(body, 500)

    observed = check_receiver(Breaks(), secret=SECRET, contract=LIVE).results[0].observed

    assert re.fullmatch(r"500 in \d+ ms: Internal Server Error", observed)
