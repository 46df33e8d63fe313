"""The report of a check as JUnit XML."""

import re
from xml.etree import ElementTree as ET

from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, WARNED
from mock_sendpilot.verdicts.report import Report, Result

# What is checked may say anything, and one such character makes the whole file unreadable.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report, *, is_strict: bool = False) -> bytes:
    """Return the report as an XML document, in UTF-8.

    Inconclusive checks are skipped test cases. A warning is the output of a test case that passed;
    with `is_strict` it is a failure.
    """
    failing = {FAILED, WARNED} if is_strict else {FAILED}
    failures = sum(result.outcome in failing for result in report.results)
    suite = ET.Element(
        "testsuite",
        name=f"mock-sendpilot {report.command}",
        tests=str(len(report.results)),
        failures=str(failures),
        errors="0",
        skipped=str(len(report.with_outcome(INCONCLUSIVE))),
        time=_seconds(sum(result.duration_seconds for result in report.results)),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in report.facts.items():
        if isinstance(value, str):
            ET.SubElement(properties, "property", name=name, value=_allowed(value))
    class_name = report.command.replace("-", "_")
    for result in report.results:
        _add_case(suite, result, class_name, is_failure=result.outcome in failing)
    suites = ET.Element("testsuites")
    suites.append(suite)
    document: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return document


def _add_case(suite: ET.Element, result: Result, class_name: str, *, is_failure: bool) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=class_name,
        name=_allowed(result.title),
        time=_seconds(result.duration_seconds),
    )
    observed = _allowed(result.observed)
    text = _allowed(f"{result.observed}\n\nWhy: {result.why}\nFix: {result.fix}")
    if is_failure:
        ET.SubElement(case, "failure", message=observed, type=result.id).text = text
    elif result.outcome == INCONCLUSIVE:
        ET.SubElement(case, "skipped", message=observed)
    else:
        label = "warning: " if result.outcome == WARNED else ""
        ET.SubElement(case, "system-out").text = f"{label}{text if label else observed}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _allowed(text: str) -> str:
    """Return a text without the characters XML cannot contain."""
    return _NOT_XML.sub("\ufffd", text)
