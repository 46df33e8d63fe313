"""Sandboxes that several tests share: each rerun begins with what its test has found in them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import SendPilotError
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.testing.reruns.observations import Start
from mock_sendpilot.testing.reruns.trials import Trial
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import SandboxOptions
from mock_sendpilot.traffic.journal import JournalEntry

_Pair = tuple[Sandbox, SandboxOptions]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A sandbox at one moment: its state, and the requests in its journal."""

    state: WorkspaceState
    entries: Sequence[JournalEntry]

    @classmethod
    def of(cls, sandbox: Sandbox) -> "_Moment | None":
        """Return the present of a sandbox; None for one that is closed, elsewhere or busy."""
        if not sandbox.backend.is_open:
            return None
        try:
            state = sandbox.server.emulator.state(sandbox.workspace)
        except SendPilotError:  # it is elsewhere, or an event is being published for seconds
            return None
        return cls(state, sandbox.backend.journal.all())

    def put_back(self, sandbox: Sandbox, contract: Contract | None = None) -> None:
        """Let a sandbox go on from this moment, perhaps under another contract."""
        state = self.state if contract is None else _under(self.state, contract)
        sandbox.server.emulator.restore(sandbox.workspace, state)
        journal = sandbox.backend.journal
        journal.remove_all()
        for entry in self.entries:
            journal.add(entry)

    @property
    def start(self) -> Start:
        """The requests and events until then."""
        events = self.state.outbox.events
        return Start(len(self.entries), max((one.sent.sequence for one in events), default=0))


class SharedSandboxes:
    """The sandboxes that are still open after the test that made them."""

    def __init__(self) -> None:
        self._known: list[_Pair] = []
        self._befores: dict[Sandbox, _Moment] = {}
        self._afters: dict[Sandbox, _Moment] = {}

    def begin_test(self) -> None:
        """Forget the test before, and the sandboxes that were closed."""
        self._known = [pair for pair in self._known if pair[0].backend.is_open]
        self._befores, self._afters = {}, {}

    def note_before(self, made: Iterable[_Pair]) -> None:
        """Note what a test finds: before the first fixture of its own, or before the test."""
        for sandbox, _ in (*self._known, *made):
            if sandbox not in self._befores and (moment := _Moment.of(sandbox)):
                self._befores[sandbox] = moment

    def note_after(self, made: Iterable[_Pair]) -> list[Sandbox]:
        """Note what a test has left; return the sandboxes that are older than it, or outlive it."""
        pairs = dict([*self._known, *made])
        moments = {one: _Moment.of(one) for one in pairs if one in self._befores}
        self._afters = {one: moment for one, moment in moments.items() if moment is not None}
        self._known = [(one, pairs[one]) for one in self._afters]
        return list(self._afters)

    def forget(self, sandboxes: Iterable[Sandbox]) -> None:
        """Forget sandboxes that are nobody's but the test's, which has not closed them."""
        forgotten = set(sandboxes)
        self._known = [pair for pair in self._known if pair[0] not in forgotten]

    def begin(self, trial: Trial) -> None:
        """Put back what the test has found, and let the trial change it."""
        for sandbox, options in self._known:
            changed = trial.options_for(options)
            self._befores[sandbox].put_back(sandbox, changed.contract)
            for fault in changed.faults[len(options.faults) :]:
                rest = {name: value for name, value in fault.items() if name != "effects"}
                sandbox.backend.arm_fault(*fault["effects"], **rest)
            trial.opened(sandbox, changed)

    def end(self) -> None:
        """Put back what the test has left."""
        for sandbox, _ in self._known:
            if sandbox.backend.is_open:
                self._afters[sandbox].put_back(sandbox)

    def starts(self) -> dict[Sandbox, Start]:
        """Return what each sandbox had before the test."""
        return {sandbox: moment.start for sandbox, moment in self._befores.items()}


def _under(state: WorkspaceState, contract: Contract) -> WorkspaceState:
    """Return a state under another contract, which may have other names for event types."""
    endpoints = tuple(
        replace(one, event_types=one.event_types and contract.own_event_types(one.event_types))
        for one in state.outbox.endpoints
    )
    world = replace(state.world, contract=contract, seed=state.world.seed.under(contract))
    return replace(state, world=world, outbox=replace(state.outbox, endpoints=endpoints))
