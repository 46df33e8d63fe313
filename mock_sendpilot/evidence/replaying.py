"""Replays: the steps of a file once more, in an emulator of their own, compared with the file.

The clock of a replay is frozen, and is moved to the time of each step. So nothing waits, and
nothing depends on how fast the machine is.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import AdvanceTimedOut, InvalidInput
from mock_sendpilot.evidence.app_caller import AppCaller
from mock_sendpilot.evidence.comparing import Comparison, Difference
from mock_sendpilot.evidence.document import Json, event_json, reply_json, unpacked_state
from mock_sendpilot.evidence.masking import Masks, unmasked
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.states.serialization import read_states
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.testing.backends.control_api import CONTROL_PREFIX
from mock_sendpilot.webhooks.deliveries import Response
from mock_sendpilot.webhooks.http_sender import HttpSender, SendResult
from mock_sendpilot.webhooks.signing import SignedRequest
from mock_sendpilot.world.models import ApiKey

_RUNNING_TOLERANCE = timedelta(seconds=5)
_FREEZE, _RESUME = {"freeze": True}, {"resume": True}
_FIRST_ERROR = 400
_KEY = "sp_test_replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The outcome of a replay.

    Attributes:
        request_count: the number of requests that were made again.
        event_count: the number of recorded events.
        attempt_count: the number of recorded attempts.
        differences: what came out otherwise, in its order.
    """

    request_count: int
    event_count: int
    attempt_count: int
    differences: tuple[Difference, ...]

    @property
    def is_same(self) -> bool:
        """True if everything came out as recorded."""
        return not self.differences


class _Recorded(HttpSender):
    """A receiver that responds as it did when it was recorded; nothing is sent.

    Args:
        attempts: the recorded attempts of each event to each endpoint.
        made_counts: the number of them that were made before the beginning.
    """

    def __init__(
        self,
        attempts: Mapping[tuple[str, str], list[Json]],
        made_counts: dict[tuple[str, str], int],
    ) -> None:
        super().__init__()
        self._attempts = attempts
        self._made_counts = made_counts
        self._lock = threading.Lock()

    def send(
        self,
        request: SignedRequest,
        *,
        connection: str,
        max_connections: int = 1,
        timeout_seconds: float | None = None,
    ) -> SendResult:
        """Return the recorded response of the next attempt of a delivery."""
        del max_connections, timeout_seconds
        key = connection, request.message_id
        with self._lock:
            number = self._made_counts[key] = self._made_counts.get(key, 0) + 1
        recorded = self._attempts.get(key, [])
        attempt = recorded[number - 1] if number <= len(recorded) else None
        response = None
        if attempt is not None and attempt["status"] is not None:
            response = Response(
                status_code=attempt["status"],
                headers=attempt["headers"],
                body=attempt["body"].encode(),
                is_truncated=False,
            )
        error = "no attempt like this was recorded" if attempt is None else attempt["error"]
        return SendResult(
            sent_at=SystemClock().now(),
            duration_seconds=0.0,
            headers=request.headers,
            response=response,
            error=None if response else error,
        )


