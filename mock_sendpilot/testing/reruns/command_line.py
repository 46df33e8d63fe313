"""The options of the command line for reruns; pytest reads this file in every run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MATRIX, DRIFT = "--sendpilot-matrix", "--sendpilot-drift"
MATRIX_OPTION = "--sendpilot-matrix-option"
DRIFT_PERCENT, DRIFT_SEED = "--sendpilot-drift-percent", "--sendpilot-drift-seed"
DEFAULT_PERCENT, DEFAULT_SEED = 100, "drift"


def add_options(group: "pytest.OptionGroup") -> None:
    """Register the options of the matrix and of drift."""
    group.addoption(
        MATRIX,
        action="store_true",
        help="run each test that passes again under every other value of each contract option that "
        "it touched, and say which values break the suite",
    )
    group.addoption(
        MATRIX_OPTION,
        action="append",
        default=[],
        metavar="OPTION",
        help="contract option of the matrix, such as post_status_code; repeatable; by default all",
    )
    group.addoption(
        DRIFT,
        action="store_true",
        help="run each test that passes again with replies that drift: a field missing, null, of "
        "another type or with a new value; say which changes no test notices",
    )
    group.addoption(
        DRIFT_PERCENT,
        type=int,
        metavar="PERCENT",
        help="share of the changes to try, in percent, from 1 to 100; by default all",
    )
    group.addoption(
        DRIFT_SEED,
        metavar="SEED",
        help="random seed that chooses these changes",
    )
    for name, what, failure in (
        (MATRIX, "matrix", "a value breaks the suite"),
        (DRIFT, "drift", "no test notices a change"),
    ):
        group.addoption(
            f"{name}-json", metavar="FILE", help=f"write the results of the {what} to FILE as JSON"
        )
        group.addoption(
            f"{name}-junit",
            metavar="FILE",
            help=f"write the results of the {what} to FILE as JUnit XML",
        )
        group.addoption(
            f"{name}-strict", action="store_true", help=f"end with exit status 1 if {failure}"
        )


def options_of(name: str) -> tuple[str, ...]:
    """Return the options that need `--sendpilot-matrix` or `--sendpilot-drift` with them."""
    own = (MATRIX_OPTION,) if name == MATRIX else (DRIFT_PERCENT, DRIFT_SEED)
    return (*own, f"{name}-json", f"{name}-junit", f"{name}-strict")


def is_asked_for(config: "pytest.Config") -> bool:
    """Return whether a run has any of these options."""
    names = (MATRIX, DRIFT, *options_of(MATRIX), *options_of(DRIFT))
    return any(config.getoption(name) for name in names)
