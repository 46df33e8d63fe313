"""The seed format: all that a fixtures file may hold. `docs/reference/seed.md` describes it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError, post_load
from marshmallow.validate import Length

from mock_sendpilot.api.fields import (
    AnyField,
    Boolean,
    Choice,
    JsonObject,
    Number,
    SecretText,
    Text,
    Timestamp,
)
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.control.endpoint_schema import EndpointSchema
from mock_sendpilot.control.fields import (
    ContractChoice,
    Duration,
    ProfileUrl,
    Rate,
    Strict,
    count,
    list_of,
    nested,
)
from mock_sendpilot.scheduling.scheduler import FIRST_MOMENT, LAST_MOMENT
from mock_sendpilot.world.inbox import RECEIVED, SENT
from mock_sendpilot.world.models import ENROLLS, STEP_KINDS, Behavior, Step

_TEXT_REQUIRED = Length(min=1, error="expected at least one text, got none")
_KEY_REQUIRED = Length(
    min=1, error="expected at least one key, got none; nobody could use the workspace"
)
_WORKSPACE_REQUIRED = Length(min=1, error="expected at least one workspace, got none")


def _require_range(durations: list[timedelta]) -> None:
    match durations:
        case [shortest, longest] if shortest <= longest:
            return
    raise ValidationError('expected the shortest and the longest time, such as ["2h", "2d"]')


def _require_year_of_clock(moment: datetime | None) -> None:
    if moment is not None and not FIRST_MOMENT <= moment < LAST_MOMENT:
        raise ValidationError("expected a time from the year 1970 on, and before the year 9000")


# --- campaigns, leads and recipients ------------------------------------------------------------


class StepSchema(Strict):
    """A step of a campaign sequence."""

    kind = Choice(STEP_KINDS, data_key="step", required=True)
    after = Duration()
    text = Text(may_be_empty=True)
    response_rate = Number(0, 1)
    responds_after = list_of(Duration(), validate=_require_range, load_default=None)
    answers = list_of(Text(), validate=_TEXT_REQUIRED, load_default=None)
    expires_after = Duration()
    done_after = Duration()

    @post_load
    def _make_step(self, data: Mapping[str, Any], **_: object) -> Step:
        # What is left out gets the default of the step itself.
        known: dict[str, Any] = {name: one for name, one in data.items() if one is not None}
        for name in known.keys() & {"responds_after", "answers"}:
            known[name] = tuple(known[name])  # a step is frozen and can be hashed
        return Step(**known)


class BehaviorSchema(Strict):
    """The behavior of a recipient; the response rate of the step decides what is left out."""

    accepts = Boolean(allow_none=True)
    accepts_after = Duration(allow_none=True)
    replies = Boolean(allow_none=True)
    replies_after = Duration(allow_none=True)
    reply = Text(allow_none=True)
    is_unreachable = Boolean(data_key="unreachable")

    @post_load
    def _make_behavior(self, data: Mapping[str, Any], **_: object) -> Behavior:
        return Behavior(**data)


class CountersSchema(Strict):
    """The counts of what a campaign has done so far."""

    leads_contacted = count()
    connections_sent = count()
    connections_accepted = count()
    messages_sent = count()
    replies_received = count()


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
    counters = nested(CountersSchema, load_default=dict)
    created_at = Timestamp()
    updated_at = Timestamp()


class LeadSchema(Strict):
    """A lead; `campaignId` and `senderId` name a campaign and a sender of the same workspace."""

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


# --- senders, conversations and people ----------------------------------------------------------


class LimitsSchema(Strict):
    """The limits of a sender for a day."""

    connections = count()
    messages = count()
    likes = count()


class SenderSchema(Strict):
    """A LinkedIn account."""

    id = Text(required=True)
    name = Text(required=True)
    linkedin_url = ProfileUrl(required=True)
    status = Choice(words.SENDER_STATUSES, load_default="active")
    is_premium = Boolean(data_key="premium", load_default=False)
    limits = nested(LimitsSchema, load_default=dict)
    connections = list_of(ProfileUrl())


class MessageSchema(Strict):
    """A message of a conversation."""

    id = Text()
    content = Text(required=True)
    direction = Choice((SENT, RECEIVED), required=True)
    sent_at = Timestamp(required=True)
    read_status = Choice(words.READ_STATUSES, load_default="read")
    content_type = Text(load_default="TEXT")


class ConversationSchema(Strict):
    """A conversation of a sender with a person; the two are then connected."""

    id = Text(required=True)
    sender_id = Text(required=True)
    linkedin_url = ProfileUrl(required=True)
    name = Text()
    profile_picture_url = Text(allow_none=True)
    unread_count = count(load_default=0)
    messages = list_of(MessageSchema, required=True, validate=_TEXT_REQUIRED)


class PersonSchema(Strict):
    """A person of the lead database; the keys are those of the vendor's search results."""

    id = Text(required=True)
    first_name = Text(required=True)
    last_name = Text(required=True)
    full_name = Text()
    email = Text(allow_none=True, load_default=None)
    phone = Text(allow_none=True, load_default=None)
    linkedin_url = ProfileUrl(required=True)
    job_title = Text(required=True)
    company = Text(required=True)
    location = Text(required=True)
    country = Text(required=True)
    industry = Text(required=True)
    seniority = Text(required=True)
    company_linkedin_url = Text(allow_none=True, load_default=None)
    website = Text(allow_none=True, load_default=None)
    employees = Text(required=True)

    def on_bind_field(self, field_name: str, field_obj: AnyField) -> None:
        """Leave the keys in snake_case, as in the vendor's search results."""


