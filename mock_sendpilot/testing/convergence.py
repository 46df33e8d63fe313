"""Convergence: an app that acknowledges webhooks first and works later agrees in the end.

What the app knows about its leads is asked of a probe, and compared field by field with the leads
of the workspace.
"""

import inspect
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import short_repr
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import camel_case
from mock_sendpilot.receiver_check.target import ProbeFailed
from mock_sendpilot.scheduling.clock import SystemClock, iso_milliseconds, parse_moment
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.testing.backends.protocol import Backend, WorkspaceView
from mock_sendpilot.testing.failures import NotConverged
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.world.inbox import RECEIVED, SENT
from mock_sendpilot.world.models import Lead
from mock_sendpilot.world.workspace import Workspace

Prober = Callable[[float], Callable[[], Any]]
"""A maker of the probe that may take a number of seconds."""

_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.01, 0.5
_MIN_PROBE_SECONDS = 1.0  # also at the end of the timeout: the failure shows what the app has
_MAX_LINES, _MAX_EVENTS = 20, 3
_ID_KEYS = ("id", "lead_id", "leadId")
_EXPECTED = (
    'expected a view of the leads such as {"lead_1": {"status": "DONE"}}, {"lead_1": "DONE"} or '
    '[{"id": "lead_1", "status": "DONE"}]'
)
_DIRECTIONS: Mapping[str, str] = {"replies": RECEIVED, "messages": SENT}
"""The conversation with a lead, of which an app may know the texts, or their number."""
_ATTRIBUTES: Mapping[str, str] = {
    **{key: one.name for one in fields(Lead) for key in (one.name, camel_case(one.name))},
    **{name: name for name in _DIRECTIONS},
}
"""The attributes of a lead by the names that an app may have for them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between the app and the emulator, in words, and the lead that it is about."""

    lead_id: str
    text: str


def wait_for_convergence(
    prober: Prober, backend: Backend, *, lead_ids: Collection[str] | None, timeout: float
) -> None:
    """Wait until the view that a probe has of the app agrees with the leads of the workspace.

    Args:
        prober: makes the probe that asks the app.
        backend: the workspace.
        lead_ids: the leads that are compared; None for all, and for none that are the app's alone.
        timeout: seconds of real time.

    Raises:
        InvalidInput: the view has another form, or a field that no lead has.
        NotConverged: it does not agree in time.
    """
    __tracebackhide__ = True
    deadline = SystemClock.running_seconds() + timeout
    pause = _FIRST_PAUSE_SECONDS
    while True:
        remaining = max(0.0, deadline - SystemClock.running_seconds())
        # The app cannot agree before it has the webhooks, so it is not asked until then.
        is_idle = backend.wait_until_idle(timeout_seconds=remaining)
        differences, error = _compare(prober, backend, lead_ids, deadline)
        if is_idle and not differences and error is None:
            return
        remaining = deadline - SystemClock.running_seconds()
        if not is_idle or remaining <= 0:
            view = backend.view()
            lines = _lines(view, differences, error, is_idle=is_idle, timeout=timeout)
            # What there is to know of a ProbeFailed is in its message.
            cause = None if isinstance(error, ProbeFailed) else error
            raise NotConverged("\n".join(lines)) from cause
        threading.Event().wait(min(pause, remaining))  # real time, whatever the test has frozen
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)


def _compare(
    prober: Prober, backend: Backend, lead_ids: Collection[str] | None, deadline: float
) -> tuple[list[Difference], Exception | None]:
    """Return the differences there are now, or why the app could not be asked."""
    __tracebackhide__ = True
    seconds = max(_MIN_PROBE_SECONDS, deadline - SystemClock.running_seconds())
    probe = prober(seconds)
    try:
        value = probe()
    except Exception as error:  # the app may not be ready yet
        return [], error
    return list(view_differences(value, backend.view().workspace, lead_ids)), None


# --- the view -------------------------------------------------------------------------------------


def view_rows(view: Any) -> dict[str, Mapping[str, Any]]:
    """Return the fields of each lead by its id."""
    __tracebackhide__ = True
    if inspect.iscoroutine(view):
        # Otherwise Python warns that it was never awaited, which hides the reason.
        view.close()
        raise InvalidInput(
            "the probe is asynchronous: write await sendpilot.aio.assert_converges(...)"
        )
    if isinstance(view, Mapping):
        return {_checked_id(lead_id): _row(value) for lead_id, value in view.items()}
    if not isinstance(view, Iterable) or isinstance(view, str | bytes):
        raise InvalidInput(f"the probe: {_EXPECTED}, got {short_repr(view)}")
    rows: dict[str, Mapping[str, Any]] = {}
    for one in view:
        row = dict(one) if isinstance(one, Mapping) else {}
        ids = [row.pop(key) for key in _ID_KEYS if key in row]
        if not ids:
            raise InvalidInput(f"the probe: {_EXPECTED}, got {short_repr(one)} in the list")
        rows[_checked_id(ids[0])] = row
    return rows


def _checked_id(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"the probe: expected the id of a lead, got {short_repr(value)}")
    return value


