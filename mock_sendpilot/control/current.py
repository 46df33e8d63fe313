"""What a view of the control API works on."""

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace


def outbox_of(workspace: Workspace) -> Outbox:
    """The endpoints, events, deliveries and disruptions of a workspace."""
    return current_emulator().outbox(workspace)
