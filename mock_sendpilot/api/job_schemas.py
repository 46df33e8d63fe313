"""What searches and extractions have in common on the wire: fields of their bodies, and paging.

The vendor's `limit` has no ceiling but the credits; its `webhook_url` is a public HTTPS URL. Here
plain http and local hosts are taken, too, because receivers under test are local: invented.
"""

from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import AnyField, Checked, Choice, ListOf, Request, WholeNumber
from mock_sendpilot.errors import Problem
from mock_sendpilot.urls import MAX_URL_LENGTH, URL_FORMAT, url_problems
from mock_sendpilot.world.jobs import DONE, FAILED, PENDING, RUNNING, Extraction, Search
from mock_sendpilot.world.running_jobs import MOST_LEADS

_MOST_PER_PAGE = 1000  # invented: the vendor tells of no ceiling
_PER_PAGE = 100


class JsonCount(Checked):
    """A whole number of JSON of at least `lowest`; `5.0` is one, `true` and `"5"` are not."""

    def __init__(
        self,
        lowest: int,
        highest: int | None = None,
        **options: Any,
    ) -> None:
        self.lowest = lowest
        self.highest = highest
        limits = f"of at least {lowest}" if highest is None else f"from {lowest} to {highest}"
        expected = f"must be a whole number {limits}"
        super().__init__(expected, rule=rules.MUST_BE_INTEGER, **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        most = {} if self.highest is None else {"maximum": self.highest}
        return {"type": "integer", "minimum": self.lowest, **most}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value != value // 1:
            raise self.refusal(value)
        if value < self.lowest:
            raise self.refusal(value, rule=rules.must_not_be_less(self.lowest))
        if self.highest is not None and value > self.highest:
            raise self.refusal(value, rule=rules.must_not_be_greater(self.highest))
        return int(value)


class JobUrl(Checked):
    """Where the event of one job is sent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"must be {URL_FORMAT}", rule=rules.MUST_BE_URL, **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "format": "uri", "maxLength": MAX_URL_LENGTH}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise self.refusal(value)
        problems = url_problems(value)
        if problems:
            raise ValidationError([Problem(each, rule=self.rule) for each in problems])
        return value


class Several(ListOf):
    """An array of one item or more, up to a limit."""

    def __init__(
        self,
        item: AnyField,
        *,
        most: int,
        expected: str,
        **options: Any,
    ) -> None:
        self.most = most
        super().__init__(item, expected=expected, validate=self._count, **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"minItems": 1, "maxItems": self.most}

    def _count(self, items: list[Any]) -> None:
        problem = rules.count_problem(self.expected, len(items), most=self.most)
        if problem is not None:
            raise ValidationError(problem)


class ResultsQuery(Request):
    """Offset paging of results. Beyond 10,000 nothing is ever found."""

    limit = WholeNumber(1, _MOST_PER_PAGE, load_default=_PER_PAGE)
    offset = WholeNumber(0, MOST_LEADS, load_default=0)


def facts_of(job: Search | Extraction) -> dict[str, Any]:
    """What every status tells; the last two stand there only when there is something to tell."""
    facts = {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "created_at": job.created_at,
        "completed_at": job.completed_at,
        "error_message": job.error_message,
    }
    return {key: value for key, value in facts.items() if value is not None}


class StateWord(Choice):
    """A job's state in the words of its resource: pending, running, done and failed, in turn."""

    def __init__(self, words: Sequence[str]) -> None:
        self.word_of = dict(zip((PENDING, RUNNING, DONE, FAILED), words, strict=True))
        super().__init__(words, attribute="state", required=True)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:
        return self.word_of[value]


def percent_complete(job: Search | Extraction) -> int:
    """How much of what it can find a job has found; a job that is done has found all there is."""
    if job.state == DONE:
        return 100
    return 100 * len(job.leads) // min(job.limit, MOST_LEADS)
