"""Hypothesis strategies for schedules of changes and disruptions, and a state machine of them.

They need hypothesis, the extra `explore`. `sendpilot.explore` draws from `schedules()`; your own
tests can draw from the same, or subclass `ReceiverMachine`.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, cast

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.explorer.playing import Performer
from mock_sendpilot.explorer.steps import (
    INITIAL_STATUS,
    MAX_LEADS,
    MOMENTS,
    Advance,
    Change,
    Disrupted,
    Event,
    Message,
    Reply,
    Resend,
    Restart,
    Schedule,
    Step,
    Together,
    Unknown,
)
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.testing.standalone import sandbox
from mock_sendpilot.webhooks.disruption_kinds import DROP, check_kind
from mock_sendpilot.webhooks.disruptions import CHAOS_KINDS

try:
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
except ImportError as error:
    raise ImportError(
        "exploring needs hypothesis: pip install 'mock_sendpilot[explore]'"
    ) from error

if TYPE_CHECKING:
    from mock_sendpilot.testing.receiver_check import ProbeSource
    from mock_sendpilot.testing.sandbox import Sandbox
    from mock_sendpilot.testing.serving import Receiver

__all__ = ["ReceiverMachine", "disruptions", "events", "schedules", "steps"]

STATUSES = ("DONE", "OPPORTUNITY", "NOT_INTERESTED")
KINDS = (*CHAOS_KINDS, DROP)
"""The kinds after which a correct receiver has every event; what was dropped is resent."""
SECONDS = (1, 60, 600, 3600, 50_000, 100_000)
"""Seconds that pass: from one to more than a day; half a day passes midnight."""
_PAUSES = (60, 50_000, 100_000)
"""Seconds by which a webhook is late: a minute, more than half a day, more than a day."""
_LATE_KINDS = ("delay", DROP)
MAX_STEPS = 10
_OPTIONS: Mapping[str, Mapping[str, Sequence[float]]] = {
    "delay": {"seconds": SECONDS},
    "slow_body": {"seconds": (0.02,)},  # of real time
    "huge_body": {"bytes": (100_000,)},
}


def disruptions(kinds: Iterable[str] = KINDS) -> st.SearchStrategy[Disrupted]:
    """Return a strategy for disruptions of one webhook.

    Args:
        kinds: the kinds to choose from.

    Raises:
        InvalidInput: a kind is unknown.
    """
    choices = []
    for kind in kinds:
        check_kind(kind)
        options = {name: st.sampled_from(one) for name, one in _OPTIONS.get(kind, {}).items()}
        drawn = st.fixed_dictionaries(options)
        choices.append(st.builds(Disrupted, kind=st.just(kind), webhook=_WEBHOOKS, options=drawn))
    return st.one_of(choices)


_WEBHOOKS = st.sampled_from((0, 1))


def events(
    *,
    statuses: Sequence[str] = STATUSES,
    kinds: Iterable[str] = KINDS,
    can_be_killed: bool = False,
    max_leads: int = MAX_LEADS,
) -> st.SearchStrategy[Event]:
    """Return a strategy for changes, messages and replies, each perhaps with a disruption.

    Args:
        statuses: the statuses that leads change to.
        kinds: the kinds of disruptions; none for undisturbed events.
        can_be_killed: whether the receiver may be killed while it handles the webhook.
        max_leads: the number of leads, 1 or 2.
    """
    kinds = tuple(kinds)
    common: dict[str, Any] = {"lead": _leads(max_leads)}
    plain: dict[str, Any] = {}
    choices: list[st.SearchStrategy[Event]] = []
    if kinds:
        plain["disrupted"] = st.none() | disruptions(kinds)
    for killed in [{}, {"killed": st.sampled_from(MOMENTS)}] if can_be_killed else [{}]:
        further = killed or plain
        choices += [
            st.builds(Change, **common, status=st.sampled_from(statuses), **further),
            st.builds(Change, **common, status=st.sampled_from(statuses), **further),
            st.builds(Reply, **common, **further),
            st.builds(Message, **common, **further),
        ]
    return st.one_of(choices)


def steps(
    *,
    statuses: Sequence[str] = STATUSES,
    kinds: Iterable[str] = KINDS,
    can_restart: bool = False,
    can_be_killed: bool = False,
    max_leads: int = MAX_LEADS,
) -> st.SearchStrategy[Step]:
    """Return a strategy for steps of every kind; most of them are events.

    Args:
        statuses: the statuses that leads change to.
        kinds: the kinds of disruptions.
        can_restart: whether somebody can restart the receiver between two webhooks.
        can_be_killed: whether it may be killed while it handles one.
        max_leads: the number of leads, 1 or 2.
    """
    kinds = tuple(kinds)
    usual = events(statuses=statuses, kinds=kinds, can_be_killed=can_be_killed, max_leads=max_leads)
    plain = events(statuses=statuses, kinds=(), max_leads=max_leads)
    choices: list[st.SearchStrategy[Step]] = [
        usual,
        usual,
        usual,
        st.builds(Advance, seconds=st.sampled_from(SECONDS)),
        st.builds(Advance, seconds=st.sampled_from(SECONDS)),
        st.builds(Resend, back=st.sampled_from((1, 2, 3, 4))),
        st.builds(Together, first=plain, second=st.none() | plain),
        st.builds(Unknown),
    ]
    if can_restart or can_be_killed:
        choices.append(st.builds(Restart))
    return st.one_of(choices)


def _leads(count: int) -> st.SearchStrategy[int]:
    """Return a strategy that prefers the first lead: most faults need two events about one lead."""
    return st.sampled_from((1, 1, *range(1, count + 1)))


def schedules(*, max_steps: int = MAX_STEPS, **options: Any) -> st.SearchStrategy[Schedule]:
    """Return a strategy for schedules.

    Args:
        max_steps: the largest number of steps.
        options: the arguments of `steps`.
    """
    # Separate objects, since hypothesis counts one that is named again only once.
    parts = [steps(**options).map(_alone) for _ in range(3)]
    late_kinds = [kind for kind in options.get("kinds", KINDS) if kind in _LATE_KINDS]
    if late_kinds:
        known = {name: options[name] for name in ("statuses", "max_leads") if name in options}
        parts.append(_late(late_kinds, events(**known, kinds=())))
    drawn = st.lists(st.one_of(parts), min_size=1, max_size=max_steps)
    return drawn.map(lambda found: tuple(chain.from_iterable(found))[:max_steps])


def _alone(step: Step) -> Schedule:
    return (step,)


def _late(kinds: Sequence[str], event: st.SearchStrategy[Event]) -> st.SearchStrategy[Schedule]:
    """Return a strategy for an event whose webhook comes long after that of another event.

    Step by step that would be drawn once in hundreds of schedules: the kind, its seconds, the
    time that passes and the other event have to fit together. And receivers often have a window
    of time, in which they know an event again or take it to be new.
    """

    def schedule(late: Event, kind: str, webhook: int, pause: int, other: Event) -> Schedule:
        options = {"seconds": 2 * pause} if kind == "delay" else {}
        disrupted = Disrupted(kind=kind, webhook=webhook, options=options)
        return replace(late, disrupted=disrupted), Advance(seconds=pause), other

    kind, pause = st.sampled_from(kinds), st.sampled_from(_PAUSES)
    return st.builds(schedule, event, kind, _WEBHOOKS, pause, event)


@cache  # making a strategy costs more than drawing from it
def _events_with(kinds: tuple[str, ...]) -> st.SearchStrategy[Event]:
    return events(kinds=kinds)


@dataclass
class _Patience:
    """The time to agree: all of it at first, less while a failing example is shrunk."""

    has_failed: bool = False
    longest_seconds: float = 0.02

    def timeout(self, timeout_seconds: float) -> float:
        return (
            min(timeout_seconds, 5 * self.longest_seconds) if self.has_failed else timeout_seconds
        )

    def needed(self, seconds: float) -> None:
        self.longest_seconds = max(self.longest_seconds, seconds)


class ReceiverMachine(RuleBasedStateMachine):
    """A state machine to subclass: changes and disruptions, and at the end the comparison.

    Set `receiver` and `probe`, and run `YourMachine.TestCase` with pytest or unittest. Each example
    has a workspace of its own. Add rules and invariants of your own as for any machine of
    hypothesis; `sendpilot` is the workspace, with its clock frozen.

    Attributes:
        receiver: a URL, or a WSGI or ASGI app.
        probe: what the app knows about its leads, as for `sendpilot.assert_converges`.
        secret: the signing secret of the receiver; by default a new one.
        path: the path where an app takes webhooks, by default `/webhooks`.
        contract: the contract of the workspace.
        kinds: the kinds of disruptions to draw from, by default all of them.
        timeout: seconds of real time for the app to agree in the end. Once it did not, and
            hypothesis looks for the smallest example, five times what it needed before.
    """

    receiver: "Receiver | None" = None
    probe: "ProbeSource | None" = None
    secret: str | None = None
    path: str | None = None
    contract: ClassVar[str] = "documented"
    kinds: ClassVar[Iterable[str]] = KINDS
    timeout: ClassVar[float] = 2.0
    sendpilot: "Sandbox"
    _patience: "ClassVar[_Patience]"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._patience = _Patience()

    @initialize()
    def open_workspace(self) -> None:
        """Serve a workspace with its leads, and send its webhooks to the receiver."""
        # Of the class: a function in it would be bound as a method.
        receiver, self._probe = type(self).receiver, type(self).probe
        if receiver is None or self._probe is None:
            raise InvalidInput(f"{type(self).__name__}: set `receiver` and `probe` in the class")
        self._stack = ExitStack()
        # Real chance: an app that keeps what it knows must not meet the same ids again.
        made = sandbox(self.contract, frozen=True, random_seed=secrets.token_hex(8))
        self.sendpilot = self._stack.enter_context(made)
        self.sendpilot.add_endpoint(receiver, path=self.path, secret=self.secret)
        # The app may remember the leads of earlier examples, and hypothesis seeds `random`.
        token = secrets.token_hex(4)
        self._lead_ids = {number: f"lead_{token}_{number}" for number in range(1, MAX_LEADS + 1)}
        for lead_id in self._lead_ids.values():
            self.sendpilot.add_lead(lead_id=lead_id, status=INITIAL_STATUS)
        self._performer = Performer(self.sendpilot, self._lead_ids)

    @rule(event=st.runner().flatmap(lambda machine: _events_with(tuple(machine.kinds))))
    def happen(self, event: Event) -> None:
        """Have an event happen, perhaps with a disruption of its webhook."""
        self._performer.perform(event)

    @rule(seconds=st.sampled_from(SECONDS))
    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self._performer.perform(Advance(seconds=seconds))

    @rule(back=st.sampled_from((1, 2, 3)))
    def resend(self, back: int) -> None:
        """Send an earlier event once more."""
        self._performer.perform(Resend(back=back))

    @rule(first=events(kinds=()), second=st.none() | events(kinds=()))
    def happen_together(self, first: Event, second: Event | None) -> None:
        """Have two webhooks arrive at the same time."""
        self._performer.perform(Together(first=first, second=second))

    @rule()
    def send_unknown(self) -> None:
        """Send an event of a type that no contract has."""
        self._performer.perform(Unknown())

    def check(self) -> None:
        """Deliver everything, and compare what the app knows with the emulator."""
        self.sendpilot.deliver_all()
        webhooks = self.sendpilot.webhooks.matching()
        changed_ids = {one.lead_id for one in webhooks if one.deliveries}
        leads = [one for one in self._lead_ids.values() if one in changed_ids]
        probe = cast("ProbeSource", self._probe)
        timeout = self._patience.timeout(self.timeout)
        began = SystemClock.running_seconds()
        try:
            self.sendpilot.assert_converges(probe, leads=leads, timeout=timeout)
        except AssertionError:
            self._patience.has_failed = True
            raise
        self._patience.needed(SystemClock.running_seconds() - began)

    def teardown(self) -> None:
        """Check the app, and close the workspace."""
        if not hasattr(self, "_stack"):
            return
        with self._stack:
            self.check()
