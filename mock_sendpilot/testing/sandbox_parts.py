"""Steps by hand in a sandbox: of a lead, a campaign or a job."""

from typing import Any

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.sandbox_checks import check_word
from mock_sendpilot.world import campaigns, manual_actions
from mock_sendpilot.world.workspace import Workspace

_JOB_ACTIONS = ("complete", "fail")


def step_by_hand(
    workspace: Workspace, action: str, target_id: str, *, text: str | None, sender_id: str | None
) -> Any:
    """One step of a lead, a campaign or a job, which is told by the action.

    Raises:
        NotFound: there is no such thing.
        InvalidInput: there is no such action, or it cannot happen.
    """
    check_word("action", action, (*manual_actions.ACTIONS, *campaigns.ACTIONS, *_JOB_ACTIONS))
    if action in manual_actions.ACTIONS:
        return workspace.manual_actions.act(target_id, action, text=text, sender_id=sender_id)
    if sender_id is not None:
        raise InvalidInput(f"sender_id is for steps of a lead; {action!r} is none")
    if action in campaigns.ACTIONS:
        return workspace.campaigns.change(target_id, action, by="user")
    jobs = workspace.job_runner(target_id)
    if action == "complete":
        return jobs.complete(target_id)
    return jobs.fail(target_id, text or "The job failed")
