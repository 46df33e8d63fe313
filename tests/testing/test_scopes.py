"""The fixtures of a module and of the session, and the contract of a run, in a stranger's suite."""

import pytest

from tests.testing.strangers import run

SHARED = {
    "test_one": """
        import pytest

        pytestmark = pytest.mark.sendpilot("live", starts_at="2026-03-01", frozen=True)

        def test_the_markers_of_the_module_are_for_its_sandbox(sendpilot_module):
            assert sendpilot_module.workspace.contract.name == "live"
            assert sendpilot_module.clock.is_frozen
            sendpilot_module.add_lead(lead_id="lead_1")

        def test_the_next_test_finds_what_the_first_has_left(sendpilot_module, sendpilot):
            assert sendpilot_module.lead("lead_1").id == "lead_1"
            assert sendpilot.leads() == []

        def test_the_session_has_no_marker(sendpilot_session):
            assert sendpilot_session.workspace.contract.name == "example"
            sendpilot_session.add_lead(lead_id="lead_2")
    """,
    "test_two": """
        def test_another_module_has_another_sandbox(sendpilot_module):
            assert sendpilot_module.workspace.contract.name == "example"
            assert sendpilot_module.leads() == []

        def test_the_session_has_one(sendpilot_session):
            assert sendpilot_session.lead("lead_2").id == "lead_2"
    """,
}
FAILING = """
    import pytest

    def test_that_fails(sendpilot_module, sendpilot_session):
        sendpilot_module.trigger("message.sent", lead_id=sendpilot_module.add_lead())
        assert False

    def test_that_does_not_use_it():
        assert False
"""


def test_the_tests_of_a_module_and_of_the_session_share_a_sandbox(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\nsendpilot_contract = example")
    pytester.makepyfile(**SHARED)

    run(pytester).assert_outcomes(passed=5)


def test_the_report_of_a_failed_test_shows_the_sandboxes_that_it_shares(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(FAILING)

    result = run(pytester)

    result.assert_outcomes(failed=2)
    text = result.stdout.str()
    assert text.count("sendpilot_module timeline") == text.count("sendpilot_session timeline") == 1
    result.stdout.fnmatch_lines(["*sendpilot_module timeline*", "*message.sent*"])


def test_a_fault_of_a_shared_sandbox_that_hits_nothing_is_an_error_at_the_end(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("def test_it(sendpilot_module): sendpilot_module.fail_next(503)")

    result = run(pytester)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E  *UnconsumedFault: *"])


def test_the_contract_of_the_command_line_is_between_the_marker_and_the_ini_file(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\nsendpilot_contract = example+patch_reply=schema")
    pytester.makepyfile(
        """
        import pytest

        def test_it_is_that_of_the_run(sendpilot, sendpilot_session, sendpilot_factory):
            with sendpilot_factory() as other:
                for one in (sendpilot, sendpilot_session, other):
                    assert one.workspace.contract.name == "live+patch_reply=example"

        @pytest.mark.sendpilot(patch_reply="schema")
        def test_a_marker_sets_an_option_of_it(sendpilot):
            assert sendpilot.workspace.contract.name.startswith("live+")
            assert sendpilot.workspace.contract.name.endswith("+patch_reply=schema")

        @pytest.mark.sendpilot("documented")
        def test_a_marker_names_another(sendpilot):
            assert sendpilot.workspace.contract.name == "documented"
        """
    )

    run(pytester, "--sendpilot-contract", "live+patch_reply=example").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        pytest.param("life", "unknown contract 'life'; did you mean 'live'", id="contract"),
        pytest.param("live+patch_reply", "expected one such as live+patch", id="no value"),
        pytest.param("live+patch_replay=x", "did you mean 'patch_reply'", id="option"),
        pytest.param("", "unknown contract ''", id="empty"),
    ],
)
def test_a_contract_of_the_command_line_that_does_not_exist_ends_the_run_before_it_begins(
    pytester: pytest.Pytester, contract: str, message: str
) -> None:
    pytester.makepyfile("def test_it(): pass")

    result = run(pytester, f"--sendpilot-contract={contract}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --sendpilot-contract: *{message}*"])
