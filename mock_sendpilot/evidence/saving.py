"""Saving evidence: of workspaces and of explorations, as one file."""

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_sendpilot.evidence.document import WorkspaceEvidence, document
from mock_sendpilot.evidence.files import write
from mock_sendpilot.evidence.masking import Masks
from mock_sendpilot.evidence.page import Facts, render
from mock_sendpilot.testing.backends.protocol import Backend

if TYPE_CHECKING:
    from mock_sendpilot.explorer.exploring import Exploration


def save(
    path: Path,
    workspaces: Sequence[WorkspaceEvidence],
    *,
    title: str,
    test: str | None = None,
    failure: str = "",
    exploration: "Exploration | None" = None,
) -> None:
    """Write a file of evidence.

    Args:
        path: the file; its folder is made if need be.
        workspaces: the workspaces.
        title: the title of the page.
        test: the id of the test.
        failure: the text of its failure.
        exploration: an exploration that has found something.

    Raises:
        InvalidInput: the file cannot be written.
    """
    facts: dict[str, Any] = {} if test is None else {"test": _masked(workspaces, test)}
    if exploration is not None and exploration.found is not None:
        facts["exploration"] = _masked(workspaces, exploration.as_json())
    made = document([one.as_json() for one in workspaces], **facts)
    page = Facts(
        title=_masked(workspaces, title),
        failure=reduce(lambda text, one: one.masks.failure(text), workspaces, failure),
        document=made,
        exploration=exploration,
    )
    write(path, render(page, workspaces))


def save_exploration(path: Path, exploration: "Exploration") -> None:
    """Write a file about an exploration that has found something.

    Raises:
        InvalidInput: the file cannot be written.
    """
    title = f"explored with random seed {exploration.random_seed}"
    save(path, [], title=title, exploration=exploration)


def _masked(workspaces: Sequence[WorkspaceEvidence], value: Any) -> Any:
    for masks in [one.masks for one in workspaces] or [Masks(())]:
        value = masks.value(value)
    return value


def save_sandbox(path: Path, backend: Backend, *, title: str) -> None:
    """Write a file about one workspace.

    Raises:
        InvalidInput: the file cannot be written.
    """
    evidence = WorkspaceEvidence(backend, label="sandbox")
    save(path, [evidence], title=title, exploration=evidence.recording.exploration)
