"""The workspace of a sandbox, which a reset or a restore replaces by another object."""

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import NotFound
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace


class CurrentWorkspace:
    """The object that now stands for a workspace, whatever has replaced it.

    Args:
        emulator: the emulator that has the workspace.
        workspace: the workspace; it is the current one still after it was removed.
    """

    def __init__(self, emulator: Emulator, workspace: Workspace) -> None:
        self._emulator = emulator
        self._workspace = workspace
        self._outbox = emulator.outbox(workspace)

    @property
    def workspace(self) -> Workspace:
        """The workspace."""
        try:
            current = self._emulator.workspace(self._workspace.id)
        except NotFound:
            # A closed sandbox is still read, such as by an assertion after its `with` block.
            return self._workspace
        if current is not self._workspace:
            self._workspace, self._outbox = current, self._emulator.outbox(current)
        return current

    @property
    def outbox(self) -> Outbox:
        """The endpoints, events and deliveries of the workspace."""
        # Looking it up replaces the outbox, if the workspace has been replaced.
        _ = self.workspace
        return self._outbox
