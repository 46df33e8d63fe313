"""`--sendpilot-drift` in a stranger's suite."""

from typing import Any

import pytest

from tests.testing.rerun_suites import CLIENT, results, run

READS_A_TITLE = """
def test_title(sendpilot):
    lead = sendpilot.add_lead(title="CEO", status="PENDING")
    assert call(sendpilot, "GET", f"/leads/{lead.id}").json()["title"] == "CEO"
"""
RECEIVES = """
def test_status(sendpilot, sendpilot_receiver):
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot, sendpilot.add_lead())
    assert sendpilot_receiver.wait_for().json["data"]["newStatus"] == "DONE"
"""


def drift(pytester: pytest.Pytester, suite: str, *arguments: str) -> dict[str, Any]:
    return results(pytester, suite, *arguments, kind="drift")


def noticed(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["field"], one["kind"]) for one in found["changes"] if one["noticed"]}


def test_the_report_says_what_no_test_notices(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CLIENT + READS_A_TITLE)
    result = run(pytester, "--sendpilot-drift")

    assert result.ret == 0
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*= sendpilot drift =*",
            "the suite notices 3 of * changes of replies and webhooks (* reruns of 1 test)",
            "no test notices, in replies of leads.get, that",
            "  company is missing, has another type",
            "  status is missing, is null, has another type, has a new value",
        ]
    )
    result.stdout.no_fnmatch_line("  title *")


def test_a_field_of_a_list_is_changed_in_each_item(pytester: pytest.Pytester) -> None:
    suite = """
def test_titles(sendpilot):
    sendpilot.add_lead(title="CEO")
    sendpilot.add_lead(title="CTO")
    leads = call(sendpilot, "GET", "/leads").json()["leads"]
    assert {lead["title"] for lead in leads} == {"CEO", "CTO"}
"""
    found = drift(pytester, suite)

    assert {("leads.title", kind) for kind in ("missing", "null", "retype")} <= noticed(found)
    assert {one["source"] for one in found["changes"]} == {"leads.list"}


def test_webhooks_drift_too(pytester: pytest.Pytester) -> None:
    found = drift(pytester, RECEIVES)

    of_webhooks = [one for one in found["changes"] if one["of"] == "webhook"]
    assert {one["source"] for one in of_webhooks} == {"lead.status.changed"}
    assert noticed({"changes": of_webhooks}) == {
        *(("data", kind) for kind in ("missing", "null", "retype")),
        *(("data.newStatus", kind) for kind in ("missing", "null", "retype", "unknown")),
    }


def test_a_change_that_a_test_has_noticed_is_not_tried_again(pytester: pytest.Pytester) -> None:
    found = drift(pytester, READS_A_TITLE + READS_A_TITLE.replace("test_title", "test_too"))

    tests = {one["field"]: len(one["tests"]) for one in found["changes"]}
    assert (tests["title"], tests["company"]) == (1, 2)


def test_a_reset_does_not_end_it(pytester: pytest.Pytester) -> None:
    suite = READS_A_TITLE.replace("    lead", "    sendpilot.reset()\n    lead")

    assert ("title", "missing") in noticed(drift(pytester, suite))


def test_a_shared_sandbox_drifts_too(pytester: pytest.Pytester) -> None:
    suite = READS_A_TITLE.replace("(sendpilot)", "(sendpilot_module)").replace(
        "    lead", "    sendpilot = sendpilot_module\n    lead"
    )

    assert ("title", "missing") in noticed(drift(pytester, suite))


def test_a_seed_draws_the_same_share_each_time(pytester: pytest.Pytester) -> None:
    def drawn(seed: str) -> tuple[set[tuple[str, str]], dict[str, int]]:
        seed_option = f"--sendpilot-drift-seed={seed}"
        found = drift(pytester, READS_A_TITLE, "--sendpilot-drift-percent=50", seed_option)
        return {(one["field"], one["kind"]) for one in found["changes"]}, found["counts"]

    (first, counts), (second, _), (other, _) = drawn("a"), drawn("a"), drawn("b")

    assert first == second != other
    assert 0 < counts["tried"] == len(first) < counts["candidates"]


def test_a_strict_run_ends_with_an_error_if_a_change_is_not_noticed(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(CLIENT + READS_A_TITLE)

    assert run(pytester, "--sendpilot-drift", "--sendpilot-drift-strict").ret == 1


def test_the_junit_document_has_a_failure_for_each_change_that_is_not_noticed(
    pytester: pytest.Pytester,
) -> None:
    found = drift(pytester, READS_A_TITLE, "--sendpilot-drift-junit=found.xml")

    text = (pytester.path / "found.xml").read_text()
    counts = found["counts"]
    assert f'tests="{counts["tried"]}" failures="{counts["tried"] - counts["noticed"]}"' in text
    assert 'name="leads.get title missing"><system-out>noticed by ' in text


def test_both_kinds_of_reruns_fit_in_one_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CLIENT + READS_A_TITLE)

    run(pytester, "--sendpilot-drift", "--sendpilot-matrix").stdout.fnmatch_lines(
        ["*= sendpilot matrix =*", "*= sendpilot drift =*"]
    )
