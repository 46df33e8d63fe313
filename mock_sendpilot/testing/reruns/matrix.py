"""The matrix: the contract options that a test touched, and their other values."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mock_sendpilot.contracts.options import OPTIONS, value_text
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.testing.reruns.changes import Change
from mock_sendpilot.testing.reruns.consulted import ConsultedContract, other_values, with_value
from mock_sendpilot.testing.reruns.results import Results
from mock_sendpilot.testing.reruns.trials import Trial
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import SandboxOptions


class Matrix:
    """Reruns under each other value of each contract option that a test touched.

    Args:
        options: the contract options to try; none for all.

    Raises:
        InvalidInput: an unknown option; the message lists the known ones.
    """

    name = "matrix"

    def __init__(self, options: Sequence[str] = ()) -> None:
        for name in options:
            if name not in OPTIONS:
                guess = did_you_mean(name, OPTIONS)
                known = ", ".join(OPTIONS)
                raise InvalidInput(
                    f"unknown contract option {name[:80]!r}; {guess}expected one of: {known}"
                )
        self.options = tuple(options) or tuple(OPTIONS)
        self.results = Results()

    def control(self) -> Trial:
        """Return a trial that changes nothing, and notes which options are touched."""
        return Trial(_recording, opened=_forget_construction)

    def changes(self, control: Trial) -> Iterator[Change]:
        """Yield each value of each option that the sandboxes of a control run touched."""
        worlds = [
            (options, _consulted(options) - options.pinned) for _, options in control.sandboxes
        ]
        for option in self.options:
            values: dict[str, Any] = {}
            for options, touched in worlds:
                if option in touched:
                    values.update(other_values(options.contract, option))
            for value_name, value in values.items():
                facts = {"option": option, "value": value_name, "text": value_text(value)}
                yield Change(
                    id=f"{option}={value_name}",
                    facts=facts,
                    apply=partial(_under, option=option, value=value_name),
                )

    def noticed(self, change: Change) -> None:
        """Do nothing: each test that breaks is worth its line."""

    def order(self) -> list[str]:
        """Return the ids of all changes in the order of the options."""
        return [f"{name}={value}" for name in OPTIONS for value in _value_names(name)]


def _value_names(option: str) -> list[str]:
    return [*OPTIONS[option].extra_values, *OPTIONS[option].by_contract]


def _recording(options: SandboxOptions) -> SandboxOptions:
    return replace(options, contract=ConsultedContract.of(options.contract))


def _forget_construction(_: Sandbox, options: SandboxOptions) -> None:
    # A new workspace reads some options for what may never happen in it.
    _consulted(options).clear()


def _consulted(options: SandboxOptions) -> set[str]:
    contract = options.contract
    return contract.consulted if isinstance(contract, ConsultedContract) else set()


def _under(options: SandboxOptions, *, option: str, value: str) -> SandboxOptions:
    """Return the options with another value of a contract option, unless the test has set it."""
    if option in options.pinned:
        return options
    contract = with_value(options.contract, option, value)
    seed = None if options.seed is None else options.seed.under(contract)
    return replace(options, contract=contract, seed=seed)