# --- the workspace ------------------------------------------------------------------------------


class ApiKeySchema(Strict):
    """An API key; without `scopes` it has all of them."""

    example = '{"key": "sp_live_…"}'

    key = SecretText(required=True)
    name = Text(may_be_empty=True, load_default="")
    scopes = list_of(Choice(words.SCOPES), allow_none=True)
    is_revoked = Boolean(data_key="revoked", load_default=False)
    expires_at = Timestamp(allow_none=True)
    rate_limit = Rate(allow_none=True)


class CreditsSchema(Strict):
    """The credits for searches and extractions."""

    subscription = count(load_default=0)
    purchased = count(load_default=0)
    used = count(load_default=0)
    monthly = count(load_default=0)
    next_reset_at = Timestamp(data_key="nextResetDate", allow_none=True)


class JobTimingSchema(Strict):
    """The timing of searches and extractions."""

    start_delay = Duration()
    duration = Duration()


class ClockSchema(Strict):
    """The start of the clock of a workspace; without a time it shows that of the system."""

    starts_at = Timestamp(allow_none=True, validate=_require_year_of_clock)
    is_frozen = Boolean(data_key="frozen", load_default=False)


class WorkspaceSchema(Strict):
    """A workspace with everything in it."""

    id = Text(required=True)
    name = Text(required=True)
    about = Text(may_be_empty=True)
    contract = ContractChoice()
    api_keys = list_of(ApiKeySchema, required=True, validate=_KEY_REQUIRED)
    plan = Text(allow_none=True)
    clock = nested(ClockSchema)
    credits = nested(CreditsSchema)
    jobs = nested(JobTimingSchema)
    senders = list_of(SenderSchema)
    campaigns = list_of(CampaignSchema)
    leads = list_of(LeadSchema)
    conversations = list_of(ConversationSchema)
    people = list_of(PersonSchema)
    endpoints = list_of(EndpointSchema)


class ContentsSchema(WorkspaceSchema):
    """The contents of a workspace that can be merged into another one."""

    class Meta(Strict.Meta):
        """marshmallow's settings."""

        exclude = ("id", "name", "contract", "api_keys", "plan", "clock", "jobs")


class WorkspaceContentsSchema(WorkspaceSchema):
    """A workspace of a seed in a request, which may leave out its id, name and API keys."""

    id = Text()
    name = Text()
    api_keys = list_of(ApiKeySchema)


class SeedSchema(Strict):
    """The whole file."""

    about = Text(may_be_empty=True)
    workspaces = list_of(WorkspaceSchema, required=True, validate=_WORKSPACE_REQUIRED)


SCHEMAS: tuple[type[Strict], ...] = (
    SeedSchema,
    WorkspaceSchema,
    ApiKeySchema,
    ClockSchema,
    CreditsSchema,
    JobTimingSchema,
    SenderSchema,
    LimitsSchema,
    CampaignSchema,
    CountersSchema,
    StepSchema,
    LeadSchema,
    BehaviorSchema,
    ConversationSchema,
    MessageSchema,
    PersonSchema,
    EndpointSchema,
)
"""Every schema of the format; `docs/reference/seed.md` names each of their fields."""
