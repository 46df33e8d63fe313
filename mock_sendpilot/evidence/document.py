"""The document of evidence: what happened in a workspace, as JSON without secrets.

The page shows it, and a replay repeats its steps and compares what comes of them.
"""

import base64
import platform
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import orjson

from mock_sendpilot.evidence.masking import Masks, masks_of
from mock_sendpilot.evidence.recording import ControlStep, Recording, Step, recording_of
from mock_sendpilot.matching import camel_case
from mock_sendpilot.redaction import MASK
from mock_sendpilot.states.serialization import dump_states
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.testing.backends.protocol import Backend
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.version import __version__
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook

FORMAT = 1
MAX_STATE_BYTES = 300_000
"""Of the state at the beginning, compressed."""
_MAX_UNPACKED_BYTES = 100_000_000
NOT_RECORDED = (
    "its steps were not recorded: that is what pytest with --sendpilot-artifacts does, and "
    "mock_sendpilot.sandbox()"
)
_UNSENT_HEADERS = frozenset({"accept-encoding", "connection", "content-length", "host"})

Json = dict[str, Any]


class WorkspaceEvidence:
    """The events and requests of a workspace since its recording began, or as far as the logs go.

    Args:
        backend: the workspace.
        label: its name, such as that of its fixture.

    Attributes:
        entries: the requests.
        unknown: the requests without a known key meanwhile.
        events: the events that were recorded or attempted.
        masks: the names of its secrets.
    """

    def __init__(self, backend: Backend, *, label: str = "sandbox") -> None:
        self.label = label
        self.backend = backend
        self.view = backend.view()
        self.recording = recording_of(backend) or Recording(problem=NOT_RECORDED)
        first, counts = self.recording.first_number, self.recording.attempt_counts
        self.entries = [one for one in backend.journal.all() if one.number > first]
        first_unknown = self.recording.first_unknown
        self.unknown = (
            []
            if first_unknown is None
            else [one for one in backend.unknown_requests.all() if one.number > first_unknown]
        )
        self.events = [
            one
            for one in self.view.outbox.events.all()
            if one.event_id not in counts or _attempt_count(one) > counts[one.event_id]
        ]
        steps = [one for one in self.recording.steps if isinstance(one, ControlStep)]
        bodies = [one.request.body for one in steps]
        self.masks = masks_of(backend, self.recording.state, bodies)

    @property
    def is_empty(self) -> bool:
        """True if nothing has happened."""
        recording = self.recording
        return not any(
            (self.entries, self.unknown, self.events, recording.steps, recording.exploration)
        )

    def as_json(self) -> Json:
        """Return it as JSON, with the state and the steps of a replay if there can be one."""
        state, problem = self._state()
        clock = self.view.workspace.clock
        first = None if self.recording.state is None else self.recording.state.world.clock
        return {
            "label": self.label,
            "contract": self.backend.contract.name,
            "randomSeed": self.view.workspace.random_seed,
            "clock": {
                "startsAt": None if first is None else moment(first.now),
                "wasFrozen": None if first is None else first.is_frozen,
                "endsAt": moment(clock.now()),
                "isFrozen": clock.is_frozen,
            },
            "problem": problem,
            "state": state,
            "steps": [] if problem else list(self._steps()),
            "events": [] if problem else [self._event(one) for one in self.events],
        }

    def _state(self) -> tuple[Any, str | None]:
        """Return the state at the beginning, and the reason why it cannot be replayed."""
        recording = self.recording
        if recording.problem or recording.state is None:
            return None, recording.problem or NOT_RECORDED
        cut = next((one.id for one in self.entries if one.is_body_truncated), None)
        if cut is not None:
            return None, f"the body of {cut} was too long to be kept"
        dropped = self.backend.journal.latest - recording.first_number - len(self.entries)
        if dropped > 0:
            return None, f"the journal has dropped {dropped} requests since the beginning"
        packed = packed_state(recording.state, self.masks)
        if len(packed) > MAX_STATE_BYTES:
            return None, (
                f"the state at the beginning is too large, {len(packed) // 1000} kB compressed: "
                "reset the sandbox first, or give each test its own"
            )
        return packed, None

    def _steps(self) -> Iterator[Json]:
        """Yield requests and calls in their order."""
        steps: list[Step] = list(self.recording.steps)
        turns = [(one.begin, one.after) for one in steps if not isinstance(one, ControlStep)]
        keyed: list[tuple[tuple[int, int], Json]] = [
            ((one.number, -1), self._request(one, is_reaction=_is_between(one.number, turns)))
            for one in self.entries
        ]
        keyed += [((one.after, index), self._call(one)) for index, one in enumerate(steps)]
        for _, step in sorted(keyed, key=lambda pair: pair[0]):
            yield step

    def _call(self, step: Step) -> Json:
        if isinstance(step, ControlStep):
            request = step.request
            return {
                "step": "control",
                "at": moment(step.at),
                "method": request.method,
                "path": self.masks.text(request.path),
                "body": self.masks.value(request.body),
            }
        return {"step": "clock", "at": moment(step.at), "to": moment(step.to)}

    def _request(self, entry: JournalEntry, *, is_reaction: bool) -> Json:
        masks = self.masks
        headers = masks.headers(entry.headers)
        return {
            "step": "request",
            "id": entry.id,
            "at": moment(entry.at),
            "isReaction": is_reaction,
            "apiKey": entry.api_key_name,
            "method": entry.method,
            "path": masks.text(entry.path),
            "query": masks.value(entry.query),
            "headers": {
                name: value
                for name, value in headers.items()
                if name.lower() not in _UNSENT_HEADERS and MASK not in value
            },
            "body": masks.text(text_of(entry.body)),
            "reply": reply_json(entry, masks),
        }

    def _event(self, event: SentWebhook) -> Json:
        return event_json(event, self.masks)


