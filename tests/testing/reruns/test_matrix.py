"""`--sendpilot-matrix` in a stranger's suite."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from mock_sendpilot.contracts.options import OPTIONS
from tests.testing import strangers
from tests.testing.rerun_suites import CLIENT, broken, outcomes, results, run

RELIES_ON_201 = """
def test_add(sendpilot):
    assert add(sendpilot).status_code == 201
"""
PLANTED = Path(__file__).with_name("planted.py")


def xml_of(path: Path) -> ET.Element:
    return ET.fromstring(path.read_bytes())  # noqa: S314 - it is our own


def test_the_report_says_what_breaks_which_test_and_why(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CLIENT + RELIES_ON_201)
    result = run(pytester, "--sendpilot-matrix")

    assert result.ret == 0
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*= sendpilot matrix =*",
            "the suite breaks under 1 of 3 values of 3 contract options * (3 reruns of 1 test)",
            "post_status_code=200: 200",
            "  status code of a successful POST; *",
            "  test_the_report_says_what_breaks_which_test_and_why.py::test_add: assert 200 == 201",
            "    POST leads.add answers 200 instead of 201",
        ]
    )
    result.stdout.fnmatch_lines(["no difference to any reply or webhook (2):"])
    result.stdout.fnmatch_lines([f"not touched by any test ({len(OPTIONS) - 3}):"])
    result.stdout.fnmatch_lines(["*--sendpilot-matrix-option post_status_code"])


def test_an_option_is_touched_where_its_value_is_used(pytester: pytest.Pytester) -> None:
    found = results(
        pytester,
        """
def test_the_list_of_campaigns(sendpilot):
    assert call(sendpilot, "GET", "/campaigns").ok
""",
    )

    assert {one["option"] for one in found["values"]} == {
        "campaign_list",
        "campaign_statuses",
        "campaign_filters",
        "campaign_item",
    }
    assert set(found["notTouched"]) == {*OPTIONS} - {one["option"] for one in found["values"]}
    assert outcomes(found)["campaign_list=example"] == "passed"
    assert outcomes(found)["campaign_filters=example"] == "same"


def test_a_value_that_the_run_has_is_not_tried(pytester: pytest.Pytester) -> None:
    found = results(pytester, RELIES_ON_201, "--sendpilot-contract=live")

    assert "leads_per_post=documented" in outcomes(found)
    assert "leads_per_post=live" not in outcomes(found)


@pytest.mark.parametrize(
    "pinned",
    [
        pytest.param('@pytest.mark.sendpilot(post_status_code="documented")', id="by its marker"),
        pytest.param("", id="by a call"),
    ],
)
def test_an_option_that_the_test_sets_itself_keeps_its_value(
    pytester: pytest.Pytester, pinned: str
) -> None:
    suite = f"""
{pinned}
def test_add(sendpilot, sendpilot_factory):
    world = sendpilot
    if {not pinned}:
        world = sendpilot_factory(post_status_code="documented")
    assert add(world).status_code == 201
"""
    found = results(pytester, suite)

    assert broken(found) == set()
    assert "post_status_code" in found["notTouched"]


@pytest.mark.parametrize(
    "suite",
    [
        pytest.param("def test_fails(sendpilot): add(sendpilot); assert False", id="fails"),
        pytest.param(
            "@pytest.mark.xfail\ndef test_fails(sendpilot): assert not add(sendpilot)", id="xfails"
        ),
        pytest.param("def test_skips(sendpilot): add(sendpilot); pytest.skip()", id="skips"),
        pytest.param("def test_of_something_else(): pass", id="has no sandbox"),
    ],
)
def test_a_test_is_not_run_again_that(pytester: pytest.Pytester, suite: str) -> None:
    assert results(pytester, suite)["tests"] == []


def test_fixtures_of_the_function_are_set_up_again_and_others_are_not(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        CLIENT
        + """
from pathlib import Path

def note(name):
    with open("calls", "a") as file:
        file.write(f"{name} ")

@pytest.fixture(scope="module")
def database():
    note("database")
    yield
    note("dropped")

@pytest.fixture
def table(database):
    note("table")
    yield
    note("emptied")

def test_add(sendpilot, table):
    assert add(sendpilot)

def test_nothing(database):
    note("nothing")
"""
    )
    option = "--sendpilot-matrix-option=post_status_code"
    run(pytester, "--sendpilot-matrix", option).assert_outcomes(passed=2)

    calls = (pytester.path / "calls").read_text().split()
    assert calls == ["database", *["table", "emptied"] * 3, "nothing", "dropped"]


def test_each_rerun_finds_a_shared_sandbox_as_the_test_did(pytester: pytest.Pytester) -> None:
    suite = """
@pytest.fixture(scope="module")
def world(sendpilot_module):
    sendpilot_module.add_lead()
    return sendpilot_module

@pytest.fixture
def lead(world):
    return world.add_lead()

def test_first(world, lead):
    assert (len(world.leads()), len(world.requests)) == (2, 0)
    assert close(world, lead).json()["updatedAt"]

