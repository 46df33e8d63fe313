"""The schemas of the steps that are made by hand."""

from typing import Any

from mock_sendpilot.api.fields import Choice, Text
from mock_sendpilot.control.schemas import Strict
from mock_sendpilot.domain.clock import iso_milliseconds
from mock_sendpilot.domain.finding.jobs import Extraction, Search
from mock_sendpilot.domain.outreach import by_hand, campaigns


class LeadStep(Strict):
    """A step of a lead; `text` is the note, message or reply."""

    action = Choice(by_hand.ACTIONS, required=True)
    text = Text(allow_none=True, longest=8000)
    senderId = Text(allow_none=True, attribute="sender_id")  # noqa: N815


class CampaignStep(Strict):
    """A step of a campaign."""

    action = Choice(campaigns.ACTIONS, required=True)


class JobStep(Strict):
    """The end of a job; `text` is the error of one that fails."""

    action = Choice(("complete", "fail"), required=True)
    text = Text(load_default="The job failed")


def job_reply(job: Search | Extraction) -> dict[str, Any]:
    """A job after its step."""
    ended_at = job.completed_at
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "found": len(job.leads),
        "completedAt": iso_milliseconds(ended_at) if ended_at else None,
        "errorMessage": job.error_message,
    }
