"""`/_emulate/…/simulate`: what a sender, a person or the dashboard does, one step by hand."""

from flask import Blueprint, Response

from mock_sendpilot.api import campaign_schemas, lead_schemas
from mock_sendpilot.api.access import of_workspace
from mock_sendpilot.api.body import json_object
from mock_sendpilot.api.envelope import reply
from mock_sendpilot.api.operation import SchemaOf, schema
from mock_sendpilot.control.outreach_schemas import BehaviorSchema
from mock_sendpilot.control.simulate_schemas import CampaignStep, JobStep, LeadStep, job_reply
from mock_sendpilot.world.workspace import Workspace

simulate = Blueprint("simulate", __name__)


@simulate.post("/leads/<opaque:lead_id>/simulate")
@of_workspace
def simulate_lead(workspace: Workspace, lead_id: str) -> Response:
    """One step of a lead; answers the lead after it."""
    wanted = LeadStep().load(json_object())
    lead = workspace.by_hand.act(lead_id, wanted.pop("action"), **wanted)
    return _shown(lead_schemas.full_lead, lead, workspace)


@simulate.put("/leads/<opaque:lead_id>/behavior")
@of_workspace
def set_behavior(workspace: Workspace, lead_id: str) -> Response:
    """What a lead is going to do; it counts for the steps that are taken from now on."""
    behavior = BehaviorSchema().load(json_object())
    workspace.behaviors.set(workspace.store.lead(lead_id).id, behavior)
    return Response(status=204)


@simulate.post("/campaigns/<opaque:campaign_id>/simulate")
@of_workspace
def simulate_campaign(workspace: Workspace, campaign_id: str) -> Response:
    """What a person does to a campaign in the dashboard; answers the campaign after it."""
    action = CampaignStep().load(json_object())["action"]
    campaign = workspace.campaigns.change(campaign_id, action, by="user")
    total = workspace.store.lead_count(campaign_id)
    counted = campaign_schemas.CountedCampaign(campaign, total)
    return _shown(campaign_schemas.campaign_detail, counted, workspace)


@simulate.post("/jobs/<opaque:job_id>/simulate")
@of_workspace
def simulate_job(workspace: Workspace, job_id: str) -> Response:
    """The end of a search or an extraction, at once."""
    wanted = JobStep().load(json_object())
    jobs = workspace.jobs_with(job_id)
    if wanted["action"] == "complete":
        return reply(job_reply(jobs.complete(job_id)))
    return reply(job_reply(jobs.fail(job_id, wanted.get("text", "The job failed"))))


def _shown(shape: SchemaOf, found: object, workspace: Workspace) -> Response:
    return reply(schema(shape, workspace.contract).dump(found))
