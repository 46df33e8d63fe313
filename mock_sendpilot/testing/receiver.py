"""A webhook receiver for tests: keeps what it gets, and answers as it is told."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.http_server import HttpServer
from mock_sendpilot.lifetime import Startable
from mock_sendpilot.observation.patterns import EventPattern
from mock_sendpilot.testing.failures import WebhookNotSeen
from mock_sendpilot.webhooks.signing import verify

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_MOST_HELD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """One request that came. `headers` have lower-case names."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, parsed."""
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed

    def is_signed_with(self, secret: str) -> bool:
        """Whether every signature in it is right for this secret; their age does not count."""
        return verify(self.headers, self.body, secret=secret)


class WebhookReceiver(Startable):
    """Listens on a port of 127.0.0.1; answers 200 unless it is told otherwise.

    Args:
        port: 0 takes a free one.

    Attributes:
        url: where to have webhooks sent.
        received: every request so far, oldest first.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._server = HttpServer(self._answer, port=port)
        self.url = f"{self._server.origin}/webhooks"
        self.received: list[ReceivedWebhook] = []
        self._changed = threading.Condition()
        self._answers: deque[tuple[int, Mapping[str, str], bytes]] = deque()
        self._may_answer = threading.Event()
        self._may_answer.set()

    def __repr__(self) -> str:
        return f"<WebhookReceiver {self.url}, {len(self.received)} received>"

    def respond(
        self,
        status: int,
        *,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Answer the next requests like this, after those that were told before."""
        self._answers.extend([(status, headers or {}, body)] * times)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Within this context requests are kept and counted, but not answered until it ends."""
        self._may_answer.clear()
        try:
            yield
        finally:
            self._may_answer.set()

    def wait_for(self, event_type: str, *, within: float = 2.0, **values: Any) -> ReceivedWebhook:  # noqa: ANN401
        """The first request with an event of this type whose data holds these values.

        Raises:
            WebhookNotSeen: none came in time; it shows what came, and the nearest miss.
        """
        __tracebackhide__ = True
        wanted = EventPattern(event_type, values)
        if self._wait(lambda: self._first(wanted) is not None, within):
            found = self._first(wanted)
            if found is not None:
                return found
        bodies = [webhook.body for webhook in self.received]
        raise WebhookNotSeen(wanted.failure(bodies, within=within))

    def wait_for_count(self, count: int, *, within: float = 2.0) -> list[ReceivedWebhook]:
        """All requests, once there are so many.

        Raises:
            AssertionError: there were fewer in time.
        """
        __tracebackhide__ = True
        if not self._wait(lambda: len(self.received) >= count, within):
            raise AssertionError(f"{len(self.received)} webhooks within {within:g} s, not {count}")
        return list(self.received)

    def start(self) -> None:
        """Begin to listen."""
        self._server.start()

    def stop(self) -> None:
        """Stop; requests that are held are answered."""
        self._may_answer.set()
        self._server.stop()

    def _wait(self, condition: Any, within: float) -> bool:  # noqa: ANN401
        deadline = SystemClock.running_seconds() + within
        with self._changed:
            while not condition():
                remaining = deadline - SystemClock.running_seconds()
                if remaining <= 0:
                    return False
                self._changed.wait(remaining)
        return True

    def _first(self, wanted: EventPattern) -> ReceivedWebhook | None:
        return next((one for one in self.received if wanted.matches(one.body)), None)

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        headers = {
            key.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for key, value in environ.items()
            if key.startswith("HTTP_") or key in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        }
        webhook = ReceivedWebhook(environ["PATH_INFO"], headers, environ["wsgi.input"].read())
        with self._changed:
            self.received.append(webhook)
            told = self._answers.popleft() if self._answers else (200, {}, b"")
            self._changed.notify_all()
        self._may_answer.wait(_MOST_HELD_SECONDS)
        status, answer_headers, body = told
        start_response(f"{status} {_phrase(status)}", list(answer_headers.items()))
        return [body]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
