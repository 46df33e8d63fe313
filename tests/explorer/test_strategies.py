"""The state machine for people's own hypothesis tests."""

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mock_sendpilot.testing.failures import NotConverged
from mock_sendpilot.testing.strategies import ReceiverMachine
from tests.explorer.receivers import CountsEveryDelivery, Receiver
from tests.support import SECRET

FEW = settings(max_examples=15, stateful_step_count=8, deadline=None, database=None)


def machine_of(app: Receiver) -> type[ReceiverMachine]:
    class Machine(ReceiverMachine):
        receiver = app
        secret = SECRET
        timeout = 1.0

        def probe() -> Any:  # type: ignore[misc]  # a function of the class, not a method
            return app.view()

    return Machine


def test_a_right_app_that_remembers_earlier_examples_passes() -> None:
    run_state_machine_as_test(machine_of(Receiver()), settings=FEW)


def test_a_wrong_app_fails_with_an_example() -> None:
    machine = machine_of(CountsEveryDelivery())
    unshrunk = settings(FEW, max_examples=200, phases=[Phase.generate])

    with pytest.raises(NotConverged, match="the app does not agree") as caught:
        run_state_machine_as_test(machine, settings=unshrunk)

    assert "state.open_workspace()" in getattr(caught.value, "__notes__", [])


def test_a_machine_draws_only_the_kinds_of_its_class() -> None:
    drawn: set[str | None] = set()

    class Machine(machine_of(Receiver())):  # type: ignore[misc]
        kinds = ("lost_response",)

        def check(self) -> None:
            for webhook in self.sendpilot.webhooks.matching():
                for delivery in webhook.deliveries:
                    drawn.update(attempt.disruption for attempt in delivery.attempts)
            super().check()

    run_state_machine_as_test(Machine, settings=settings(FEW, derandomize=True))

    assert drawn == {None, "unknown_event", "lost_response"}
