"""The schemas of the steps that are made by hand."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, post_load

from mock_sendpilot.api.fields import Choice, JsonObject, Text
from mock_sendpilot.control.schemas import Strict
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.triggers import STEPS
from mock_sendpilot.world import campaigns, jobs, manual_actions
from mock_sendpilot.world.models import Extraction, Search

MAX_TEXT_LENGTH = 8000
_TEXT_KEYS: Mapping[str, tuple[str, ...]] = {**dict(STEPS.values()), "fail": ("errorMessage",)}
"""The keys of events and replies that hold the text of a step."""


class _Step(Strict):
    """A step with a text, also accepted in `overrides` under its key in the data of events."""

    overrides = JsonObject()

    @post_load
    def _with_text(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        overrides = data.pop("overrides", {})
        keys = ("text", *_TEXT_KEYS.get(data["action"], ()))
        for key, value in overrides.items():
            if key not in keys:
                known = f"takes {' or '.join(keys)}" if keys[1:] else "takes nothing"
                raise ValidationError(f"has no {key!r}; {data['action']} {known}", "overrides")
            if data.get("text") is not None:
                problem = f"and text exclude each other: overrides.{key} is the text"
                raise ValidationError(problem, "overrides")
            try:
                data["text"] = Text(max_length=MAX_TEXT_LENGTH).deserialize(value)
            except ValidationError as error:
                raise ValidationError({"overrides": {key: error.messages}}) from error
        return data


class LeadStep(_Step):
    """A step of a lead; `text` is the note, message or reply."""

    action = Choice(manual_actions.ACTIONS, required=True)
    text = Text(allow_none=True, max_length=MAX_TEXT_LENGTH)
    sender_id = Text(allow_none=True)


class CampaignStep(Strict):
    """A step of a campaign."""

    action = Choice(campaigns.ACTIONS, required=True)


class JobStep(_Step):
    """The end of a job; `text` is the error of one that fails."""

    action = Choice(jobs.ACTIONS, required=True)
    text = Text()


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
