"""The state of a workspace's world at one moment: frozen, and enough to go on from there.

Tasks are here as what they do and when, so that the parts that planned them can plan them again.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Generic

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.task_queue import Task
from mock_sendpilot.world.causes import Cause, CausedTask
from mock_sendpilot.world.credits import Balance, Payment
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.inbox import Conversation, Message
from mock_sendpilot.world.lead_index import IdOrIds
from mock_sendpilot.world.models import (
    AnyJob,
    Behavior,
    Campaign,
    Extraction,
    FoundLead,
    Lead,
    Search,
    Sender,
)
from mock_sendpilot.world.seed import WorkspaceSeed


@dataclass(frozen=True, slots=True)
class Planned:
    """The time of a task, its number among all tasks of the workspace, and its cause."""

    due_at: datetime
    order: int
    cause: Cause | None = None


Replanning = tuple[int, Callable[[], object]]
"""The number of a task among all tasks, and a function that plans it again."""


def planned(task: Task) -> Planned:
    """Return the time, the number and the cause of a task."""
    cause = task.run.cause if isinstance(task.run, CausedTask) else None
    return Planned(task.due_at, task.order, cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """The time that the clock shows, whether it is frozen, and the real time of that moment.

    A clock that is not frozen has run on when the state is loaded later.
    """

    now: datetime
    is_frozen: bool
    real_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """The contents of a store; `connections` are by sender and profile URL."""

    senders: tuple[Sender, ...]
    campaigns: tuple[Campaign, ...]
    leads: Mapping[str, Lead]
    lead_ids_by_campaign: Mapping[str, tuple[str, ...]]
    lead_ids_by_url: Mapping[str, IdOrIds]
    connections: Mapping[tuple[str, str], str]
    contacted: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentState:
    """The place of a lead in its sequence; without a task its action waits for a resume."""

    lead_id: str
    campaign_id: str
    next_step: int
    action: str | None
    is_held_back: bool
    task: Planned | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseState:
    """A planned response of a recipient."""

    sender_id: str
    linkedin_url: str
    lead_id: str | None
    campaign_id: str | None
    kind: str
    text: str
    task: Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsState(Generic[AnyJob]):
    """The jobs of one kind, with payments and ends of those that are not over."""

    jobs: tuple[AnyJob, ...]
    payments: Mapping[str, Payment]
    ends: Mapping[str, Planned]
    ended_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherState:
    """The numbering of events, and the recorded events that are not yet published."""

    latest_at: datetime | None
    last_recorded: int
    unpublished: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldState:
    """The state of a workspace without its webhooks.

    Attributes:
        seed: the seed that a reset returns to.
        ids: the state of the source of ids, as `random.Random.getstate` returns it.
        task_count: the number of tasks ever added.
    """

    seed: WorkspaceSeed
    contract: Contract
    random_seed: str
    clock: ClockState
    ids: tuple[int, tuple[int, ...], float | None]
    store: StoreState
    conversations: tuple[tuple[Conversation, tuple[Message, ...]], ...]
    quotas: Mapping[tuple[str, str], tuple[date, int]]
    balance: Balance
    behaviors: Mapping[str, Behavior]
    enrollments: tuple[EnrollmentState, ...]
    responses: tuple[ResponseState, ...]
    searches: JobsState[Search]
    extractions: JobsState[Extraction]
    people: tuple[FoundLead, ...]
    publisher: PublisherState
    task_count: int