def _attempt_count(event: SentWebhook) -> int:
    return sum(len(delivery.attempts) for delivery in event.deliveries)


def _is_between(number: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(begin < number <= end for begin, end in spans)


# --- what is compared after a replay ------------------------------------------------------------


def reply_json(entry: JournalEntry, masks: Masks) -> Json:
    """Return the response of a request."""
    headers = {name.lower(): value for name, value in entry.response_headers.items()}
    return {
        "status": entry.status,
        "fault": entry.fault_effect,
        "retryAfter": headers.get("retry-after"),
        "contentType": headers.get("content-type"),
        "body": masks.text(text_of(entry.response_body)),
    }


def event_json(event: SentWebhook, masks: Masks) -> Json:
    """Return an event with its deliveries and their attempts."""
    return {
        "id": event.event_id,
        "messageId": event.message_id,
        "type": event.event_type,
        "at": moment(event.occurred_at),
        "body": masks.text(text_of(event.body)),
        "deliveries": [_delivery(one, masks) for one in event.deliveries],
    }


def _delivery(delivery: Delivery, masks: Masks) -> Json:
    return {
        "id": delivery.id,
        "endpointId": delivery.endpoint_id,
        "state": delivery.state,
        "attempts": [_attempt(one, masks) for one in delivery.attempts],
    }


def _attempt(attempt: Attempt, masks: Masks) -> Json:
    response = attempt.response
    return {
        "at": moment(attempt.started_at),
        "trigger": attempt.trigger,
        "disruption": attempt.disruption,
        "sentBody": None if attempt.sent_body is None else masks.text(text_of(attempt.sent_body)),
        "status": attempt.status_code,
        "headers": {} if response is None else masks.headers(response.headers),
        "body": "" if response is None else masks.text(text_of(response.body)),
        "error": attempt.error and masks.text(attempt.error),
    }


# --- the whole ----------------------------------------------------------------------------------


def document(workspaces: Sequence[Json], **facts: Any) -> Json:
    """Return the document of a file.

    Args:
        workspaces: the workspaces, as of `WorkspaceEvidence.as_json`.
        facts: more that is known, such as the id of the test.
    """
    return {
        "format": FORMAT,
        "kind": "sandbox",
        "version": __version__,
        "python": platform.python_version(),
        **{camel_case(name): value for name, value in facts.items()},
        "workspaces": list(workspaces),
    }


def packed_state(state: WorkspaceState, masks: Masks) -> str:
    """Return a state without secrets, compressed: of JSON that repeats itself little is left."""
    deliveries = tuple(map(_without_response_bodies, state.outbox.deliveries))
    state = replace(state, outbox=replace(state.outbox, deliveries=deliveries))
    content = orjson.loads(dump_states([state]))
    return base64.b64encode(zlib.compress(orjson.dumps(masks.value(content)), 9)).decode()


def _without_response_bodies(delivery: Delivery) -> Delivery:
    """Return a delivery without what receivers have said: it is not needed to go on."""
    attempts = (
        one if one.response is None else replace(one, response=replace(one.response, body=b""))
        for one in delivery.attempts
    )
    return replace(delivery, attempts=tuple(attempts))


def unpacked_state(packed: str) -> Any:
    """Return the JSON of a state.

    Raises:
        ValueError: it is damaged, or far larger than any state that was packed.
    """
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(base64.b64decode(packed, validate=True), _MAX_UNPACKED_BYTES)
        if not unpacking.eof:
            raise ValueError("its end is missing, or it is too large")
        return orjson.loads(content)
    except zlib.error as error:
        raise ValueError(str(error)) from None


def moment(at: datetime) -> str:
    """Return a time with microseconds, which `fromisoformat` of Python 3.10 reads."""
    return at.astimezone(timezone.utc).isoformat(timespec="microseconds")


def text_of(content: bytes) -> str:
    """Return the text of a body."""
    return content.decode("utf-8", "replace")
