"""The steps of a schedule: frozen, comparable, and read from JSON as they are written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, field, replace
from typing import Any, Literal, TypeAlias, get_args

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.webhooks.disruption_kinds import check_options

Moment = Literal["reading", "working", "answering", "answered"]
"""The moment at which a receiver is killed: once it has read the body, halfway to its response,
before its response arrives, after it has arrived."""
MOMENTS: tuple[Moment, ...] = get_args(Moment)
INITIAL_STATUS = "CONNECTION_ACCEPTED"
"""The status of a lead at the start: it can be sent messages, and reply."""
MAX_LEADS = 2
_MAX_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Disrupted:
    """A disruption of one of the webhooks of a step.

    Attributes:
        kind: a kind of disruption.
        webhook: 0 for the first webhook of the step, 1 for the second: a message and a reply have
            two, since they change the lead as well.
        options: options of the kind.
    """

    kind: str
    webhook: int = 0
    options: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The status of a lead changes."""

    lead: int
    status: str
    disrupted: Disrupted | None = None
    killed: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message is sent to a lead."""

    lead: int
    disrupted: Disrupted | None = None
    killed: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A lead replies."""

    lead: int
    disrupted: Disrupted | None = None
    killed: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An event of a type that no contract has is sent; nothing has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """An event is sent once more: the latest for 1, the one before it for 2."""

    back: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Time passes."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """The receiver is restarted between two webhooks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The webhooks of one or two steps arrive at the same time; those of one step twice."""

    first: "Event"
    second: "Event | None" = None


Event: TypeAlias = Change | Message | Reply
Step: TypeAlias = Event | Unknown | Resend | Advance | Restart | Together
Schedule: TypeAlias = tuple[Step, ...]
EVENTS = (Change, Message, Reply)
_NAMES: Mapping[str, type[Any]] = {
    "change": Change,
    "message": Message,
    "reply": Reply,
    "unknown": Unknown,
    "resend": Resend,
    "advance": Advance,
    "restart": Restart,
    "together": Together,
}


def leads_of(schedule: Iterable[Step]) -> list[int]:
    """Return the numbers of the leads that a schedule is about."""
    numbers = set()
    for step in schedule:
        parts = (step.first, step.second) if isinstance(step, Together) else (step,)
        numbers |= {one.lead for one in parts if isinstance(one, EVENTS)}
    return sorted(numbers)


def undisturbed(step: Step) -> Step | None:
    """Return a step without what is hostile in it; None for one that is nothing else."""
    if isinstance(step, EVENTS):
        return replace(step, disrupted=None, killed=None)
    return step if isinstance(step, Advance) else None


def has_races(schedule: Iterable[Step]) -> bool:
    """Return whether the outcome may depend on which of two requests is first."""
    return any(isinstance(one, Together) or getattr(one, "killed", None) for one in schedule)


def needs_restart(schedule: Iterable[Step]) -> bool:
    """Return whether the receiver has to be restarted."""
    return any(isinstance(one, Restart) or getattr(one, "killed", None) for one in schedule)


def as_json(step: Step) -> dict[str, Any]:
    """Return a step as JSON; what is not set is left out."""
    (name,) = (name for name, kind in _NAMES.items() if isinstance(step, kind))
    if isinstance(step, Together):
        parts = {"first": step.first, "second": step.second}
        return {"step": name, **{key: as_json(one) for key, one in parts.items() if one}}
    values = {key: value for key, value in asdict(step).items() if value is not None}
    return {"step": name, **values}


def schedule_from_json(value: object) -> Schedule:
    """Return the schedule that JSON describes.

    Raises:
        InvalidInput: it describes none.
    """
    if not isinstance(value, list):
        raise InvalidInput(f"steps: expected a list of steps, got {value!r:.80}")
    return tuple(_from_json(one, f"steps[{number}]") for number, one in enumerate(value))


def _from_json(value: object, where: str) -> Step:
    values = dict(value) if isinstance(value, Mapping) else {}
    kind = _NAMES.get(str(values.pop("step", "")))
    if kind is None:
        raise InvalidInput(f"{where}: expected one of the steps {', '.join(_NAMES)}")
    for key in ("first", "second"):
        if key in values:
            values[key] = _from_json(values[key], f"{where}.{key}")
    try:
        if "disrupted" in values:
            values["disrupted"] = Disrupted(**values["disrupted"])
        step: Step = kind(**values)
    except TypeError as error:
        raise InvalidInput(f"{where}: {str(error).rpartition('() ')[2]}") from None
    problem = next(_problems(step), None)
    if problem is not None:
        raise InvalidInput(f"{where}: {problem}")
    return step


def _problems(step: Step) -> Iterator[str]:
    if isinstance(step, Together):
        parts: tuple[object, ...] = (step.first, step.second or step.first)
        if not all(isinstance(one, EVENTS) for one in parts):
            yield "first, second: expected a change, a message or a reply"
    if isinstance(step, EVENTS):
        yield from _problems_of_event(step)
    if isinstance(step, Change) and step.status not in words.LEAD_STATUSES:
        yield f"status: expected a status of a lead, got {step.status!r}"
    if isinstance(step, Advance) and step.seconds not in range(_MAX_SECONDS + 1):
        yield f"seconds: expected a whole number up to {_MAX_SECONDS}, got {step.seconds!r}"
    if isinstance(step, Resend) and (not isinstance(step.back, int) or step.back < 1):
        yield f"back: expected a whole number of 1 or more, got {step.back!r}"


def _problems_of_event(step: Event) -> Iterator[str]:
    if step.lead not in range(1, MAX_LEADS + 1):
        yield f"lead: expected 1 to {MAX_LEADS}, got {step.lead!r}"
    if step.killed not in {None, *MOMENTS}:
        yield f"killed: expected one of {', '.join(MOMENTS)}"
    if step.disrupted is not None:
        try:
            check_options(step.disrupted.kind, step.disrupted.options)
        except InvalidInput as error:
            yield str(error)
