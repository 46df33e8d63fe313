"""A keep-alive connection to the server of a soak."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.soak.ledger import Ledger
from benchmarks.soak.world import KEY

_TIMEOUT_SECONDS = 90.0
_SERVER_ERROR = 500
_MAX_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, and when its request was sent and the whole of it had come.

    `status` is 0 where no reply came.
    """

    status: int
    json: Any
    began: float
    ended: float

    @property
    def is_success(self) -> bool:
        """Return whether it is a 2xx."""
        return 200 <= self.status < 300


class Connection:
    """Sends one request after the other; a 5xx, and what nobody expects, is a problem.

    Args:
        port: of the server on 127.0.0.1.
        ledger: where replies and problems are noted.
    """

    def __init__(self, port: int, ledger: Ledger) -> None:
        self._ledger = ledger
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)

    def call(
        self, method: str, path: str, body: object = None, *, allow: tuple[int, ...] = ()
    ) -> Reply:
        """Send a request and return the reply.

        Args:
            method: of HTTP.
            path: with its query.
            body: sent as JSON; None sends none.
            allow: statuses that are right as well as any 2xx.
        """
        headers = {"X-API-Key": KEY}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        began = time.monotonic()
        try:
            self._connection.request(method, path, content, headers)
            response = self._connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._ledger.complain(f"no reply to {method} {path}: {type(error).__name__}: {error}")
            return Reply(0, {}, began, time.monotonic())
        ended = time.monotonic()
        group = f"{method} {path.split('/')[1]}"
        self._ledger.note_reply(status, group, ended - began)
        reply = Reply(status, _parsed(text), began, ended)
        if status >= _SERVER_ERROR or not (reply.is_success or status in allow):
            self._ledger.complain(f"{method} {path} {body} returned {status}: {_shortened(text)}")
        return reply

    def close(self) -> None:
        """Close it."""
        self._connection.close()


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return {}


def _shortened(text: bytes) -> str:
    return text.decode("utf-8", "replace")[:_MAX_CHARACTERS]
