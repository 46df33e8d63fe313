"""What a view of the control API works on."""

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.webhooks.outbox import Outbox


def outbox_of(workspace: Workspace) -> Outbox:
    """The endpoints, events, deliveries and disruptions of a workspace."""
    return current_emulator().outbox(workspace)
