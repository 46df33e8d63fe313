"""`/_emulate/…/simulate`: what a sender, a person or the dashboard does, one step by hand."""

from flask import Blueprint, Response

from mock_sendpilot.api.access import with_workspace
from mock_sendpilot.api.campaigns import CountedCampaign, campaign_detail
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.leads import full_lead
from mock_sendpilot.api.operation import cached_schema
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.outreach_schemas import BehaviorSchema
from mock_sendpilot.control.simulate_schemas import CampaignStep, JobStep, LeadStep, job_reply
from mock_sendpilot.world.workspace import Workspace

simulate = Blueprint("simulate", __name__)


@simulate.post("/leads/<opaque:lead_id>/simulate")
@with_workspace
def simulate_lead(workspace: Workspace, lead_id: str) -> Response:
    """One step of a lead; answers the lead after it."""
    wanted = LeadStep().load(json_object())
    lead = workspace.manual_actions.act(lead_id, wanted.pop("action"), **wanted)
    return json_response(cached_schema(full_lead, workspace.contract).dump(lead))


@simulate.put("/leads/<opaque:lead_id>/behavior")
@with_workspace
def set_behavior(workspace: Workspace, lead_id: str) -> Response:
    """What a lead is going to do; it counts for the steps that are taken from now on."""
    behavior = BehaviorSchema().load(json_object())
    workspace.behaviors.set(workspace.store.lead(lead_id).id, behavior)
    return Response(status=204)


@simulate.post("/campaigns/<opaque:campaign_id>/simulate")
@with_workspace
def simulate_campaign(workspace: Workspace, campaign_id: str) -> Response:
    """What a person does to a campaign in the dashboard; answers the campaign after it."""
    action = CampaignStep().load(json_object())["action"]
    campaign = workspace.campaigns.change(campaign_id, action, by="user")
    total = workspace.store.lead_count(campaign_id)
    counted = CountedCampaign(campaign, total)
    return json_response(cached_schema(campaign_detail, workspace.contract).dump(counted))


@simulate.post("/jobs/<opaque:job_id>/simulate")
@with_workspace
def simulate_job(workspace: Workspace, job_id: str) -> Response:
    """The end of a search or an extraction, at once."""
    wanted = JobStep().load(json_object())
    jobs = workspace.job_runner(job_id)
    if wanted["action"] == "complete":
        return json_response(job_reply(jobs.complete(job_id)))
    return json_response(job_reply(jobs.fail(job_id, wanted.get("text", "The job failed"))))