def _row(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return {key: one for key, one in value.items() if key not in _ID_KEYS}
    if isinstance(value, Sequence) and not isinstance(value, str):
        raise InvalidInput(f"the probe: {_EXPECTED}, got {short_repr(value)} for a lead")
    return {"status": value}


# --- differences ----------------------------------------------------------------------------------


def view_differences(
    view: Any, workspace: Workspace, lead_ids: Collection[str] | None
) -> Iterator[Difference]:
    """Yield the differences between a view of the leads and those of the workspace.

    Args:
        view: the value of a probe.
        workspace: the workspace.
        lead_ids: the leads that are compared; None for all of either side.

    Raises:
        InvalidInput: the view has another form, or a field that no lead has.
    """
    rows = view_rows(view)
    known = {lead.id: lead for lead in workspace.store.leads()}
    # In the order of the emulator, so that two failures can be compared.
    for lead_id in dict.fromkeys([*known, *rows]) if lead_ids is None else lead_ids:
        lead, row = known.get(lead_id), rows.get(lead_id)
        if lead is None:
            who = "neither the app nor the emulator has it"
            yield Difference(
                lead_id, who if row is None else "the app has it, and the emulator does not"
            )
        elif row is None:
            yield Difference(lead_id, f"the app does not have it; its status is {lead.status!r}")
        else:
            for name, value in row.items():
                actual = _fact(workspace, lead, _attribute(name))
                if not _agree(value, actual):
                    if isinstance(actual, Texts) and not _is_list(value):
                        actual = len(actual)
                    text = f"the app has {short_repr(value)}, the emulator {short_repr(actual)}"
                    yield Difference(lead_id, f"{name}: {text}")


def _attribute(name: object) -> str:
    attribute = _ATTRIBUTES.get(str(name))
    if attribute is None:
        guess = did_you_mean(str(name), _ATTRIBUTES)
        known = ", ".join(dict.fromkeys(_ATTRIBUTES.values()))
        raise InvalidInput(
            f"the probe: no lead has the field {str(name)[:80]!r}; {guess}known are: {known}; have "
            "the probe leave out what is the app's own"
        )
    return attribute


class Texts(tuple[str, ...]):
    """The messages or replies of a conversation, of which an app may know the number alone."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(list(self))


def _fact(workspace: Workspace, lead: Lead, attribute: str) -> Any:
    """Return a field of a lead, or the texts of its conversation with its sender."""
    direction = _DIRECTIONS.get(attribute)
    if direction is None:
        return getattr(lead, attribute)
    inbox = workspace.inbox
    conversation_id = inbox.id_of_pair(lead.sender_id or "", lead.linkedin_url)
    messages = inbox.messages(conversation_id) if conversation_id else ()
    return Texts(one.content for one in messages if one.direction == direction)


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def _agree(value: Any, actual: Any) -> bool:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(actual, Texts):
        # In any order: webhooks come in any, and an app may list them as they came.
        return (
            sorted(map(str, value)) == sorted(actual) if _is_list(value) else value == len(actual)
        )
    if isinstance(actual, datetime):
        moment = parse_moment(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            return False
        # The API has milliseconds, so an app cannot know more.
        return iso_milliseconds(moment) == iso_milliseconds(actual)
    return bool(value == actual)


# --- the failure ----------------------------------------------------------------------------------


def _lines(
    view: WorkspaceView,
    differences: Sequence[Difference],
    error: Exception | None,
    *,
    is_idle: bool,
    timeout: float,
) -> Iterator[str]:
    scheduler = view.workspace.scheduler
    if error is not None:
        reason = str(error) if isinstance(error, ProbeFailed) else _raised(error)
    elif differences:
        count = len({one.lead_id for one in differences})
        reason = "1 differs" if count == 1 else f"{count} differ"
    else:
        reason = "webhooks are still being sent"
    waited = "" if scheduler.is_stopped and not is_idle else f" within {timeout:g} s"
    yield f"the app does not agree with the emulator about its leads{waited}: {reason}"
    for number, one in enumerate(differences):
        if number == _MAX_LINES:
            yield f"  and {len(differences) - _MAX_LINES} more differences"
            break
        yield f"  {one.lead_id}: {one.text}"
        if number + 1 == len(differences) or differences[number + 1].lead_id != one.lead_id:
            yield from (f"    {line}" for line in _webhooks_about(view, one.lead_id))
    yield from (f"  {line}" for line in _pending(scheduler, is_idle=is_idle))


def _raised(error: Exception) -> str:
    return f"the probe raised {type(error).__name__}: {error}".rstrip(": ")


def _webhooks_about(view: WorkspaceView, lead_id: str) -> Iterator[str]:
    """Yield the latest events about a lead, with what its webhooks came to."""
    events = [one for one in view.outbox.events.all() if one.lead_id == lead_id]
    if not events:
        yield "no event is about it"
    for event in events[-_MAX_EVENTS:]:
        outcomes = "; ".join(map(_outcome, event.deliveries)) or "no endpoint"
        yield f"{event.event_type} {event.event_id}: {outcomes}"


def _outcome(delivery: Delivery) -> str:
    """Return the state of a delivery and its responses, such as `pending after 503`."""
    attempts = ", ".join(
        str(one.error if one.response is None else one.response.status_code)
        for one in delivery.attempts
    )
    return f"{delivery.state} after {attempts}" if attempts else delivery.state


def _pending(scheduler: Scheduler, *, is_idle: bool) -> Iterator[str]:
    """Say what is still to be sent, and when."""
    due = scheduler.next_due()
    text = f"{due.about} is due at {iso_milliseconds(due.at)}" if due else ""
    if scheduler.clock.is_frozen:
        now = iso_milliseconds(scheduler.clock.now())
        yield f"the clock is frozen at {now}{f'; {text}: advance it' if text else ''}"
    elif not is_idle:
        running = ", ".join(scheduler.running())
        yield f"still running: {running}" if running else text
    elif text:
        yield text
