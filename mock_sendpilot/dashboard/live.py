"""The stream of a tab: it says which topics have changed, and the page asks for them again.

The stream of our server occupies no thread. In another server, which knows no open responses, it
ends at once; the browser then asks again after a second.
"""

from collections.abc import Callable
from http import HTTPStatus

import orjson
from flask import Blueprint, Response, request

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.changes import ALL, Changes
from mock_sendpilot.dashboard.rendering import with_workspace
from mock_sendpilot.http_server.streams import OPEN_STREAM
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.world.workspace import Workspace

live = Blueprint("live", __name__)

MIN_INTERVAL_SECONDS = 0.1
MAX_INTERVAL_SECONDS = 1.0
SECONDS_PER_STREAM = 0.1
"""With many tabs each of them waits longer, for all of them ask for their fragments again."""
HEARTBEAT_SECONDS = 20.0
"""An intermediary may cut what is silent, and a client that is gone is noticed when we write."""
_RETRY_MILLISECONDS = 1000
_HEARTBEAT = b":\n\n"


class TopicStream:
    """The messages of a stream about the changes of a workspace.

    The first change is sent at once. While more follow, they are sent together, at longer and
    longer intervals: a page that is drawn again all the time helps nobody, and slows the API.

    Args:
        changes: the changes of the workspace.
        since: the number of the latest change that the page knows.
    """

    def __init__(self, changes: Changes, since: int) -> None:
        self._changes = changes
        self._sent = since
        self._sent_at = SystemClock.running_seconds()
        self._interval = MIN_INTERVAL_SECONDS
        self._may_send_at = 0.0
        self._wake: Callable[[], None] = _do_nothing
        self._is_woken = False

    def connect(self, wake: Callable[[], None]) -> None:
        """Call `wake` at the next change."""
        self._wake = wake
        self._changes.watch(self._note)

    def due_at(self) -> float:
        """Return when to send the next message."""
        if self._changes.latest > self._sent:
            return self._may_send_at
        return self._sent_at + HEARTBEAT_SECONDS

    def take(self, now: float) -> bytes:
        """Return the message about what has changed since the last one."""
        self._is_woken = False  # first: a change from here on wakes again
        topics, latest = self._changes.since(self._sent)
        is_busy = now - self._sent_at < 2 * self._interval
        share = self._changes.watcher_count * SECONDS_PER_STREAM
        interval = min(2 * self._interval, MAX_INTERVAL_SECONDS) if is_busy else 0.0
        self._interval = max(interval, share, MIN_INTERVAL_SECONDS)
        self._sent, self._sent_at = latest, now
        self._may_send_at = now + self._interval
        return message(topics, f"{self._changes.id}-{latest}") if topics else _HEARTBEAT

    def close(self) -> None:
        """Call `wake` no more."""
        self._changes.unwatch(self._note)

    def _note(self) -> None:
        if not self._is_woken:  # one call is enough until the message is taken
            self._is_woken = True
            self._wake()


def message(topics: list[str], version: str) -> bytes:
    """Return an event of the stream."""
    return b"id: %b\ndata: %b\n\n" % (version.encode(), orjson.dumps({"topics": topics}))


@live.get("/<opaque:workspace_id>/changes")
@with_workspace
def stream_changes(workspace: Workspace) -> Response:
    """Stream the topics that change from the version that the page knows."""
    changes = current_emulator().changes(workspace.id)
    known = request.headers.get("Last-Event-ID") or request.args.get("since", "")
    changes_id, _, number = known.rpartition("-")
    is_known = changes_id == changes.id and number.isdecimal()
    since = int(number[:18]) if is_known else changes.latest
    beginning = b"retry: %d\n\n" % _RETRY_MILLISECONDS
    if not is_known:  # a page of an earlier server
        beginning += message([ALL], f"{changes.id}-{since}")
    open_stream = request.environ.get(OPEN_STREAM)
    if open_stream is not None and request.method == "GET":
        open_stream(TopicStream(changes, since))
    else:
        topics, latest = changes.since(since)
        beginning += message(topics, f"{changes.id}-{latest}") if topics else b""
    # A generator has no length: the response ends with its connection.
    response = Response(iter((beginning,)), HTTPStatus.OK, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would keep it back
    return response


def _do_nothing() -> None:
    pass
