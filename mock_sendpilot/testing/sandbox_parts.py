"""What a sandbox is told: names of fields, checked, and steps by hand."""

from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.domain.outreach import by_hand, campaigns
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.webhooks.event_log import SentWebhook

_JOB_ACTIONS = ("complete", "fail")


def event_id_of(webhook: SentWebhook | str) -> str:
    """The id of an event, of which the id alone may be given."""
    return webhook if isinstance(webhook, str) else webhook.event_id


def check_names(given: Iterable[str], model: type) -> None:
    """Refuse a name that is no field of the model.

    Raises:
        InvalidInput: it says which names there are.
    """
    known = [field.name for field in fields(model)]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            guess = f"did you mean {near[0]!r}? " if near else ""
            raise InvalidInput(
                f"{model.__name__} has no field {name!r}; {guess}it has: {', '.join(known)}"
            )


def step_by_hand(workspace: Workspace, action: str, target_id: str, *, text: str | None) -> Any:  # noqa: ANN401
    """One step of a lead, a campaign or a job, which is told by the action.

    Raises:
        NotFound: there is no such thing.
        InvalidInput: there is no such action, or it cannot happen.
    """
    if action in by_hand.ACTIONS:
        return workspace.by_hand.act(target_id, action, text=text)
    if action in campaigns.ACTIONS:
        return workspace.campaigns.change(target_id, action, by="user")
    if action not in _JOB_ACTIONS:
        known = ", ".join((*by_hand.ACTIONS, *campaigns.ACTIONS, *_JOB_ACTIONS))
        raise InvalidInput(f"action must be one of {known}; it was {action!r}")
    jobs = workspace.jobs_with(target_id)
    if action == "complete":
        return jobs.complete(target_id)
    return jobs.fail(target_id, text or "The job failed")
