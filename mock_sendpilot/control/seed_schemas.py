"""The seed format: what a fixtures file may hold. `docs/reference/seed.md` tells it in prose."""

from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from mock_sendpilot.api.fields import Boolean, Choice, JsonObject, SecretText, Text, Timestamp
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.control.endpoint_schemas import NewEndpoint
from mock_sendpilot.control.outreach_schemas import (
    BehaviorSchema,
    ConversationSchema,
    PersonSchema,
    StepSchema,
)
from mock_sendpilot.control.schemas import Strict
from mock_sendpilot.control.seed_fields import (
    ContractChoice,
    Duration,
    ProfileUrl,
    Rate,
    count,
    list_of,
    nested,
)
from mock_sendpilot.scheduling.scheduler import FIRST_MOMENT, LAST_MOMENT
from mock_sendpilot.world.models import ENROLLS


def _at_least_one(keys: list[Any]) -> None:
    if not keys:
        raise ValidationError("must hold at least one key, or nobody can reach the workspace")


def _some(workspaces: list[Any]) -> None:
    if not workspaces:
        raise ValidationError("must hold at least one workspace")


def _within_the_calendar(moment: datetime | None) -> None:
    if moment is not None and not FIRST_MOMENT <= moment < LAST_MOMENT:
        raise ValidationError("must be from the year 1970 on, and before the year 9000")


class ApiKeySchema(Strict):
    """A key; without `scopes` it may do everything."""

    example = '{"key": "sp_live_…"}'

    key = SecretText(required=True)
    name = Text(may_be_empty=True, load_default="")
    scopes = list_of(Choice(words.SCOPES), allow_none=True)
    revoked = Boolean(attribute="is_revoked", load_default=False)
    expires_at = Timestamp(allow_none=True)
    rate_limit = Rate(allow_none=True)


class LimitsSchema(Strict):
    """What a sender may do in a day."""

    connections = count()
    messages = count()
    likes = count()


class SenderSchema(Strict):
    """A LinkedIn account."""

    id = Text(required=True)
    name = Text(required=True)
    linkedin_url = ProfileUrl(required=True)
    status = Choice(words.SENDER_STATUSES, load_default="active")
    premium = Boolean(attribute="is_premium", load_default=False)
    limits = nested(LimitsSchema, attribute="daily_limits", load_default=dict)
    connections = list_of(ProfileUrl())


class CampaignSchema(Strict):
    """A campaign; `senderIds` name senders of the same workspace."""

    id = Text(required=True)
    name = Text(required=True)
    status = Choice(words.CAMPAIGN_STATUSES, load_default="started")
    type = Text(load_default="outreach")
    description = Text(may_be_empty=True, allow_none=True)
    sender_ids = list_of(Text())
    sequence = list_of(StepSchema)
    enrolls = Choice(ENROLLS, load_default="all")
    created_at = Timestamp()
    updated_at = Timestamp()


class LeadSchema(Strict):
    """A lead; `campaignId` and `senderId` name things of the same workspace."""

    id = Text(required=True)
    linkedin_url = ProfileUrl(required=True)
    campaign_id = Text(required=True)
    sender_id = Text(allow_none=True)
    status = Choice(words.LEAD_STATUSES, load_default="PENDING")
    custom_lead_status = Choice(words.CUSTOM_LEAD_STATUSES, allow_none=True)
    first_name = Text(may_be_empty=True, allow_none=True)
    last_name = Text(may_be_empty=True, allow_none=True)
    title = Text(may_be_empty=True, allow_none=True)
    company = Text(may_be_empty=True, allow_none=True)
    email = Text(may_be_empty=True, allow_none=True)
    about = Text(may_be_empty=True, allow_none=True)
    industry = Text(may_be_empty=True, allow_none=True)
    location = Text(may_be_empty=True, allow_none=True)
    website = Text(may_be_empty=True, allow_none=True)
    profile_picture_url = Text(allow_none=True)
    connection_count = count(allow_none=True)
    follower_count = count(allow_none=True)
    is_open_profile = Boolean(allow_none=True)
    is_premium = Boolean(allow_none=True)
    custom_fields = JsonObject(load_default=dict)
    note = Text(may_be_empty=True, allow_none=True)
    behavior = nested(BehaviorSchema, allow_none=True)
    created_at = Timestamp()
    updated_at = Timestamp()


class CreditsSchema(Strict):
    """What searches and extractions can spend."""

    subscription = count(load_default=0)
    purchased = count(load_default=0)
    used = count(load_default=0)
    monthly = count(load_default=0)
    next_reset_date = Timestamp(attribute="next_reset_at", allow_none=True)


class JobTimingSchema(Strict):
    """How fast searches and extractions go."""

    start_delay = Duration()
    duration = Duration()


class ClockSchema(Strict):
    """What the clock of a workspace shows at first; without a time, that of the system."""

    starts_at = Timestamp(allow_none=True, validate=_within_the_calendar)
    frozen = Boolean(attribute="is_frozen", load_default=False)


class WorkspaceSchema(Strict):
    """A workspace with everything in it."""

    id = Text(required=True)
    name = Text(required=True)
    about = Text(may_be_empty=True)
    contract = ContractChoice()
    api_keys = list_of(ApiKeySchema, required=True, validate=_at_least_one)
    plan = Text(allow_none=True)
    clock = nested(ClockSchema)
    credits = nested(CreditsSchema)
    jobs = nested(JobTimingSchema, attribute="job_timing")
    senders = list_of(SenderSchema)
    campaigns = list_of(CampaignSchema)
    leads = list_of(LeadSchema)
    conversations = list_of(ConversationSchema)
    people = list_of(PersonSchema)
    endpoints = list_of(NewEndpoint)


class SeedSchema(Strict):
    """The whole file."""

    about = Text(may_be_empty=True)
    workspaces = list_of(WorkspaceSchema, required=True, validate=_some)
