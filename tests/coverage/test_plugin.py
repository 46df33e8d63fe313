"""`pytest --sendpilot-cov` in a stranger's project."""

import json
import re
from pathlib import Path

import pytest

from tests.support import without_plugins
from tests.testing.strangers import run

TESTS = """
import pytest, requests
from mock_sendpilot import sandbox

def get(made, path):
    return requests.get(f"{made.base_url}{path}", headers=made.headers, timeout=10).status_code

def test_a_lead(sendpilot):
    assert get(sendpilot, f"/leads/{sendpilot.add_lead().id}") == 200

def test_a_lead_that_is_not_there(sendpilot_module):
    assert get(sendpilot_module, "/leads/lead_1") == 404

def test_the_credits(sendpilot_session):
    assert get(sendpilot_session, "/credits") == 200

def test_the_campaigns():
    with sandbox("live") as made:
        assert get(made, "/campaigns") == 200

def test_a_receiver(sendpilot_factory, sendpilot_receiver):
    with sendpilot_factory() as made:
        made.add_endpoint(sendpilot_receiver.url)
        made.trigger("lead.updated", lead_id=made.add_lead())
        sendpilot_receiver.wait_for("lead.status.changed")
        made.wait_until_idle()
"""
MET = {
    "operations/leads.get/2xx",
    "operations/leads.get/404",
    "operations/credits.get/2xx",
    "operations/campaigns.list/2xx",
    "events/lead.updated",
    "deliveries/first_attempt",
}


def run_here(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests of `pytester` in this process, which is quicker."""
    plugins = without_plugins(beside=("mock_sendpilot",))
    return pytester.runpytest_inprocess("-W", "error", *plugins, *arguments)


def met(path: Path) -> set[str]:
    """Return the points that a report has as met, without those of options."""
    report = json.loads(path.read_text(encoding="utf-8"))
    points = [point for group in report["groups"] for point in group["points"]]
    return {one["id"] for one in points if one["count"] and not one["id"].startswith("contract/")}


@pytest.mark.parametrize("workers", [0, 2], ids=["in one process", "over workers"])
def test_every_kind_of_sandbox_is_counted(pytester: pytest.Pytester, workers: int) -> None:
    pytester.makepyfile(TESTS)
    options = ["--sendpilot-cov-json=out/cov.json", *(["-n", str(workers)] if workers else [])]
    result = run(pytester, *options, beside=["xdist"]) if workers else run_here(pytester, *options)
    result.assert_outcomes(passed=5)
    assert met(pytester.path / "out" / "cov.json") == MET
    result.stdout.fnmatch_lines(["total * of * %", f"coverage written to {Path('out/cov.json')}"])


def test_the_terminal_has_the_table_and_what_was_never_met(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = run_here(pytester, "--sendpilot-cov", "--sendpilot-cov-html=cov.html")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(
        [
            "*- coverage of the SendPilot integration -*",
            "events delivered * 1 of * 12 * 8 %",
            "never met of operations and their statuses:",
            "  leads.get * 400, 401, 403, 429 *",
            '  duplicate * sendpilot.disrupt("duplicate")',
            "coverage written to cov.html",
        ]
    )
    assert "never met" in (pytester.path / "cov.html").read_text(encoding="utf-8")


def test_verbose_names_everything_that_was_never_met(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    text = run_here(pytester, "--sendpilot-cov", "-v").stdout.str()
    assert "more; -v names them" not in text
    assert re.search(r"^  workspace\.me +nothing met", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("percent", "code", "line"),
    [
        ("2", 0, r"Required SendPilot coverage of 2 % reached\. Total coverage: \d+\.\d\d %"),
        ("90.5", 1, r"FAIL Required SendPilot coverage of 90\.5 % not reached\. Total coverage: "),
    ],
)
def test_a_share_that_is_not_reached_lets_the_run_fail(
    pytester: pytest.Pytester, percent: str, code: int, line: str
) -> None:
    pytester.makepyfile(TESTS)
    result = run_here(pytester, f"--sendpilot-cov-fail-under={percent}")
    result.assert_outcomes(passed=5)
    assert result.ret == code
    assert re.search(line, result.stdout.str())


def test_a_run_without_tests_keeps_its_exit_status(pytester: pytest.Pytester) -> None:
    assert (
        run_here(pytester, "--sendpilot-cov-fail-under=50").ret
        == pytest.ExitCode.NO_TESTS_COLLECTED
    )


def test_patterns_of_the_ini_file_leave_points_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    pytester.makeini("[pytest]\nsendpilot_cov_omit =\n    contract/*\n    operations/inbox.*\n")
    result = run_here(pytester, "--sendpilot-cov")
    result.stdout.no_fnmatch_line("values of contract options*")
    result.stdout.fnmatch_lines(["total *"])


@pytest.mark.parametrize(
    ("options", "ini", "message"),
    [
        (["--sendpilot-cov-fail-under=101"], "", "*expected a percentage, got 101"),
        (["--sendpilot-cov-html=."], "", "*-html: expected the path of a file, got '.'"),
        (["--sendpilot-cov"], "operation/*", "*sendpilot_cov_omit: expected a pattern*"),
        (
            ["--sendpilot-cov", "--sendpilot-url=http://127.0.0.1:9"],
            "",
            "*--sendpilot-cov: expected an emulator of the tests' own, got http://127.0.0.1:9 *",
        ),
    ],
)
def test_an_option_that_cannot_be_followed_ends_the_run_before_it_begins(
    pytester: pytest.Pytester, options: list[str], ini: str, message: str
) -> None:
    pytester.makepyfile(TESTS)
    pytester.makeini(f"[pytest]\nsendpilot_cov_omit = {ini}\n")
    result = run_here(pytester, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_a_file_that_cannot_be_written_lets_the_run_fail(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    (pytester.path / "taken").write_text("a file", encoding="utf-8")
    result = run_here(pytester, "--sendpilot-cov-json=taken/cov.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["cannot write taken*cov.json: *"])


def test_a_run_without_the_option_counts_nothing_and_imports_nothing(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_counted(sendpilot):
            assert not [name for name in sys.modules if name.startswith("mock_sendpilot.coverage")]
            assert sendpilot.workspace.contract is sendpilot.workspace.contract.plain
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1)
    assert "SendPilot" not in result.stdout.str()


def test_the_list_of_tests_has_no_coverage(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = run_here(pytester, "--sendpilot-cov", "--collect-only")
    assert "SendPilot" not in result.stdout.str()
