"""The options of a sandbox: those of the marker and of `sendpilot_factory`."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mock_sendpilot.contracts.contract import CONTRACTS, Contract, named_contract
from mock_sendpilot.contracts.options import DOCUMENTED, OPTIONS
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.scheduler import FIRST_MOMENT, LAST_MOMENT
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.testing.sandbox_clock import moment_of

if TYPE_CHECKING:
    import pytest

_MARKER = "@pytest.mark.sendpilot"
_OWN_OPTIONS = ("starts_at", "frozen", "random_seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """The start of a sandbox. Without `starts_at` its clock shows the system's time."""

    contract: Contract
    starts_at: datetime | None = None
    is_frozen: bool = False
    random_seed: str | None = None


def sandbox_options(
    contract: str = DOCUMENTED,
    *,
    starts_at: datetime | str | None = None,
    frozen: bool = False,
    random_seed: str | None = None,
    **options: object,
) -> SandboxOptions:
    """Return checked options.

    Args:
        contract: the name of a contract.
        starts_at: the time that its clock shows at first, as for `sendpilot.clock.set`; also in the
            past.
        frozen: whether the clock starts frozen.
        random_seed: the seed of all chance.
        options: options of the contract with their values.

    Raises:
        InvalidInput: an unknown contract, option or value; it says which are known.
    """
    if not isinstance(contract, str):
        raise InvalidInput(f"contract: expected one of {', '.join(CONTRACTS)}, got {contract!r}")
    for name in options:
        if name not in OPTIONS:
            known = [*_OWN_OPTIONS, *OPTIONS]
            guess = did_you_mean(name, known)
            raise InvalidInput(f"unknown option {name!r}; {guess}known are: {', '.join(known)}")
    if not isinstance(frozen, bool):
        raise InvalidInput(f"frozen: expected True or False, got {frozen!r}")
    if not isinstance(random_seed, str | None):
        raise InvalidInput(f"random_seed: expected a text, got {random_seed!r}")
    start = None if starts_at is None else moment_of(starts_at, "starts_at")
    if start is not None and not FIRST_MOMENT <= start < LAST_MOMENT:
        raise InvalidInput(
            f"starts_at: expected a time from the year 1970 on and before 9000, got {starts_at!r}"
        )
    return SandboxOptions(
        contract=named_contract(contract, [(name, str(one)) for name, one in options.items()]),
        starts_at=start,
        is_frozen=frozen,
        random_seed=random_seed,
    )


def marked_options(marker: "pytest.Mark | None") -> SandboxOptions:
    """Read the options of a test from its marker.

    Raises:
        InvalidInput: arguments that the marker does not take; the message names the marker.
    """
    if marker is None:
        return sandbox_options()
    try:
        _require_one_contract(marker)
        return sandbox_options(*marker.args, **marker.kwargs)
    except InvalidInput as error:
        raise InvalidInput(f"{_MARKER}: {error}") from None


def _require_one_contract(marker: "pytest.Mark") -> None:
    arguments = ", ".join(repr(one) for one in marker.args)
    if len(marker.args) > 1:
        raise InvalidInput(
            f"expected one positional argument, the contract, got {len(marker.args)}: {arguments}; "
            "name each option, such as patch_reply='example'"
        )
    if marker.args and "contract" in marker.kwargs:
        raise InvalidInput(
            f"expected one contract, got two: {arguments} and {marker.kwargs['contract']!r}"
        )
