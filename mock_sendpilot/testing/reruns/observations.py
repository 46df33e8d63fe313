"""The replies and webhooks of a run of a test, to be compared with those of another run."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import orjson

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.redaction import redacted
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)|(?<=\bevt_)\d+")
_CHANGING_HEADERS = frozenset({"content-length", "date", "x-request-id", "connection"})
_SIGNED = ("signature", "webhook-", "svix-")
_MAX_TEXT = 60


@dataclass(frozen=True, slots=True)
class _Attempts:
    """The attempts of a delivery: trigger, status and signatures of each, and what comes then."""

    made: tuple[tuple[str, int | None, tuple[str, ...]], ...]
    state: str
    wait_seconds: int | None


@dataclass(frozen=True, slots=True)
class Observed:
    """One reply or one webhook: its name for people, and everything that a receiver can tell."""

    name: str
    status: int | None
    content: Any
    headers: tuple[tuple[str, str], ...] = ()
    attempts: tuple["_Attempts", ...] = ()

    def difference(self, other: "Observed", *, is_exact: bool) -> str | None:
        """Return the first difference of another one in words; None if there is none."""
        if self.name != other.name:
            return f"{other.name} instead of {self.name}"
        if self.status != other.status:
            return f"{self.name} answers {other.status} instead of {self.status}"
        difference = next(_differences(self.content, other.content), None)
        if difference is None and self.headers != other.headers:
            names = {name for name, _ in {*self.headers} ^ {*other.headers}}
            difference = f"another header {', '.join(sorted(names))}"
        if difference is None and self.attempts != other.attempts:
            is_different = is_exact or not _begin_alike(self.attempts, other.attempts)
            difference = "other attempts or signatures" if is_different else None
        return None if difference is None else f"{self.name}: {difference}"


class Start(NamedTuple):
    """The past of a sandbox before a test: its number of requests, and that of its latest event."""

    request_count: int = 0
    latest_event: int = 0


def observed(sandboxes: Iterable[Sandbox], starts: Mapping[Sandbox, Start]) -> tuple[Observed, ...]:
    """Return the replies and webhooks of sandboxes, also of closed ones, in order.

    What differs from run to run is left out: times, and the id and the key of a workspace.

    Args:
        sandboxes: the sandboxes.
        starts: what those that are older than the test had before it.
    """
    found: list[Observed] = []
    for sandbox in sandboxes:
        backend = sandbox.backend
        own = {backend.workspace_id: "WORKSPACE", backend.api_key: "KEY", sandbox.origin: "ORIGIN"}
        start = starts.get(sandbox, Start())
        found += [_reply(one, own) for one in backend.journal.all()[start.request_count :]]
        events = backend.view().outbox.events.all()
        found += [_webhook(one, own) for one in events if one.sequence > start.latest_event]
    return tuple(found)


def first_difference(
    before: Sequence[Observed], after: Sequence[Observed], *, is_exact: bool = True
) -> str | None:
    """Return the first reply or webhook that differs, in words; None if none does.

    A test may end when its webhook has arrived, before the attempt is recorded. So a comparison
    that is not exact takes the attempts for the same if those of one are the first of the other.
    """
    for one, other in zip_longest(before, after):
        if one is None:
            return f"one more: {other.name}"
        if other is None:
            return f"missing: {one.name}"
        if difference := one.difference(other, is_exact=is_exact):
            return redacted(difference)
    return None


def _reply(entry: JournalEntry, own: dict[str, str]) -> Observed:
    kept = {
        (name.lower(), _neutral(value, own))
        for name, value in entry.response_headers.items()
        if name.lower() not in _CHANGING_HEADERS
    }
    # By the operation: ids in a path may have another style under another contract.
    name = entry.operation or _neutral(entry.path, own)
    content = _content(entry.response_body, own)
    return Observed(f"{entry.method} {name}", entry.status, content, tuple(sorted(kept)))


def _webhook(event: SentWebhook, own: dict[str, str]) -> Observed:
    attempts = tuple(_attempts(one) for one in event.deliveries)
    return Observed(f"event {event.event_type}", None, _content(event.body, own), (), attempts)


def _attempts(delivery: Delivery) -> _Attempts:
    made = tuple(
        (
            attempt.trigger,
            attempt.status_code,
            tuple(sorted(name.lower() for name in attempt.request_headers if _is_signed(name))),
        )
        for attempt in delivery.attempts
    )
    due = delivery.next_attempt_at
    wait = None
    if due is not None and delivery.attempts:
        # Rounded, since the clock may run between an attempt and the plan of the next one.
        wait = round((due - delivery.attempts[-1].started_at).total_seconds())
    return _Attempts(made, delivery.state, wait)


def _begin_alike(before: Sequence[_Attempts], after: Sequence[_Attempts]) -> bool:
    if len(before) != len(after):
        return False
    for one, other in zip(before, after, strict=True):
        count = min(len(one.made), len(other.made))
        if one.made[:count] != other.made[:count]:
            return False
        if len(one.made) == len(other.made) and one.wait_seconds != other.wait_seconds:
            return False
    return True


def _is_signed(name: str) -> bool:
    return any(part in name.lower() for part in _SIGNED)


def _content(body: bytes, own: dict[str, str]) -> Any:
    text = _neutral(body.decode("utf-8", "replace"), own)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _neutral(text: str, own: dict[str, str]) -> str:
    for value, name in own.items():
        text = text.replace(value, name)
    return _TIME.sub("TIME", text)


def _differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield the differences of two JSON values in words, the outermost first."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [name for name in before if name not in after]:
            yield f"no {_joined(path, name)}"
        for name in [name for name in after if name not in before]:
            yield f"one more field, {_joined(path, name)}"
        for name in [name for name in before if name in after]:
            yield from _differences(before[name], after[name], _joined(path, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from _differences(*pair, _joined(path, str(number)))
    elif before != after:
        yield f"{path or 'it'} is {_short(after)} instead of {_short(before)}"


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = orjson.dumps(value).decode()
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
