"""The trial of a test: it changes the sandboxes that the test makes, and notes them.

Sandboxes are made in many ways: by a fixture, by a factory, and by `sandbox()`, which knows nothing
of pytest. So each asks here. A run without reruns has no trial.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_sendpilot.testing.sandbox import Sandbox
    from mock_sendpilot.testing.sandbox_options import SandboxOptions


class Trial:
    """One run of a test, and the sandboxes that it makes.

    Args:
        change: returns the options that a sandbox gets in place of its own.
        opened: called with the sandbox and them once it is made.
        is_rerun: False for the usual run.

    Attributes:
        sandboxes: each sandbox with the options that it got.
    """

    def __init__(
        self,
        change: "Callable[[SandboxOptions], SandboxOptions]" = lambda options: options,
        *,
        opened: "Callable[[Sandbox, SandboxOptions], None]" = lambda _, __: None,
        is_rerun: bool = True,
    ) -> None:
        self.is_rerun = is_rerun
        self._change = change
        self._opened = opened
        self.sandboxes: list[tuple[Sandbox, SandboxOptions]] = []

    def options_for(self, options: "SandboxOptions") -> "SandboxOptions":
        """Return the options of a sandbox that is about to be made."""
        return self._change(options)

    def opened(self, sandbox: "Sandbox", options: "SandboxOptions") -> None:
        """Note a sandbox that was made."""
        self.sandboxes.append((sandbox, options))
        self._opened(sandbox, options)


class _Current:
    """The trial that is under way in this process; None for none."""

    # Not a context variable: an event loop that lives longer than a test keeps the earlier value.
    trial: Trial | None = None


_CURRENT = _Current()


def current_trial() -> Trial | None:
    """Return the trial that is under way; None for none."""
    return _CURRENT.trial


def is_rerun() -> bool:
    """Return whether a test is being run again, of which nobody else should make anything."""
    return _CURRENT.trial is not None and _CURRENT.trial.is_rerun


@contextmanager
def under_way(trial: Trial) -> Iterator[Trial]:
    """Let this trial be under way in a block."""
    before = _CURRENT.trial
    _CURRENT.trial = trial
    try:
        yield trial
    finally:
        _CURRENT.trial = before