def test_second(world, lead):
    assert (len(world.leads()), len(world.requests)) == (3, 1)
    assert world.workspace.contract.name == "documented"
    assert call(world, "GET", "/leads").json()["pagination"]["total"] == 3
"""
    pytester.makepyfile(CLIENT + suite)
    run(pytester).assert_outcomes(passed=2)
    found = results(pytester, suite.replace("    assert world.workspace.contract", "    #"))

    assert {one["state"] for one in found["tests"]} == {"rerun"}
    assert broken(found) == {"patch_reply=schema", "list_needs_campaign=live"}


def test_the_sandboxes_of_other_makers_are_changed_too(pytester: pytest.Pytester) -> None:
    suite = """
import unittest
from mock_sendpilot import sandbox

class TestAdding(unittest.TestCase):
    def test_add(self):
        with sandbox() as world:
            assert add(world).status_code == 201

def test_factory(sendpilot_factory):
    assert add(sendpilot_factory()).status_code == 201
"""
    found = results(pytester, suite, "--sendpilot-matrix-option=post_status_code")

    (value,) = found["values"]
    assert [one["outcome"] for one in value["tests"]] == ["failed", "failed"]


def test_a_test_that_fails_when_it_is_run_again_is_left_out(pytester: pytest.Pytester) -> None:
    suite = """
added = []

def test_add(sendpilot):
    added.append(add(sendpilot))
    assert len(added) == 1
"""
    found = results(pytester, suite)

    (test,) = found["tests"]
    assert (test["state"], test["reason"]) == ("not repeatable", "assert 2 == 1")
    assert found["values"] == []


def test_a_name_that_the_test_itself_uses_is_told_from_the_apps(
    pytester: pytest.Pytester,
) -> None:
    suite = """
def test_close(sendpilot):
    close(sendpilot, sendpilot.add_lead())
    sendpilot.events.wait_for("lead.status.changed")
"""
    found = results(pytester, suite, "--sendpilot-matrix-option=event_types")

    ((rerun,),) = [one["tests"] for one in found["values"]]
    assert rerun["namedByTest"]
    assert "'lead.updated'" in rerun["reason"]


def test_a_run_is_reported_as_without_reruns(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
import unittest
from mock_sendpilot import sandbox

class TestAdding(unittest.TestCase):
    def test_add(self):
        with sandbox() as world, self.subTest("status"):
            assert add(world).status_code == 201

def test_properties(sendpilot, record_property):
    print("once")
    record_property("status", add(sendpilot).status_code)
"""
    )
    option = "--sendpilot-matrix-option=post_status_code"
    result = run(
        pytester,
        "--sendpilot-matrix",
        option,
        "--junit-xml=run.xml",
        "-ojunit_family=xunit1",
        "-rP",
    )

    assert result.ret == 0
    # Plugins differ in whether a subtest counts.
    assert result.parseoutcomes()["passed"] == run(pytester).parseoutcomes()["passed"]
    assert "failed" not in result.parseoutcomes()
    cases = xml_of(pytester.path / "run.xml").findall(".//testcase")
    assert [case for case in cases if case.findall("failure")] == []
    assert len(cases[-1].findall(".//property")) == 1
    assert result.stdout.str().count("\nonce\n") == 1
    result.stdout.fnmatch_lines(["the suite breaks under 1 of 1 value of 1 contract option*"])


def test_a_failed_teardown_of_a_module_is_reported_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
@pytest.fixture(scope="module")
def database():
    yield
    assert False, "cannot drop"

def test_add(sendpilot, database):
    assert add(sendpilot)
"""
    )
    result = run(pytester, "--sendpilot-matrix")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E   *cannot drop*"])


def test_a_rerun_leaves_no_evidence_and_counts_for_no_coverage(pytester: pytest.Pytester) -> None:
    def covered(*arguments: str) -> dict[str, Any]:
        run(pytester, "--sendpilot-cov", "--sendpilot-cov-json=covered.json", *arguments)
        found: dict[str, Any] = json.loads((pytester.path / "covered.json").read_bytes())
        return found

    pytester.makepyfile(CLIENT + RELIES_ON_201)

    assert covered("--sendpilot-matrix", "--sendpilot-artifacts=evidence") == covered()
    assert list((pytester.path / "evidence").iterdir()) == []


def test_faults_that_a_rerun_leaves_are_a_failure_of_each(pytester: pytest.Pytester) -> None:
    suite = """
def test_add(sendpilot):
    sendpilot.fail_next(503, "PATCH")
    if add(sendpilot).status_code == 201:
        close(sendpilot, sendpilot.add_lead())
        assert "lead_" in sendpilot.leads()[-1].id
"""
    found = results(pytester, suite)

    assert broken(found) == {"post_status_code=200", "lead_ids=live"}


def test_a_rerun_that_hangs_ends_by_its_own_timeout(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
import threading

def test_add(sendpilot):
    while add(sendpilot).status_code != 201:
        threading.Event().wait(0.05)
"""
    )
    option = "--sendpilot-matrix-option=post_status_code"
    result = strangers.run(
        pytester, "--sendpilot-matrix", option, "--timeout=1", beside=("timeout",)
    )

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  *::test_add: Failed: Timeout*"])


