"""The fixture `sendpilot_receiver`: a webhook receiver that keeps requests and responds as set."""

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import parse_qsl
from wsgiref.util import is_hop_by_hop

import orjson

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import ANY_EVENT, EventPattern, parse_event
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.testing.aio import AsyncReceiver, refuse_in_event_loop
from mock_sendpilot.testing.arguments import check_count, check_seconds, with_ids
from mock_sendpilot.testing.failures import WebhookNotSeen
from mock_sendpilot.webhooks.signing import verify

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from typing_extensions import Self

# A test that forgets to end the context must not keep the server from stopping.
_MAX_HELD_SECONDS = 60.0
_MAX_RESPONSES = 1_000_000
_MAX_EXCERPT_BYTES = 60
_MIN_STATUS, _MAX_STATUS = 100, 999
_HEADER = re.compile(r"[\w-]+: [^\x00-\x1f\x7f\u0100-\U0010ffff]*", re.ASCII)
_NOT_OPTIONS: Mapping[str, str] = {
    "after": "sendpilot.webhooks.wait_for does",
    "timeout_seconds": "did you mean 'timeout'?",
}
_NOTHING = "to see that nothing came, assert received == [] after sendpilot.wait_until_idle()"


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """A request that was received.

    `headers` have lower-case names. `query` has the parameters of the URL by name; of a name that
    occurs twice, the last value.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        event = parse_event(self.body)
        if event is None:
            return f"<ReceivedWebhook {self.path} {self.body[:_MAX_EXCERPT_BYTES]!r}>"
        data = event.get("data", {})
        words = (event.get("eventType"), event.get("eventId"), data.get("leadId"))
        return f"<ReceivedWebhook {' '.join(str(word) for word in words if word is not None)}>"

    @property
    def json(self) -> dict[str, Any]:
        """The whole body: `eventId, eventType, timestamp, workspaceId, data`."""
        event: dict[str, Any] = orjson.loads(self.body)
        return event

    @property
    def data(self) -> dict[str, Any]:
        """The `data` of the body."""
        data: dict[str, Any] = self.json["data"]
        return data

    @property
    def event_type(self) -> str:
        """The `eventType` of the body."""
        return str(self.json["eventType"])

    @property
    def event_id(self) -> str:
        """The `eventId` of the body, by which a duplicate is recognized."""
        return str(self.json["eventId"])

    def is_signed_with(self, secret: str) -> bool:
        """Return whether every signature in it is valid for this secret, whatever its age."""
        return verify(self.headers, self.body, secret=secret)


@dataclass(frozen=True, slots=True)
class _Response:
    """A response that was set."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def status_line(self) -> str:
        """The status and its phrase, such as `503 Service Unavailable`; or `Unknown`."""
        known = self.status in set(HTTPStatus)
        return f"{self.status} {HTTPStatus(self.status).phrase if known else 'Unknown'}"


