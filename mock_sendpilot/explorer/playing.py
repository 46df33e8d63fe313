"""Playing a schedule: a fresh workspace, its steps one after the other, and what came of it."""

import bisect
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import AdvanceTimedOut, SendPilotError
from mock_sendpilot.explorer.steps import (
    EVENTS,
    INITIAL_STATUS,
    Advance,
    Change,
    Disrupted,
    Event,
    Message,
    Moment,
    Reply,
    Resend,
    Restart,
    Schedule,
    Step,
    Together,
    Unknown,
    leads_of,
)
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
from mock_sendpilot.webhooks.disruptions import Disruption
from mock_sendpilot.webhooks.stages import Stages

if TYPE_CHECKING:
    from mock_sendpilot.testing.sandbox import Sandbox
    from mock_sendpilot.testing.serving import Receiver

Invariant = Callable[["Sandbox"], object]
"""A function that is called once everything is delivered; it raises AssertionError or returns False
if something is wrong."""
_UNKNOWN_ATTEMPTS = 100  # of a delivery, so that it never has a type that the receiver knows
_MIN_PATIENCE_SECONDS, _PATIENCE_LATENCIES = 0.03, 5


class Restartable(Protocol):
    """A receiver that can be restarted."""

    def restart(self) -> None:
        """Restart the receiver; return once it answers."""

    def killing(self, moment: Moment) -> Stages:
        """Return stages that kill the receiver in the next attempt, and start it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The app under exploration, and how to ask it.

    Attributes:
        receiver: a URL or an app.
        path: the path where an app takes webhooks.
        secret: the signing secret.
        events: the event types it is sent; None for all.
        probe: what the app knows, as for `assert_converges`.
        invariants: what else must hold.
        timeout_seconds: the time for a response, and to agree in the end.
        restartable: restarts the receiver, if somebody can.
        reset: called before each schedule, to make the app forget the one before.
    """

    receiver: "Receiver"
    probe: Any
    path: str | None = None
    secret: str | None = None
    events: tuple[str, ...] | None = None
    invariants: tuple[Invariant, ...] = ()
    timeout_seconds: float = 2.0
    restartable: Restartable | None = None
    reset: Callable[[], object] | None = None


@dataclass(slots=True)
class Played:
    """The outcome of a schedule.

    Attributes:
        starts_at: the time at its start.
        problem: why it did not end well; None if it did.
        lead_ids: the ids of its leads by their numbers.
        attempts: the attempts after each step, and after the end, with their deliveries.
    """

    starts_at: datetime
    problem: str | None = None
    lead_ids: dict[int, str] = field(default_factory=dict)
    attempts: list[list[tuple[Delivery, Attempt]]] = field(default_factory=list)

    def named(self, text: str) -> str:
        """Return a text with `lead_1` in place of the id of that lead."""
        for number, lead_id in self.lead_ids.items():
            text = text.replace(lead_id, f"lead_{number}")
        return text


