"""The seed format: what a fixtures file may hold. `docs/seed.md` tells it in prose."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from mock_sendpilot.api.fields import Boolean, Checked, Choice, JsonObject, ListOf, Text, Timestamp
from mock_sendpilot.control.schemas import NewEndpoint, Strict
from mock_sendpilot.domain import vocabulary as words
from mock_sendpilot.domain.contracts import Contract, named_contract
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.domain.linkedin import EXPECTED, normal_profile_url


def _list_of(item: fields.Field[Any] | type[Schema], **options: Any) -> ListOf:  # noqa: ANN401
    inner = item if isinstance(item, fields.Field) else fields.Nested(item)
    inner.error_messages["null"] = "must not be null"
    if not options.get("required") and not options.get("allow_none"):
        options["load_default"] = list
    return ListOf(inner, **options)


class _ProfileUrl(Checked):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        super().__init__(f"must be {EXPECTED}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:  # noqa: ANN401
        url = normal_profile_url(value) if isinstance(value, str) else None
        if url is None:
            raise self.refusal(value)
        return url


class _Count(Checked):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        super().__init__("must be a whole number, 0 or more", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:  # noqa: ANN401
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise self.refusal(value)


class _Contract(Checked):
    """A contract's name, or `{"name": …, "set": {point: choice}}`."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        super().__init__('must be a name or {"name": …, "set": {…}}', **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Contract:  # noqa: ANN401
        given = {"name": value} if isinstance(value, str) else value
        if not isinstance(given, Mapping) or not set(given) <= {"name", "set"}:
            raise self.refusal(value)
        points = given.get("set", {})
        if not isinstance(points, Mapping) or not isinstance(given.get("name"), str):
            raise self.refusal(value)
        try:
            return named_contract(given["name"], [(k, str(v)) for k, v in points.items()])
        except InvalidInput as error:
            raise ValidationError(str(error)) from error


def _at_least_one(keys: list[Any]) -> None:
    if not keys:
        raise ValidationError("must hold at least one key, or nobody can reach the workspace")


class ApiKeySchema(Strict):
    """A key; without `scopes` it may do everything."""

    key = Text(required=True)
    name = Text(may_be_empty=True, load_default="")
    scopes = _list_of(Choice(words.SCOPES), allow_none=True)
    revoked = Boolean(attribute="is_revoked", load_default=False)


class SenderSchema(Strict):
    """A LinkedIn account."""

    id = Text(required=True)
    name = Text(required=True)
    linkedinUrl = _ProfileUrl(required=True, attribute="linkedin_url")  # noqa: N815
    status = Choice(words.SENDER_STATUSES, load_default="active")


class CampaignSchema(Strict):
    """A campaign; `senderIds` name senders of the same workspace."""

    id = Text(required=True)
    name = Text(required=True)
    status = Choice(words.CAMPAIGN_STATUSES, load_default="started")
    senderIds = _list_of(Text(), attribute="sender_ids")  # noqa: N815
    createdAt = Timestamp(attribute="created_at")  # noqa: N815
    updatedAt = Timestamp(attribute="updated_at")  # noqa: N815


class LeadSchema(Strict):
    """A lead; `campaignId` and `senderId` name things of the same workspace."""

    id = Text(required=True)
    linkedinUrl = _ProfileUrl(required=True, attribute="linkedin_url")  # noqa: N815
    campaignId = Text(required=True, attribute="campaign_id")  # noqa: N815
    senderId = Text(allow_none=True, attribute="sender_id")  # noqa: N815
    status = Choice(words.LEAD_STATUSES, load_default="PENDING")
    customLeadStatus = Choice(  # noqa: N815
        words.CUSTOM_LEAD_STATUSES, allow_none=True, attribute="custom_lead_status"
    )
    firstName = Text(may_be_empty=True, allow_none=True, attribute="first_name")  # noqa: N815
    lastName = Text(may_be_empty=True, allow_none=True, attribute="last_name")  # noqa: N815
    title = Text(may_be_empty=True, allow_none=True)
    company = Text(may_be_empty=True, allow_none=True)
    email = Text(may_be_empty=True, allow_none=True)
    about = Text(may_be_empty=True, allow_none=True)
    industry = Text(may_be_empty=True, allow_none=True)
    location = Text(may_be_empty=True, allow_none=True)
    website = Text(may_be_empty=True, allow_none=True)
    profilePictureUrl = Text(allow_none=True, attribute="profile_picture_url")  # noqa: N815
    connectionCount = _Count(allow_none=True, attribute="connection_count")  # noqa: N815
    followerCount = _Count(allow_none=True, attribute="follower_count")  # noqa: N815
    isOpenProfile = Boolean(allow_none=True, attribute="is_open_profile")  # noqa: N815
    isPremium = Boolean(allow_none=True, attribute="is_premium")  # noqa: N815
    customFields = JsonObject(attribute="custom_fields", load_default=dict)  # noqa: N815
    note = Text(may_be_empty=True, allow_none=True)
    createdAt = Timestamp(attribute="created_at")  # noqa: N815
    updatedAt = Timestamp(attribute="updated_at")  # noqa: N815


class WorkspaceSchema(Strict):
    """A workspace with everything in it."""

    id = Text(required=True)
    name = Text(required=True)
    about = Text(may_be_empty=True)
    contract = _Contract()
    apiKeys = _list_of(  # noqa: N815
        ApiKeySchema, required=True, attribute="api_keys", validate=_at_least_one
    )
    senders = _list_of(SenderSchema)
    campaigns = _list_of(CampaignSchema)
    leads = _list_of(LeadSchema)
    endpoints = _list_of(NewEndpoint)


class SeedSchema(Strict):
    """The whole file."""

    about = Text(may_be_empty=True)
    workspaces = _list_of(WorkspaceSchema, required=True)