class _Redirected(HttpSender):
    """Sends every webhook to one URL."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: SignedRequest, **options: Any) -> SendResult:
        """POST a request to that URL."""
        return super().send(replace(request, url=self._url), **options)


def replay_workspace(
    workspace: Json, *, url: str | None = None, secret: str | None = None
) -> Replay:
    """Run the steps of a workspace of a document again.

    Args:
        workspace: the workspace.
        url: the receiver of all webhooks; by default one that responds as recorded.
        secret: the signing secret of that receiver.

    Raises:
        InvalidInput: the document is damaged, or has no steps; it says why.
    """
    if workspace["problem"] or workspace["state"] is None:
        raise InvalidInput(f"{workspace['label']}: cannot be replayed: {workspace['problem']}")
    outcomes = []
    for draws_secrets in (True, False) if _makes_secrets(workspace) else (True,):
        outcome = _played(workspace, None, secret, draws_secrets=draws_secrets)
        outcomes.append((len(outcome.differences), not draws_secrets, outcome))
        if outcome.is_same:
            break
    _, has_real_chance, best = min(outcomes, key=lambda one: one[:2])
    if url is None:
        return best
    return _played(workspace, url, secret, draws_secrets=not has_real_chance)


def _makes_secrets(workspace: Json) -> bool:
    """Return whether an endpoint got a new secret.

    The emulator drew it from the chance of the workspace or from real chance, and nothing but the
    ids that were drawn afterwards tells which.
    """
    return any(
        step["step"] == "control"
        and step["path"].startswith("/endpoints")
        and not (step["body"] or {}).get("secret")
        for step in workspace["steps"]
    )


def _played(workspace: Json, url: str | None, secret: str | None, *, draws_secrets: bool) -> Replay:
    state = _state(workspace["state"], secret)
    sender = _recorded_receiver(workspace, state) if url is None else _Redirected(url)
    random_seed = "replay" if draws_secrets else None
    emulator = Emulator(random_seed=random_seed, http_sender=sender)
    # What goes wrong in it was wrong when it was recorded, and is in the comparison.
    logger = logging.getLogger("mock_sendpilot")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        emulator.load_states([state])
        return _Player(emulator, workspace, secret).play()
    finally:
        logger.setLevel(level)
        emulator.close()


def _state(packed: str, secret: str | None) -> WorkspaceState:
    """Return a state with usable secrets and a frozen clock."""
    try:
        content = unmasked(unpacked_state(packed), secret=secret)
    except ValueError as error:
        raise InvalidInput(f"the state at the beginning is damaged: {error}") from None
    (state,) = read_states(content)
    world, outbox = state.world, state.outbox
    # A listener that is not there would let each webhook wait for it.
    endpoints = tuple(replace(one, is_forwarded=False) for one in outbox.endpoints)
    return replace(
        state,
        world=replace(world, clock=replace(world.clock, is_frozen=True)),
        outbox=replace(outbox, endpoints=endpoints),
    )


def _recorded_receiver(workspace: Json, state: WorkspaceState) -> HttpSender:
    attempts = {
        (delivery["endpointId"], event["messageId"]): delivery["attempts"]
        for event in workspace["events"]
        for delivery in event["deliveries"]
    }
    counts = {
        (delivery.endpoint_id, delivery.message_id): len(delivery.attempts)
        for delivery in state.outbox.deliveries
    }
    return _Recorded(attempts, counts)


class _Player:
    """Makes the steps of one workspace.

    Args:
        emulator: has the workspace in its state at the beginning.
        recorded: the workspace of the document.
        secret: the signing secret of the receiver.
    """

    def __init__(self, emulator: Emulator, recorded: Json, secret: str | None) -> None:
        self._emulator = emulator
        self._recorded = recorded
        self._secret = secret
        (workspace,) = emulator.workspaces()
        self._workspace = workspace
        self._call = AppCaller(create_app(emulator, has_dashboard=False).wsgi_app)
        if not emulator.api_keys(workspace):
            emulator.add_key(workspace, ApiKey(key=_KEY))
        self._is_running = not recorded["clock"]["wasFrozen"]
        has_run = self._is_running or any(one.get("body") == _RESUME for one in recorded["steps"])
        self._comparison = Comparison(_RUNNING_TOLERANCE if has_run else timedelta())
        self._masks = _masks(secret)
        self._known_ids = {one.event_id for one in emulator.outbox(workspace).events.all()}
        self._first_ids = {one["id"] for one in recorded["events"]} & self._known_ids

    def play(self) -> Replay:
        """Make all steps, and return what came of them."""
        differences: list[Difference] = []
        count = 0
        try:
            for number, step in enumerate(self._recorded["steps"], start=1):
                count += step["step"] == "request"
                differences += self._step(number, step)
            if self._is_running:
                self._advance_to(self._recorded["clock"]["endsAt"])
        except AdvanceTimedOut as error:
            differences.append(Difference("the clock", "advance", "it moved", str(error)))
        recorded = self._recorded["events"]
        differences += self._comparison.events(recorded, self._events())
        return Replay(
            request_count=count,
            event_count=len(recorded),
            attempt_count=sum(len(d["attempts"]) for one in recorded for d in one["deliveries"]),
            differences=tuple(differences),
        )

    def _events(self) -> list[Json]:
        """Return the events that came, and those of before whose attempts are recorded."""
        return [
            event_json(one, self._masks)
            for one in self._emulator.outbox(self._workspace).events.all()
            if one.event_id not in self._known_ids or one.event_id in self._first_ids
        ]

    def _step(self, number: int, step: Json) -> Iterator[Difference]:
        kind = step["step"]
        if kind == "clock":
            self._advance_to(step["to"])
            return
        if kind == "control" and step["body"] in (_FREEZE, _RESUME):
            self._is_running = step["body"] == _RESUME
            return
        if self._is_running or step.get("isReaction"):
            self._advance_to(step["at"])
        if kind == "control":
            yield from self._control(number, step)
        else:
            yield from self._request(step)

    def _advance_to(self, text: str) -> None:
        scheduler = self._workspace.scheduler
        moment = datetime.fromisoformat(text)
        scheduler.advance(max(timedelta(), moment - scheduler.clock.now()))

    def _control(self, number: int, step: Json) -> Iterator[Difference]:
        path, _, query = self._with_own_ids(step["path"]).partition("?")
        body = unmasked(step["body"], secret=self._secret)
        content = b"" if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json"} if content else {}
        status, text = self._call(
            step["method"],
            CONTROL_PREFIX + path,
            query=query,
            headers=headers,
            content=content,
            api_key=self._key(None),
        )
        if status >= _FIRST_ERROR:
            where = f"step {number}, {step['method']} {path}"
            yield Difference(where, "status", "accepted", f"{status} {text[:200]}")

    def _request(self, step: Json) -> Iterator[Difference]:
        where = f"{step['id']} {step['method']} {step['path']}"
        journal = self._emulator.journal(self._workspace)
        before = journal.latest
        body = unmasked(step["body"], secret=self._secret)
        query = urlencode(unmasked(step["query"], secret=self._secret), doseq=True)
        path = unmasked(step["path"], secret=self._secret)
        try:
            self._call(
                step["method"],
                path,
                query=query,
                headers=step["headers"],
                content=body.encode(),
                api_key=self._key(step["apiKey"]),
            )
        except Exception as error:  # the journal has a 500 as well
            yield Difference(where, "error", "none", repr(error))
            return
        entries = journal.later_than(before)
        if len(entries) != 1:
            yield Difference(where, "response", "one", f"{len(entries)} entries of the journal")
            return
        yield from self._comparison.reply(where, step["reply"], reply_json(entries[0], self._masks))

    def _with_own_ids(self, path: str) -> str:
        """Return a path with the ids that recorded events have now: their time is part of them."""
        recorded = [one["id"] for one in self._recorded["events"]]
        own = [one["id"] for one in self._events()]
        for one, other in zip(recorded, own, strict=False):
            path = path.replace(one, other)
        return str(unmasked(path, secret=self._secret))

    def _key(self, name: str | None) -> str:
        keys = self._emulator.api_keys(self._workspace)
        return next((one.key for one in keys if name and one.name == name), keys[0].key)


def _masks(secret: str | None) -> Masks:
    """Return masks that give secrets the names that they have in the file."""
    names = [f"redacted-key-{number}" for number in range(1, 100)]
    keys = [str(unmasked(name, secret=None)) for name in names]
    secrets = [str(unmasked(name.replace("key", "secret"), secret=secret)) for name in names]
    return Masks(keys, secrets)


def replay_document(
    document: Json, *, url: str | None = None, secret: str | None = None
) -> list[tuple[str, Replay]]:
    """Run the steps of each workspace of a document again; return the outcomes by their labels.

    Raises:
        InvalidInput: as for `replay_workspace`, or there is no workspace.
    """
    try:
        if not document["workspaces"]:
            raise InvalidInput("the file has no workspace to be replayed")
        return [
            (one["label"], replay_workspace(one, url=url, secret=secret))
            for one in document["workspaces"]
        ]
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"the file is damaged: {error!r}") from error