class Player:
    """Plays schedules in a sandbox, each from the start.

    Args:
        sandbox: the sandbox; its workspace is replaced with each schedule.
        subject: the app.
        starts_at: the time at the start of the schedules.
    """

    def __init__(self, sandbox: "Sandbox", subject: Subject, starts_at: datetime) -> None:
        self._sandbox = sandbox
        self._subject = subject
        self._seed = replace(sandbox.workspace.seed, is_frozen=True)
        self._starts_at = self._ends_at = starts_at
        # Real chance: an app that runs on knows the leads and events of earlier explorations.
        self._token = secrets.token_hex(3)
        self._count = 0
        self._agreements: list[float] = []  # the seconds they took, sorted
        self.is_patient = True
        """True to give the app its full time to agree; else a multiple of what it usually needs."""
        self.goes_on_in_time = False
        """True to start each schedule after the end of the one before, not at the same time."""

    def play(self, schedule: Schedule) -> Played:
        """Play a schedule to its end."""
        self._count += 1
        prefix = f"lead_{self._token}{self._count}"
        if self.goes_on_in_time:
            days = (self._ends_at - self._starts_at).days + 2
            self._starts_at += timedelta(days=days)
        lead_ids = {one: f"{prefix}_{one}" for one in leads_of(schedule)}
        played = Played(starts_at=self._starts_at, lead_ids=lead_ids)
        if self._subject.reset is not None:
            self._subject.reset()
        random_seed = f"{self._token}/{self._count}"
        self._sandbox.renew(replace(self._seed, random_seed=random_seed, starts_at=self._starts_at))
        self._sandbox.add_endpoint(
            self._subject.receiver,
            path=self._subject.path,
            secret=self._subject.secret,
            events=self._subject.events,
            timeout=self._subject.timeout_seconds,
        )
        for lead_id in played.lead_ids.values():
            self._sandbox.add_lead(lead_id=lead_id, status=INITIAL_STATUS)
        performer = Performer(self._sandbox, played.lead_ids, self._subject.restartable)
        recorded: set[tuple[str, int]] = set()
        try:
            for step in schedule:
                performer.perform(step)
                played.attempts.append(self._new_attempts(recorded))
            self._check(played)
        except (AssertionError, AdvanceTimedOut) as error:
            played.problem = played.named(str(error)) or type(error).__name__
        played.attempts.append(self._new_attempts(recorded))
        self._ends_at = max(self._ends_at, self._sandbox.clock.now)
        return played

    def _check(self, played: Played) -> None:
        """Deliver everything, and raise AssertionError if the app is wrong in the end."""
        sandbox, timeout = self._sandbox, self._subject.timeout_seconds
        sandbox.deliver_all()
        # Of others an app that takes few event types cannot know.
        changed_ids = {one.lead_id for one in sandbox.webhooks.matching() if one.deliveries}
        lead_ids = [one for one in played.lead_ids.values() if one in changed_ids]
        if not self.is_patient:
            timeout = min(timeout, self._patience_seconds())
        began = SystemClock.running_seconds()
        sandbox.assert_converges(self._subject.probe, leads=lead_ids, timeout=timeout)
        bisect.insort(self._agreements, SystemClock.running_seconds() - began)
        for invariant in self._subject.invariants:
            # One that returns nothing raises when something is wrong.
            if invariant(sandbox) is False:
                raise AssertionError(f"{getattr(invariant, '__name__', invariant)} does not hold")

    def _patience_seconds(self) -> float:
        """Return several times what the app usually needs to agree."""
        if not self._agreements:
            return _MIN_PATIENCE_SECONDS
        # Not the longest: on a busy machine that says nothing about the app.
        usual = self._agreements[len(self._agreements) * 9 // 10]
        return max(_MIN_PATIENCE_SECONDS, _PATIENCE_LATENCIES * usual)

    def _new_attempts(self, recorded: set[tuple[str, int]]) -> list[tuple[Delivery, Attempt]]:
        """Return the attempts that are not in `recorded` yet, in the order of their making."""
        found = [
            (delivery, attempt)
            for webhook in self._sandbox.webhooks.matching()
            for delivery in webhook.deliveries
            for attempt in delivery.attempts
            if (delivery.id, attempt.number) not in recorded
        ]
        recorded.update((delivery.id, attempt.number) for delivery, attempt in found)
        return sorted(found, key=lambda pair: pair[1].sent_at)


class Performer:
    """Performs steps in a sandbox whose clock is frozen.

    Args:
        sandbox: the sandbox.
        lead_ids: the ids of the leads by their numbers.
        restartable: restarts the receiver, if somebody can.
    """

    def __init__(
        self,
        sandbox: "Sandbox",
        lead_ids: "dict[int, str]",
        restartable: Restartable | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._lead_ids = lead_ids
        self._restartable = restartable
        self._text_count = 0

    def perform(self, step: Step) -> None:
        """Perform a step, and send what is due after it.

        A step that cannot happen, such as a resend of what does not exist, does nothing.
        """
        sandbox = self._sandbox
        if isinstance(step, EVENTS):
            self._cause(step)
            killed = None if self._restartable is None else step.killed
            stages = self._restartable.killing(killed) if self._restartable and killed else None
            with nullcontext() if stages is None else sandbox.staged(stages):
                sandbox.clock.advance()
        elif isinstance(step, Together):
            with sandbox.at_once():
                self._perform_together(step)
        elif isinstance(step, Advance):
            sandbox.clock.advance(seconds=step.seconds)
        elif isinstance(step, Resend):
            self._resend(step.back)
            sandbox.clock.advance()
        elif isinstance(step, Unknown):
            disruption = sandbox.disrupt("unknown_event", attempts=_UNKNOWN_ATTEMPTS)
            # About no lead: sent again, it has its own type, and must not change one either.
            sandbox.trigger(words.CAMPAIGN_STARTED, campaign_id=sandbox.campaign_id)
            sandbox.disarm(disruption)  # the endpoint may not want the event
            sandbox.clock.advance()
        elif isinstance(step, Restart) and self._restartable is not None:
            self._restartable.restart()

    def _perform_together(self, step: Together) -> None:
        if step.second is not None:
            self._cause(step.first)
            self._cause(step.second)
            return
        known = {one.event_id for one in self._sandbox.webhooks.matching()}
        self._cause(step.first)
        for webhook in self._sandbox.webhooks.matching():
            if webhook.event_id not in known:
                self._sandbox.resend(webhook)

    def _cause(self, step: Event) -> None:
        disruption = self._armed(step.disrupted, step)
        lead_id = self._lead_ids[step.lead]
        with suppress(SendPilotError):  # such as a quota that is used up
            if isinstance(step, Change):
                self._sandbox.workspace.store.set_lead_status(
                    lead_id, status=step.status, changed_by="user"
                )
            else:
                self._text_count += 1
                text = f"Text {self._text_count}"
                self._sandbox.simulate(ACTIONS[type(step)], lead_id, text=text)
        if disruption is not None:  # the step may have had no such webhook
            self._sandbox.disarm(disruption)

    def _armed(self, disrupted: Disrupted | None, step: Event) -> Disruption | None:
        if disrupted is None:
            return None
        types = event_types(step, self._sandbox.workspace.contract)
        event_type = types[min(disrupted.webhook, len(types) - 1)]
        options: Any = disrupted.options
        return self._sandbox.disrupt(disrupted.kind, event_type=event_type, **options)

    def _resend(self, back: int) -> None:
        webhooks = self._sandbox.webhooks.matching()
        if len(webhooks) >= back:
            self._sandbox.resend(webhooks[-back])


ACTIONS: Mapping[type, str] = {Message: "message_sent", Reply: "reply"}
_EVENT_TYPES: Mapping[type, Sequence[str]] = {
    Change: (words.LEAD_UPDATED,),
    Message: (words.MESSAGE_SENT, words.LEAD_UPDATED),
    Reply: (words.REPLY_RECEIVED, words.LEAD_UPDATED),
}


def event_types(step: Event, contract: Contract) -> list[str]:
    """Return the types of the events that a step causes, by their names in a contract."""
    return [contract.event_type(name) for name in _EVENT_TYPES[type(step)]]
