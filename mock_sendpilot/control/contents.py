"""`/_emulate/seed`, `/leads` and so on: the contents of a workspace, set directly.

Nothing here records an event.
"""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, current_app

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.campaigns import campaign_detail, with_lead_count
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import Boolean, Choice, Text
from mock_sendpilot.api.leads import full_lead
from mock_sendpilot.api.operation import cached_schema
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.body_limits import MAX_SEED_BYTES
from mock_sendpilot.control.fields import ProfileUrl, Strict, nested
from mock_sendpilot.control.large_bodies import takes_large_body
from mock_sendpilot.control.seed_export import export_credits, export_sender, export_workspace
from mock_sendpilot.control.seed_format import (
    CampaignSchema,
    ContentsSchema,
    CreditsSchema,
    LeadSchema,
    SenderSchema,
    WorkspaceContentsSchema,
)
from mock_sendpilot.control.seed_loading import load_contents, load_workspace
from mock_sendpilot.control.seed_parts import EMPTY, Part
from mock_sendpilot.control.workspaces import workspace_reply
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.world.lead_progress import CONNECTED
from mock_sendpilot.world.linkedin import made_up_profile_url
from mock_sendpilot.world.workspace import Workspace

contents = Blueprint("contents", __name__)

REPLACE, MERGE = "replace", "merge"


class _SeedLoad(Strict):
    mode = Choice((REPLACE, MERGE), load_default=REPLACE)


class SeedReplacement(_SeedLoad):
    """The body of POST /_emulate/seed; endpoints are kept unless the seed has some."""

    seed = nested(WorkspaceContentsSchema, required=True)
    keeps_endpoints = Boolean(data_key="keepEndpoints")


class SeedMerge(_SeedLoad):
    """The body of POST /_emulate/seed with the mode `merge`."""

    seed = nested(ContentsSchema, required=True)


class NewLead(LeadSchema):
    """The body of POST /_emulate/leads; a profile URL that is left out is made up."""

    id = Text()
    linkedin_url = ProfileUrl()


class NewSender(SenderSchema):
    """The body of POST /_emulate/senders."""

    id = Text()


class NewConnection(Strict):
    """The body of POST /_emulate/senders/{id}/connections."""

    linkedin_url = ProfileUrl(required=True)


class NewCampaign(CampaignSchema):
    """The body of POST /_emulate/campaigns."""

    id = Text()


@contents.get("/seed")
@with_workspace
def export_seed(workspace: Workspace) -> Response:
    """Return the contents of the workspace as a seed, with its secrets."""
    keys = current_emulator().api_keys(workspace)
    exported = export_workspace(workspace, current_emulator().outbox(workspace), keys)
    return json_response({"workspaces": [exported]})


@contents.post("/seed")
@with_workspace
@takes_large_body
def load_seed(workspace: Workspace) -> Response:
    """Replace the contents of the workspace by a seed, or merge it; all or nothing."""
    raw = json_object(max_bytes=MAX_SEED_BYTES)
    # The mode decides on the schema. A mode that does not exist is refused by the other schema.
    if raw.get("mode") == MERGE:
        _merge(workspace, SeedMerge().load(raw)["seed"])
        return json_response(workspace_reply(workspace))
    body = SeedReplacement().load(raw)
    loaded = body["seed"]
    seed = load_workspace(
        loaded,
        workspace.clock.now(),
        path="seed",
        default_contract=current_emulator().contract,
        id_=workspace.id,
        name=workspace.name,
        random_seed=workspace.seed.random_seed,
    )
    keeps_endpoints = body.get("keeps_endpoints", not loaded["endpoints"])
    after = current_emulator().reset(workspace, seed=seed, keeps_endpoints=keeps_endpoints)
    return json_response(workspace_reply(after))


@contents.post("/leads")
@with_workspace
def put_lead(workspace: Workspace) -> Response:
    """Add a lead of any status, or replace the one of that id, and return it."""
    part = _with_id(NewLead().load(json_object()), workspace.new_lead_id)
    lead_id = part["id"]
    _merge_one(workspace, "leads", {"linkedin_url": made_up_profile_url(lead_id), **part})
    reply = cached_schema(full_lead, workspace.contract, current_app.extensions).dump(
        workspace.store.lead(lead_id)
    )
    return json_response(reply, HTTPStatus.CREATED)


@contents.post("/senders")
@with_workspace
def put_sender(workspace: Workspace) -> Response:
    """Add a sender, or replace the one of that id, and return it as in a seed."""
    part = _with_id(NewSender().load(json_object()), lambda: workspace.ids.prefixed("sender"))
    sender_id = part["id"]
    _merge_one(workspace, "senders", part)
    sender = next(one for one in workspace.store.senders() if one.id == sender_id)
    return json_response(export_sender(workspace.store, sender), HTTPStatus.CREATED)


@contents.post("/senders/<opaque:sender_id>/connections")
@with_workspace
def connect(workspace: Workspace, sender_id: str) -> Response:
    """Make a person a first-degree connection of a sender, and return the sender as in a seed."""
    url = NewConnection().load(json_object())["linkedin_url"]
    sender = workspace.store.sender(sender_id)
    if sender is None:
        hint = f"this workspace has no sender {sender_id[:80]!r}"
        raise NotFound("Sender not found", hint=hint)
    workspace.store.set_connection(sender_id, url, CONNECTED)
    return json_response(export_sender(workspace.store, sender), HTTPStatus.CREATED)


@contents.post("/campaigns")
@with_workspace
def put_campaign(workspace: Workspace) -> Response:
    """Add a campaign, or replace the one of that id, and return it."""
    part = _with_id(NewCampaign().load(json_object()), lambda: workspace.ids.prefixed("camp"))
    campaign_id = part["id"]
    _merge_one(workspace, "campaigns", part)
    counted = with_lead_count(workspace, workspace.store.campaign(campaign_id))
    reply = cached_schema(campaign_detail, workspace.contract, current_app.extensions).dump(counted)
    return json_response(reply, HTTPStatus.CREATED)


@contents.post("/credits")
@with_workspace
def set_credits(workspace: Workspace) -> Response:
    """Set the credits, and return them as in a seed."""
    _merge(workspace, {"credits": CreditsSchema().load(json_object())})
    return json_response(export_credits(workspace.credits.balance()))


def _with_id(part: Part, new_id: Callable[[], str]) -> Part:
    return part if "id" in part else {**part, "id": new_id()}


def _merge_one(workspace: Workspace, kind: str, part: Part) -> None:
    try:
        _merge(workspace, {kind: [part]})
    except InvalidInput as error:  # the body is the part itself
        problems = (one.removeprefix(f"seed.{kind}[0].") for one in error.problems)
        raise InvalidInput(*problems) from None


def _merge(workspace: Workspace, part: Part) -> None:
    """Merge the contents that a schema has loaded."""
    store = workspace.store
    seed, balance = load_contents(
        {**EMPTY, **part},
        workspace.clock.now(),
        path="seed",
        contract=workspace.contract,
        sender_ids=[sender.id for sender in store.senders()],
        campaign_ids=[campaign.id for campaign in store.campaigns()],
    )
    current_emulator().merge(workspace, seed, balance=balance)