def test_a_collection_alone_has_no_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CLIENT + RELIES_ON_201)
    result = run(pytester, "--sendpilot-matrix", "--collect-only")

    assert result.ret == 0
    result.stdout.no_fnmatch_line("*sendpilot matrix*")


@pytest.mark.parametrize(
    ("suite", "status"), [(RELIES_ON_201, 1), (RELIES_ON_201.replace("== 201", "< 300"), 0)]
)
def test_a_strict_run_ends_with_an_error_if_a_value_breaks_the_suite(
    pytester: pytest.Pytester, suite: str, status: int
) -> None:
    pytester.makepyfile(CLIENT + suite)

    assert run(pytester, "--sendpilot-matrix", "--sendpilot-matrix-strict").ret == status


def test_the_files_have_each_value(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=CLIENT + RELIES_ON_201)
    files = ("--sendpilot-matrix-json=new/found.json", "--sendpilot-matrix-junit=new/found.xml")
    run(pytester, "--sendpilot-matrix", *files)

    found: dict[str, Any] = json.loads((pytester.path / "new" / "found.json").read_bytes())
    (value,) = [one for one in found["values"] if one["outcome"] == "failed"]
    assert not found["passed"]
    assert value == {
        "option": "post_status_code",
        "value": "200",
        "text": "200",
        "about": OPTIONS["post_status_code"].about,
        "source": OPTIONS["post_status_code"].source,
        "outcome": "failed",
        "tests": [
            {
                "test": "test_it.py::test_add",
                "outcome": "failed",
                "reason": "assert 200 == 201",
                "difference": "POST leads.add answers 200 instead of 201",
                "namedByTest": False,
            }
        ],
    }
    suite = xml_of(pytester.path / "new" / "found.xml")[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    (failure,) = suite.findall("testcase/failure")
    assert "test_it.py::test_add: assert 200 == 201" in str(failure.text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sendpilot-matrix-junit=x.xml"], "*-matrix-junit: expected --sendpilot-matrix with it"),
        (["--sendpilot-drift-strict"], "*-drift-strict: expected --sendpilot-drift with it"),
        (
            ["--sendpilot-matrix", "--sendpilot-matrix-option=post_status"],
            "*-matrix-option: unknown contract option 'post_status'; *'post_status_code'*",
        ),
        (
            ["--sendpilot-drift", "--sendpilot-drift-percent=0"],
            "*-drift-percent: expected a whole number from 1 to 100, got 0",
        ),
        (
            ["--sendpilot-matrix", "--sendpilot-url=http://127.0.0.1:1"],
            "*-matrix: expected an emulator in this process, got --sendpilot-url *",
        ),
        (
            ["--sendpilot-drift", "--sendpilot-drift-json=."],
            "*-drift-json: expected the path of a file, got '.'",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    pytester: pytest.Pytester, arguments: list[str], message: str
) -> None:
    result = run(pytester, *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_a_file_that_cannot_be_written_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makefile(".txt", file="")
    pytester.makepyfile(CLIENT + RELIES_ON_201)
    result = run(pytester, "--sendpilot-matrix", "--sendpilot-matrix-json=file.txt/matrix.json")

    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["--sendpilot-matrix-json: cannot write *: *"])


def test_each_rerun_has_a_line_of_a_verbose_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=CLIENT + RELIES_ON_201)

    run(pytester, "--sendpilot-matrix", "-v").stdout.fnmatch_lines(
        ["  matrix test_it.py::test_add [[]post_status_code=200[]] FAILED"]
    )


@pytest.mark.slow
def test_a_worker_of_xdist_tells_the_controller(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
@pytest.mark.parametrize("number", range(4))
def test_add(sendpilot, number):
    assert add(sendpilot).status_code == 201
"""
    )
    result = strangers.run(
        pytester, "--sendpilot-matrix", "-n1", beside=("xdist", "xdist.looponfail")
    )

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["the suite breaks under 1 of 3 values *(12 reruns of 4 tests)"])
    result.stdout.fnmatch_lines(
        [f"*test_add[[]{number}[]]: assert 200 == 201" for number in range(4)]
    )


@pytest.mark.slow
def test_each_option_that_a_client_relies_on_is_named(pytester: pytest.Pytester) -> None:
    suite = PLANTED.read_text(encoding="utf-8")
    pytester.makepyfile(test_planted=suite)
    run(pytester, "--sendpilot-matrix", "--sendpilot-matrix-json=found.json")

    found = json.loads((pytester.path / "found.json").read_bytes())
    named = {
        value["option"]
        for value in found["values"]
        for one in value["tests"]
        if one["outcome"] == "failed" and one["test"].endswith(f"::test_{value['option']}")
    }
    assert named == {*OPTIONS}
