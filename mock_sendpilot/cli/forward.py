"""Forwarding: takes an endpoint's requests from the server and makes them from here."""

# Imports are deferred: only commands that forward webhooks pay for them.
import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_sendpilot.cli.control import NoAnswer, Refused, Server, ask, ask_for, segment

if TYPE_CHECKING:
    from mock_sendpilot.webhooks.http_sender import HttpSender

_WAIT_SECONDS = 5  # so long the server takes a listener for alive that is not
_EXTRA_SECONDS = 10.0
_MIN_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.25, 10.0


@dataclass(frozen=True, slots=True)
class Registration:
    """The endpoint of a listener, and the event log of the server that has it."""

    log: str
    endpoint_id: str


def growing_pauses() -> Iterator[float]:
    """Yield how long to wait before each further try."""
    pause = _MIN_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)


class Forwarding:
    """Forwards in a thread from now on, and tries again whenever the server is not there.

    Args:
        server: whose requests.
        registration: of which endpoint.
        end: called with the reason when there is nothing to forward any more.
    """

    def __init__(
        self, server: Server, registration: Registration, end: Callable[[str], None]
    ) -> None:
        self._server = server
        self._registration = registration
        self._end = end
        self._is_back = threading.Event()
        self._pauses = growing_pauses()
        self._is_over = False
        threading.Thread(target=self._run, name="mock-sendpilot-forward", daemon=True).start()

    def resume(self, registration: Registration) -> None:
        """Go on at once: the server is there again, perhaps with another endpoint."""
        self._registration = registration
        self._is_back.set()

    def stop(self) -> None:
        """Take no more requests."""
        self._is_over = True
        self._is_back.set()

    def _run(self) -> None:
        try:
            self._forward()
        except Refused as error:
            self._end(error.message)
        except Exception as error:  # any failure ends the listening
            self._end(f"forwarding: {error!r}")

    def _forward(self) -> None:
        from mock_sendpilot.webhooks.http_sender import HttpSender

        with closing(HttpSender()) as http_sender:
            self._forward_with(http_sender)

    def _forward_with(self, http_sender: "HttpSender") -> None:
        while not self._is_over:
            registration = self._registration
            path = f"/endpoints/{segment(registration.endpoint_id)}/forwarding"
            try:
                taken = self._ask_for("GET", f"{path}?waitSeconds={_WAIT_SECONDS}")
            except Refused:
                if self._is_final(registration):
                    raise
                self._pause()
            except NoAnswer:
                self._pause()
            else:
                self._pauses = growing_pauses()
                if taken is not None:
                    self._bring(f"{path}/{segment(taken['id'])}", _made(http_sender, taken))

    def _bring(self, path: str, answer: dict[str, Any]) -> None:
        """Bring an answer to the server, as long as somebody may wait for it."""
        registration = self._registration
        while registration is self._registration and not self._is_over:
            try:
                self._ask_for("POST", path, answer)
            except Refused:  # nobody waits any more: then there is nothing to be done about it
                return
            except NoAnswer:
                self._pause()
            else:
                return

    def _ask_for(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        return ask_for(self._server, method, path, body, seconds=_WAIT_SECONDS + _EXTRA_SECONDS)

    def _is_final(self, registration: Registration) -> bool:
        """Tell whether a server that was not restarted has the endpoint no more."""
        try:
            changes = ask(self._server, "GET", "/events/changes", seconds=_EXTRA_SECONDS)
        except NoAnswer:
            return False  # the listener hears of that, too
        return registration == self._registration and bool(changes["log"] == registration.log)

    def _pause(self) -> None:
        self._is_back.wait(next(self._pauses))
        self._is_back.clear()


def _made(http_sender: "HttpSender", taken: dict[str, Any]) -> dict[str, Any]:
    """Make a request, and put its answer into words for the server."""
    from mock_sendpilot.webhooks.signing import SignedRequest

    request = SignedRequest(
        url=taken["url"],
        headers=taken["headers"],
        content=base64.b64decode(taken["content"]),
        seconds_to_send=taken["secondsToSend"],
        breaks_off=taken["breaksOff"],
        loses_answer=taken["losesAnswer"],
    )
    result = http_sender.send(
        request, connection="forward", timeout_seconds=taken["timeoutSeconds"]
    )
    if result.response is None:
        return {"error": result.error}
    return {
        "status": result.response.status_code,
        "headers": dict(result.response.headers),
        "body": result.response.body.decode("utf-8", "replace"),
    }
