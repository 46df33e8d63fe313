"""The schemas of POST /v1/leads (section (b) 20)."""

from typing import Any

from marshmallow import Schema, ValidationError, fields

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import JsonObject, ListOf, Request, Text
from mock_sendpilot.contracts.contract import Contract


class _NewLead(Request):
    """One entry. What is not named here is a custom field."""

    linkedinUrl = Text(required=True)  # noqa: N815 - the vendor's spelling
    firstName = Text(may_be_empty=True, allow_none=True, attribute="first_name")  # noqa: N815
    lastName = Text(may_be_empty=True, allow_none=True, attribute="last_name")  # noqa: N815
    email = Text(may_be_empty=True, allow_none=True)
    company = Text(may_be_empty=True, allow_none=True)
    title = Text(may_be_empty=True, allow_none=True)
    customFields = JsonObject(allow_none=True)  # noqa: N815


def new_lead(_contract: Contract) -> Schema:
    """One entry, looked at by itself: one that is wrong does not stop the others."""
    return _NewLead()


class LeadList(ListOf):
    """The array; its entries are looked at one by one, later."""

    def __init__(self, most: int) -> None:
        self.most = most
        entry = fields.Raw(allow_none=True)
        expected = f"must be an array of 1 to {most} leads"
        super().__init__(entry, expected=expected, required=True, validate=self._count)

    def published(self) -> dict[str, Any]:
        """As JSON Schema; an entry that is wrong makes no 400, so that its type stays open."""
        example = {"linkedinUrl": "https://www.linkedin.com/in/ida-holm", "firstName": "Ida"}
        about = (
            "An object with linkedinUrl, and firstName, lastName, email, company, title, "
            "customFields; every other key is a custom field. What is wrong with an entry stands "
            "in the reply's errors."
        )
        items = {"description": about, "examples": [example]}
        return {"type": "array", "minItems": 1, "maxItems": self.most, "items": items}

    def _count(self, entries: list[Any]) -> None:
        problem = rules.count_problem(self.expected, len(entries), most=self.most)
        if problem is not None:
            raise ValidationError(problem)


def new_leads(contract: Contract) -> Schema:
    """The body."""
    return Request.from_dict(
        {
            "campaignId": Text(required=True, attribute="campaign_id"),
            "leads": LeadList(contract.leads_per_post),
        }
    )()


class _Rejected(Schema):
    index = fields.Integer(required=True)
    linkedinUrl = fields.Raw(required=True, allow_none=True)  # noqa: N815 - whatever was sent
    reason = fields.String(required=True)


class _ImportReply(Schema):
    success = fields.Constant(constant=True, required=True)
    leadsAdded = fields.Integer(required=True)  # noqa: N815
    duplicatesSkipped = fields.Integer(required=True)  # noqa: N815
    invalidEntries = fields.Integer(required=True)  # noqa: N815
    errors = fields.List(fields.Nested(_Rejected))


def import_reply(_contract: Contract) -> Schema:
    """Counters; `errors` stands there only when there are some, and lead ids never come back."""
    return _ImportReply()
