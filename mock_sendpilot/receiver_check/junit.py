"""A report as JUnit's XML, which CI servers show: one test case for each check."""

import re
from xml.etree import ElementTree as ET

from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, WARNED
from mock_sendpilot.receiver_check.report import Report, Result

_SUITE = "mock-sendpilot check-receiver"
_CLASS = "check_receiver"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report, *, is_strict: bool = False) -> bytes:
    """The document, UTF-8.

    A failure is what failed, and with `is_strict` what is a warning; without it a warning is the
    output of a case that passed. What could not be judged is skipped.
    """
    failing = {FAILED, WARNED} if is_strict else {FAILED}
    failures = sum(result.outcome in failing for result in report.results)
    suite = ET.Element(
        "testsuite",
        name=_SUITE,
        tests=str(len(report.results)),
        failures=str(failures),
        errors="0",
        skipped=str(len(report.having(INCONCLUSIVE))),
        time=_seconds(sum(result.duration_seconds for result in report.results)),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("url", report.url), ("contract", report.contract)):
        ET.SubElement(properties, "property", name=name, value=_allowed(value))
    for result in report.results:
        _add_case(suite, result, is_failure=result.outcome in failing)
    suites = ET.Element("testsuites")
    suites.append(suite)
    document: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return document


def _add_case(suite: ET.Element, result: Result, *, is_failure: bool) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_CLASS,
        name=_allowed(result.title),
        time=_seconds(result.duration_seconds),
    )
    seen = _allowed(result.seen)
    text = _allowed(f"{result.seen}\n\nWhy: {result.why}\nFix: {result.fix}")
    if is_failure:
        ET.SubElement(case, "failure", message=seen, type=result.id).text = text
    elif result.outcome == INCONCLUSIVE:
        ET.SubElement(case, "skipped", message=seen)
    else:
        label = "warning: " if result.outcome == WARNED else ""
        ET.SubElement(case, "system-out").text = f"{label}{text if label else seen}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _allowed(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
