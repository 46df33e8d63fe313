"""A change under which a test is run again, and the kinds of reruns that have changes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.testing.reruns.results import Results
from mock_sendpilot.testing.reruns.trials import Trial
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import SandboxOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of the sandboxes of a test.

    Attributes:
        id: its name, which is the same for all tests, such as `post_status_code=schema`.
        facts: the same as JSON.
        apply: returns the options of a sandbox under it.
        opened: called with a sandbox under it, and its options, once it is made.
    """

    id: str
    facts: Mapping[str, Any]
    apply: Callable[[SandboxOptions], SandboxOptions] = lambda options: options
    opened: Callable[[Sandbox, SandboxOptions], None] = lambda _, __: None


class Kind(Protocol):
    """A kind of reruns: the matrix, or drift."""

    @property
    def name(self) -> str:
        """Its name in options and files."""

    @property
    def results(self) -> Results:
        """Its results so far."""

    def control(self) -> Trial:
        """Return a trial that changes nothing, from which the changes are found."""

    def changes(self, control: Trial) -> Iterable[Change]:
        """Return the changes that are worth a rerun of a test after its control run."""

    def noticed(self, change: Change) -> None:
        """Note that a test has failed under a change."""

    def order(self) -> list[str]:
        """Return ids of changes in the order of the report."""