class WebhookReceiver(AbstractContextManager["WebhookReceiver"]):
    """A server on a port of 127.0.0.1 that responds with 200 by default.

    Args:
        port: 0 takes a free one.
        explain: returns reasons, for a failed wait, why no webhook comes to this URL.

    Attributes:
        url: the URL for an endpoint.
        received: every request so far, oldest first.
        aio: the calls that wait, to be awaited in a test with an event loop.
    """

    def __init__(
        self, *, port: int = 0, explain: Callable[[str], Sequence[str]] = lambda _url: ()
    ) -> None:
        self._explain = explain
        self._server = HttpServer(self._serve, port=port)
        self.url = f"{self._server.origin}/webhooks"
        self.received: list[ReceivedWebhook] = []
        self.aio = AsyncReceiver(self)
        self._changed = threading.Condition()
        self._responses: deque[_Response] = deque()
        self._may_respond = threading.Event()
        self._may_respond.set()

    def __repr__(self) -> str:
        return f"<WebhookReceiver {self.url}, {len(self.received)} received>"

    def respond(
        self,
        status: int,
        *,
        times: int = 1,
        headers: Mapping[str, str | int] | None = None,
        body: bytes | str | dict[str, Any] | list[Any] = b"",
    ) -> None:
        """Respond to the next requests like this, after the responses that were set before.

        Args:
            status: 100 to 999.
            times: the number of requests.
            headers: the headers of the response.
            body: bytes, a text in UTF-8, or a dict or list, which becomes JSON.

        Raises:
            InvalidInput: another status or body, a header that cannot be sent, or no times at all.
        """
        check_count("times", times, maximum=_MAX_RESPONSES)
        self._responses.extend([_response(status, headers or {}, body)] * times)

    @contextmanager
    def hold_responses(self) -> Iterator[None]:
        """Keep and count requests, but respond to them only when this context ends."""
        self._may_respond.clear()
        try:
            yield
        finally:
            self._may_respond.set()

    @overload
    def wait_for(
        self,
        event_type: str | None = None,
        *,
        count: None = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> ReceivedWebhook: ...
    @overload
    def wait_for(
        self,
        event_type: str | None = None,
        *,
        count: int,
        timeout: float = 2.0,
        **values: Any,
    ) -> list[ReceivedWebhook]: ...
    def wait_for(
        self,
        event_type: str | None = None,
        *,
        count: int | None = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> ReceivedWebhook | list[ReceivedWebhook]:
        """Wait for a request with an event of this type whose data holds these values.

        Requests received before the call count, too.

        Args:
            event_type: such as `lead.status.changed`; None is any.
            count: return the first `count` requests that match, as a list.
            timeout: seconds of real time.
            values: keys of `data` in snake case; a lead, a campaign or the like stands for its id.

        Raises:
            InvalidInput: an option that only `sendpilot.webhooks.wait_for` takes, a count that is
                not 1 or more, or a `timeout` that is no number of seconds.
            WebhookNotSeen: too few came in time; it shows what came, and the nearest miss.
            EventLoopBlocked: called in a coroutine; await `aio.wait_for` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot_receiver.aio.wait_for")
        # They would pass for keys of `data` that no webhook has, and the wait for one be in vain.
        for name in values.keys() & _NOT_OPTIONS.keys():
            raise InvalidInput(f"wait_for takes no {name!r}; {_NOT_OPTIONS[name]}")
        # An empty list would be right at once and say nothing about what comes a moment later.
        if count == 0:
            raise InvalidInput(f"count: expected 1 or more, got 0; {_NOTHING}")
        if count is not None:
            check_count("count", count, maximum=_MAX_RESPONSES)
        check_seconds("timeout", timeout)
        needed = 1 if count is None else count
        wanted = EventPattern(event_type, with_ids(values))
        self._wait(lambda: len(self._matching(wanted)) >= needed, timeout)
        found = self._matching(wanted)
        if len(found) < needed:
            raise WebhookNotSeen(self._failure(wanted, timeout, needed, len(found)))
        return found[0] if count is None else found[:count]

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start to listen."""
        self._server.start()

    def stop(self) -> None:
        """Stop; requests that are held get their responses."""
        self._may_respond.set()
        self._server.stop()

    def _wait(self, condition: Callable[[], bool], timeout: float) -> None:
        deadline = SystemClock.running_seconds() + timeout
        with self._changed:
            # The deadline is in real time, also in a test that freezes the time of the process.
            while not condition():
                remaining = deadline - SystemClock.running_seconds()
                if remaining <= 0:
                    return
                self._changed.wait(remaining)

    def _failure(self, wanted: EventPattern, timeout: float, needed: int, found: int) -> str:
        bodies = [webhook.body for webhook in self.received]
        # The reasons come from the emulator, which knows the endpoints; this server does not.
        silence = [] if bodies else [f"nothing has reached {self.url}"]
        notes = [*silence, *self._explain(self.url)]
        text = wanted.failure(bodies, timeout_seconds=timeout, notes=notes)
        return text if needed == 1 else f"{found} of {needed} webhooks{text[len('no webhook') :]}"

    def _matching(self, wanted: EventPattern) -> list[ReceivedWebhook]:
        # Requests without an event, such as those of a health check, count as well then.
        if wanted == ANY_EVENT:
            return list(self.received)
        return [one for one in self.received if wanted.matches(one.body)]

    def _serve(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        headers = {
            key.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for key, value in environ.items()
            if key.startswith("HTTP_") or key in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        }
        webhook = ReceivedWebhook(
            path=environ["PATH_INFO"],
            headers=headers,
            body=environ["wsgi.input"].read(),
            method=environ["REQUEST_METHOD"],
            query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        )
        # In one step, so that responses go to requests in the order in which these are listed.
        with self._changed:
            self.received.append(webhook)
            response = self._responses.popleft() if self._responses else _Response()
            self._changed.notify_all()
        # Outside the lock: other requests are received and counted meanwhile.
        self._may_respond.wait(_MAX_HELD_SECONDS)
        start_response(response.status_line, list(response.headers.items()))
        return [response.body]


def _response(status: Any, headers: Mapping[str, object], body: object) -> _Response:
    """Make a response, and refuse one that cannot be sent."""
    is_number = isinstance(status, int) and not isinstance(status, bool)
    if not (is_number and _MIN_STATUS <= status <= _MAX_STATUS):
        expected = f"a whole number from {_MIN_STATUS} to {_MAX_STATUS}"
        raise InvalidInput(f"status: expected {expected}, got {status!r}")
    # `Retry-After` is often written as a number.
    texts = {name: str(value) for name, value in headers.items()}
    for name, text in texts.items():
        # The server sets those of the connection itself, and WSGI forbids them to an app.
        if not isinstance(name, str) or is_hop_by_hop(name):
            raise InvalidInput(f"headers: expected names that a response may set, got {name!r}")
        if not _HEADER.fullmatch(f"{name}: {text}"):
            raise InvalidInput(f"headers: expected Latin-1 on one line, got {name!r}: {text!r}")
    if isinstance(body, dict | list) and "content-type" not in {name.lower() for name in texts}:
        texts["Content-Type"] = "application/json"
    return _Response(int(status), texts, _content(body))


def _content(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    try:
        if isinstance(body, str):
            return body.encode()
        if isinstance(body, dict | list):
            return orjson.dumps(body)
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidInput(f"body: expected UTF-8 text or JSON: {error}") from error
    raise InvalidInput(f"body: expected bytes, a text, or a dict or list for JSON, got {body!r}")
