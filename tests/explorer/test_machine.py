"""`ReceiverMachine`, with workspaces, rules and checks of its own."""

from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from mock_sendpilot import InvalidInput, Sandbox
from mock_sendpilot.testing.strategies import ReceiverMachine
from tests.explorer import receivers as r
from tests.support import SECRET


def run(machine: type[RuleBasedStateMachine], *, examples: int = 5) -> None:
    """Run a machine with the same examples each time, and without the files of hypothesis."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=6,
            database=None,
            deadline=None,
            derandomize=True,
            print_blob=False,
            phases=[Phase.generate],  # to shrink what is found would take a minute
            suppress_health_check=list(HealthCheck),
        ),
    )


def machine_of(app: r.Receiver) -> type[ReceiverMachine]:
    """Return a machine for a receiver."""

    class Machine(ReceiverMachine):
        receiver = app
        probe = app.view
        secret = SECRET
        timeout = 0.25

    return Machine


def test_each_example_has_a_workspace_of_its_own() -> None:
    made: list[Sandbox] = []

    class Machine(machine_of(r.Receiver())):  # type: ignore[misc]
        def teardown(self) -> None:
            made.append(self.sendpilot)
            super().teardown()

    run(Machine, examples=3)
    assert len(made) == len({one.backend.workspace_id for one in made}) >= 3
    assert not any(one.backend.is_open for one in made)


def test_a_rule_and_a_check_of_ones_own_belong_to_the_machine() -> None:
    calls: list[str] = []

    class Machine(machine_of(r.Receiver())):  # type: ignore[misc]
        @rule()
        def look(self) -> None:
            calls.append("rule")

        def check(self) -> None:
            super().check()
            calls.append("check")
            assert calls.count("rule") < 3, "looked too often"

    with pytest.raises(AssertionError, match="looked too often"):
        run(Machine, examples=30)
    assert {"rule", "check"} <= set(calls)


@pytest.mark.parametrize("missing", ["receiver", "probe"])
def test_a_machine_without_a_receiver_or_a_probe_is_refused(missing: str) -> None:
    class Machine(machine_of(r.Receiver())):  # type: ignore[misc]
        pass

    setattr(Machine, missing, None)
    with pytest.raises(InvalidInput, match="Machine: set `receiver` and `probe` in the class"):
        run(Machine)


def test_the_machine_has_the_contract_of_its_class() -> None:
    names: set[str] = set()

    class Machine(machine_of(r.Receiver())):  # type: ignore[misc]
        contract: ClassVar[str] = "live"

        def check(self) -> None:
            names.add(self.sendpilot.workspace.contract.name)
            super().check()

    run(Machine, examples=2)
    assert names == {"live"}
