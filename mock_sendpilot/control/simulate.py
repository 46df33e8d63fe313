"""`/_emulate/…/simulate`: single actions of a sender, a person or the dashboard."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app
from marshmallow import ValidationError, post_load

from mock_sendpilot.api.access import with_workspace
from mock_sendpilot.api.campaigns import campaign_detail, with_lead_count
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import Choice, JsonObject, Text
from mock_sendpilot.api.leads import full_lead
from mock_sendpilot.api.operation import cached_schema
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.control.seed_format import BehaviorSchema
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.triggers import STEPS
from mock_sendpilot.world.causes import SIMULATED
from mock_sendpilot.world.workspace import Workspace

simulate = Blueprint("simulate", __name__)

MAX_TEXT_LENGTH = 8000
_TEXT_KEYS: Mapping[str, tuple[str, ...]] = {**dict(STEPS.values()), "fail": ("errorMessage",)}
"""The keys of events and replies that hold the text of an action."""


class _ActionWithText(Strict):
    """An action whose text may also be in `overrides`, under its key in the data of events."""

    overrides = JsonObject()

    @post_load
    def _take_text_from_overrides(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        overrides = data.pop("overrides", {})
        keys = ("text", *_TEXT_KEYS.get(data["action"], ()))
        for key, value in overrides.items():
            if key not in keys:
                known = f"takes {' or '.join(keys)}" if keys[1:] else "takes nothing"
                raise ValidationError(f"unknown key {key!r}; {data['action']} {known}", "overrides")
            if data.get("text") is not None:
                problem = f"expected either overrides.{key} or text, got both"
                raise ValidationError(problem, "overrides")
            try:
                data["text"] = Text(max_length=MAX_TEXT_LENGTH).deserialize(value)
            except ValidationError as error:
                raise ValidationError({"overrides": {key: error.messages}}) from error
        return data


class LeadAction(_ActionWithText):
    """The body of POST /_emulate/leads/{id}/simulate; `text` is the note, message or reply."""

    action = Choice(words.LEAD_ACTIONS, required=True)
    text = Text(allow_none=True, max_length=MAX_TEXT_LENGTH)
    sender_id = Text(allow_none=True)


class CampaignAction(Strict):
    """The body of POST /_emulate/campaigns/{id}/simulate."""

    action = Choice(words.CAMPAIGN_ACTIONS, required=True)


class JobAction(_ActionWithText):
    """The body of POST /_emulate/jobs/{id}/simulate; `text` is the error of a job that fails."""

    action = Choice(words.JOB_ACTIONS, required=True)
    text = Text()


@simulate.post("/leads/<opaque:lead_id>/simulate")
@with_workspace
def simulate_lead(workspace: Workspace, lead_id: str) -> Response:
    """Do an action of a lead, and return the lead."""
    body = LeadAction().load(json_object())
    # Otherwise a trace would say that the events came out of nothing.
    with workspace.causes.working_for(SIMULATED):
        lead = workspace.manual_actions.act(lead_id, body.pop("action"), **body)
    return json_response(
        cached_schema(full_lead, workspace.contract, current_app.extensions).dump(lead)
    )


@simulate.get("/leads/<opaque:lead_id>/actions")
@with_workspace
def list_lead_actions(workspace: Workspace, lead_id: str) -> Response:
    """Return the actions of a lead, and why those cannot happen that cannot."""
    obstacles = workspace.manual_actions.obstacles(lead_id)
    return _actions(lead_id, workspace.store.lead(lead_id).status, obstacles)


@simulate.put("/leads/<opaque:lead_id>/behavior")
@with_workspace
def set_behavior(workspace: Workspace, lead_id: str) -> Response:
    """Set the behavior of a lead for the steps that are taken from now on."""
    behavior = BehaviorSchema().load(json_object())
    workspace.behaviors.set(workspace.store.lead(lead_id).id, behavior)  # 404 for an unknown lead
    return Response(status=204)


@simulate.post("/campaigns/<opaque:campaign_id>/simulate")
@with_workspace
def simulate_campaign(workspace: Workspace, campaign_id: str) -> Response:
    """Do to a campaign what a person does in the dashboard, and return the campaign."""
    action = CampaignAction().load(json_object())["action"]
    with workspace.causes.working_for(SIMULATED):
        campaign = workspace.campaigns.change(campaign_id, action, by="user")
    counted = with_lead_count(workspace, campaign)
    return json_response(
        cached_schema(campaign_detail, workspace.contract, current_app.extensions).dump(counted)
    )


@simulate.get("/campaigns/<opaque:campaign_id>/actions")
@with_workspace
def list_campaign_actions(workspace: Workspace, campaign_id: str) -> Response:
    """Return the actions of a campaign, and why those would change nothing that would not."""
    obstacles = workspace.campaigns.obstacles(campaign_id)
    return _actions(campaign_id, workspace.store.campaign(campaign_id).status, obstacles)


@simulate.get("/jobs/<opaque:job_id>/actions")
@with_workspace
def list_job_actions(workspace: Workspace, job_id: str) -> Response:
    """Return the actions of a search or an extraction, and why those cannot happen that cannot."""
    runner = workspace.job_runner(job_id)
    return _actions(job_id, runner.get(job_id).state, runner.obstacles(job_id))


@simulate.post("/jobs/<opaque:job_id>/simulate")
@with_workspace
def simulate_job(workspace: Workspace, job_id: str) -> Response:
    """End a search or an extraction at once, and return it."""
    body = JobAction().load(json_object())
    runner = workspace.job_runner(job_id)
    with workspace.causes.working_for(SIMULATED):
        if body["action"] == "complete":
            job = runner.complete(job_id)
        else:
            job = runner.fail(job_id, body.get("text", "The job failed"))
    return json_response(
        {
            "id": job.id,
            "name": job.name,
            "state": job.state,
            "found": len(job.leads),
            "completedAt": iso_milliseconds(job.completed_at) if job.completed_at else None,
            "errorMessage": job.error_message,
        }
    )


def _actions(resource_id: str, status: str, obstacles: Mapping[str, str | None]) -> Response:
    actions = [
        {"action": action, "possible": reason is None, "reason": reason}
        for action, reason in obstacles.items()
    ]
    return json_response({"id": resource_id, "status": status, "actions": actions})
