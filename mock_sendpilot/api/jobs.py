"""Fields that searches and extractions share; on the wire their keys are in snake_case.

The vendor's `limit` has no maximum but the credits; its `webhook_url` is a public HTTPS URL. Plain
http and local hosts are accepted here too, because receivers under test are local: invented.
"""

from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import (
    AnyField,
    Choice,
    QueryNumber,
    Request,
    ValidatedField,
)
from mock_sendpilot.errors import Problem
from mock_sendpilot.urls import MAX_URL_LENGTH, URL_FORMAT, url_problems
from mock_sendpilot.world.jobs import MAX_LEADS
from mock_sendpilot.world.models import (
    JOB_DONE,
    JOB_FAILED,
    JOB_PENDING,
    JOB_RUNNING,
    Extraction,
    Search,
)

_MAX_PER_PAGE = 1000  # invented: the vendor documents no maximum
_PER_PAGE = 100


class SnakeCaseRequest(Request):
    """A request whose keys are the names of its fields."""

    def on_bind_field(self, field_name: str, field_obj: AnyField) -> None:
        """Leave the key as it is."""


class WebhookUrl(ValidatedField):
    """The URL that receives the event of one job."""

    def __init__(self, **options: Any) -> None:
        super().__init__(URL_FORMAT, rule=rules.MUST_BE_URL, **options)

    def json_schema(self) -> dict[str, Any]:
        """Return the format."""
        return {"type": "string", "format": "uri", "maxLength": MAX_URL_LENGTH}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise self.error(value)
        problems = url_problems(value)
        if problems:
            raise ValidationError([Problem(each, rule=self.rule) for each in problems])
        return value


class ResultsQuery(SnakeCaseRequest):
    """Offset paging of results. Beyond 10,000 nothing is ever found."""

    limit = QueryNumber(1, _MAX_PER_PAGE, load_default=_PER_PAGE)
    offset = QueryNumber(0, MAX_LEADS, load_default=0)


class State(Choice):
    """The state of a job in the words of its resource: pending, running, done, failed, in turn."""

    def __init__(self, words: Sequence[str]) -> None:
        self._word_of_state = dict(
            zip((JOB_PENDING, JOB_RUNNING, JOB_DONE, JOB_FAILED), words, strict=True)
        )
        super().__init__(words, attribute="state", required=True)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:
        return self._word_of_state[value]


def job_facts(job: Search | Extraction) -> dict[str, Any]:
    """Return what every status has; the last two are left out until they are known."""
    facts = {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "created_at": job.created_at,
        "completed_at": job.completed_at,
        "error_message": job.error_message,
    }
    return {key: value for key, value in facts.items() if value is not None}


def percent_complete(job: Search | Extraction) -> int:
    """Return how much of what it can find a job has found; a job that is done has found it all."""
    if job.state == JOB_DONE:
        return 100
    return 100 * len(job.leads) // min(job.limit, MAX_LEADS)
