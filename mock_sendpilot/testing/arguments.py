"""Arguments of the fixtures: counts, seconds, and ids, for which objects may stand."""

from collections.abc import Iterable, Mapping
from typing import Any

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.models import Campaign, Extraction, Lead, Search, Sender

Subject = Lead | Campaign | Sender | Search | Extraction
"""The objects that events are about; each may stand for its id."""

_MAX_SECONDS = 86_400


def check_count(name: str, count: object, *, maximum: int) -> None:
    """Refuse a count that is no whole number from 1 to a maximum.

    Raises:
        InvalidInput: it says what was expected.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= maximum:
        raise InvalidInput(
            f"{name}: expected a whole number from 1 to {maximum}, got {count!r:.80}"
        )


def check_seconds(name: str, seconds: Any) -> None:
    """Refuse a time to wait that is no number of seconds from 0 to a day.

    Raises:
        InvalidInput: it says what was expected.
    """
    # True is an int in Python, and no number of seconds.
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not (is_number and 0 <= seconds <= _MAX_SECONDS):
        expected = f"a number of seconds from 0 to {_MAX_SECONDS}"
        raise InvalidInput(f"{name}: expected {expected}, got {seconds!r:.80}")


def id_of(subject: object, name: str, *, attribute: str = "id") -> str:
    """Return the id of an object, or the id that was passed in its place.

    Raises:
        InvalidInput: it is neither; the message calls it by this name.
    """
    found = subject if isinstance(subject, str) else getattr(subject, attribute, None)
    if not isinstance(found, str):
        raise InvalidInput(f"{name}: expected an id or an object with one, got {subject!r:.80}")
    return found


def optional_id(subject: object, name: str) -> str | None:
    """Return what `id_of` returns, or None for None."""
    return None if subject is None else id_of(subject, name)


def event_id_of(webhook: SentWebhook | str) -> str:
    """Return the id of an event, or the id that was passed in its place."""
    return id_of(webhook, "webhook", attribute="event_id")


def as_tuple(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return several names, of which a single one may stand alone."""
    # A text is iterable, too: its letters would pass for names.
    return (names,) if isinstance(names, str) else tuple(names)


def with_ids(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of `data` with the id of each object in its place."""
    return {name: one.id if isinstance(one, Subject) else one for name, one in values.items()}
