"""Copies of a workspace that runs elsewhere: of its state, and of its request journal.

A copy is made of the same classes as the original, so everything that reads a workspace reads a
copy as well. Nothing of it ever runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import urlencode

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.clock import SteadyClock, SystemClock, WorkspaceClock, parse_moment
from mock_sendpilot.states.serialization import load_states
from mock_sendpilot.states.snapshots import WorkspaceState, load_state
from mock_sendpilot.testing.backends.protocol import EmulatorUnavailable, WorkspaceView
from mock_sendpilot.traffic.faults import FaultsState
from mock_sendpilot.traffic.journal import (
    FAULT_EFFECT,
    FAULT_ID,
    NO_RESPONSE,
    OPERATION_ID,
    REQUEST_ID,
    JournalEntry,
    RequestJournal,
)
from mock_sendpilot.webhooks.http_sender import HttpSender
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.workspace_entry import new_faults
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace

_PAUSE_SECONDS = 5.0
_MILLISECONDS = 1000
_WITHOUT_PREFIX = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


def view_of(state: WorkspaceState) -> WorkspaceView:
    """Return a copy of a workspace in a state, which can be read."""
    world = state.world
    clock = WorkspaceClock(
        SteadyClock(), starts_at=world.clock.now, is_frozen=world.clock.is_frozen
    )
    workspace = Workspace(
        world.seed.without_contents(),
        contract=world.contract,
        clock=clock,
        random_seed=world.random_seed,
    )
    outbox = Outbox(workspace, HttpSender())
    load_state(state, workspace, outbox)
    faults = new_faults(workspace)
    faults.load(state.faults)
    return WorkspaceView(workspace, outbox, faults)


def read_state(content: bytes, origin: str) -> WorkspaceState:
    """Return the state that a response holds.

    Raises:
        EmulatorUnavailable: it holds none.
    """
    try:
        (state,) = load_states(content)
    except (InvalidInput, ValueError) as error:
        raise EmulatorUnavailable(
            f"{origin} answers with a state of another kind: {error}"
        ) from None
    return state


def initial_state(seed: WorkspaceSeed, *, random_seed: str) -> WorkspaceState:
    """Return the state that a workspace has at first.

    It is made here and not there, so that the ids and the chance do not depend on the emulator.

    Args:
        seed: the seed.
        random_seed: the seed of all chance, as an emulator in this process would have it.
    """
    if seed.contract is None:
        raise InvalidInput("contract: expected one, got none")
    workspace = Workspace(
        seed,
        contract=seed.contract,
        clock=WorkspaceClock(SteadyClock(), starts_at=seed.starts_at, is_frozen=seed.is_frozen),
        random_seed=random_seed,
    )
    outbox = Outbox(workspace, HttpSender(), secret_bytes=workspace.ids.random_bytes)
    for endpoint in seed.endpoints:
        outbox.endpoints.add_seeded(endpoint)
    workspace.begin()
    with (
        outbox.paused(timeout_seconds=_PAUSE_SECONDS),
        workspace.paused(timeout_seconds=_PAUSE_SECONDS),
    ):
        world = workspace.state()
        # No key of it is ours: the emulator has made one.
        world = replace(world, seed=replace(world.seed, api_keys=()))
        return WorkspaceState(
            world=world, outbox=outbox.state(), faults=FaultsState((), {}), rate_limits={}
        )


class JournalSource(Protocol):
    """Returns the journal's entries after a number as JSON, and waits for some."""

    def __call__(self, since: int, seconds: float) -> Mapping[str, Any]:
        """Return them."""


class JournalCopy(RequestJournal):
    """The request journal of a workspace that runs elsewhere, read again each time.

    Args:
        source: asks the emulator.
        prefix: the beginning of the ids of its entries.
    """

    def __init__(self, source: JournalSource, *, prefix: str = "req") -> None:
        super().__init__(prefix)
        self._source = source
        self._last: list[JournalEntry] | None = None
        # An entry never changes, and two readings of it are to be the same object.
        self._known: dict[tuple[str, int], JournalEntry] = {}

    @property
    def latest(self) -> int:
        """The number of the latest entry."""
        self.all()
        return self._latest

    def all(self) -> list[JournalEntry]:
        """Return all entries, oldest first."""
        return self._since(0, 0) if self._last is None else list(self._last)

    def later_than(self, number: int, *, timeout_seconds: float = 0) -> list[JournalEntry]:
        """Return the entries after a number, oldest first; if there are none, wait for one."""
        if self._last is not None:
            return [entry for entry in self._last if entry.number > number]
        return self._since(number, timeout_seconds)

    def keep(self) -> None:
        """Read the journal for the last time."""
        self._last = self.all()

    def _since(self, number: int, seconds: float) -> list[JournalEntry]:
        reply = self._source(number, seconds)
        rows: Sequence[Mapping[str, Any]] = reply["requests"]
        self._latest = reply["latest"]
        # Numbers have no gaps among the entries that a journal keeps.
        first = self._latest - len(rows) + 1
        keys = [(reply["journal"], number) for number in range(first, first + len(rows))]
        entries = [
            self._known.get(key) or _entry(row, key[1]) for key, row in zip(keys, rows, strict=True)
        ]
        self._known.update(zip(keys, entries, strict=True))
        return entries

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter(self.all())


def _entry(row: Mapping[str, Any], number: int) -> JournalEntry:
    """Return an entry of what the control API says of it."""
    request, response = row["request"], row["response"]
    at = parse_moment(row["at"]) or SystemClock().now()
    received_at = parse_moment(row["receivedAt"]) or at
    entry = JournalEntry(
        row["id"],
        _environ(row, request),
        (
            f"{row['status'] or 0:03} ",
            list(response["headers"].items()),
            _content(response),
        ),
        at=at,
        received=received_at.timestamp(),
        duration_seconds=row["durationMs"] / _MILLISECONDS,
        api_key_name=row["apiKeyName"],
        events=row["events"],
    )
    entry.number = number
    return entry


def _environ(row: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a WSGI environment that an entry reads as it has read the original one."""
    names = {name: name.upper().replace("-", "_") for name in request["headers"]}
    headers = {
        name if name in _WITHOUT_PREFIX else f"HTTP_{name}": request["headers"][written]
        for written, name in names.items()
    }
    content = _content(request)
    if content and not headers.get("CONTENT_LENGTH"):
        headers["CONTENT_LENGTH"] = str(len(content))
    facts = {
        OPERATION_ID: row["operation"],
        FAULT_ID: row["fault"],
        FAULT_EFFECT: row["faultEffect"],
        REQUEST_ID: row["requestId"] if row["requestId"] != row["id"] else None,
        NO_RESPONSE: True if row["status"] is None else None,
    }
    return {
        "REQUEST_METHOD": row["method"],
        "PATH_INFO": row["path"].encode().decode("latin-1"),
        "QUERY_STRING": urlencode(row["query"], doseq=True),
        "wsgi.input": BytesIO(content),
        **headers,
        **{name: value for name, value in facts.items() if value is not None},
    }


def _content(message: Mapping[str, Any]) -> bytes:
    content: bytes = message["body"].encode()
    return content + b" " if message["truncated"] else content  # a byte more than is kept
