"""Forwarding: takes an endpoint's requests from the server and makes them from here."""

# ruff: noqa: PLC0415 - only those who forward pay for what it takes
import base64
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from mock_sendpilot.cli.control import NoAnswer, Server, ask_for, segment

if TYPE_CHECKING:
    from mock_sendpilot.webhooks.dispatcher import Dispatcher

_WAIT_SECONDS = 5  # so long the server takes a listener for alive that is not


class Forwarding:
    """Forwards in a thread from now on.

    Attributes:
        end_reason: why it has ended, such as that the server is gone; then the process is told to
            end, too. None as long as it goes on.
    """

    def __init__(self, server: Server, endpoint_id: str) -> None:
        self.end_reason: str | None = None
        arguments = (server, endpoint_id)
        name = "mock-sendpilot-forward"
        threading.Thread(target=self._run, args=arguments, name=name, daemon=True).start()

    def _run(self, server: Server, endpoint_id: str) -> None:
        try:
            _forward(server, endpoint_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, listening is of no use any more
            words = error.message if isinstance(error, NoAnswer) else f"forwarding: {error!r}"
            self.end_reason = words
            os.kill(os.getpid(), signal.SIGTERM)


def _forward(server: Server, endpoint_id: str) -> None:
    from mock_sendpilot.webhooks.dispatcher import Dispatcher

    dispatcher = Dispatcher()
    path = f"/endpoints/{segment(endpoint_id)}/relay"
    while True:
        taken = ask_for(server, "GET", f"{path}?waitSeconds={_WAIT_SECONDS}")
        if taken is not None:
            answer = _made(dispatcher, taken)
            # Nobody may wait for the answer any more: then there is nothing to be done about it.
            ask_for(server, "POST", f"{path}/{segment(taken['id'])}", answer, accepted=(404,))


def _made(dispatcher: "Dispatcher", taken: dict[str, Any]) -> dict[str, Any]:
    """Make a request, and put its answer into words for the server."""
    from mock_sendpilot.webhooks.drafts import SignedRequest

    request = SignedRequest(
        url=taken["url"],
        headers=taken["headers"],
        content=base64.b64decode(taken["content"]),
        seconds_to_send=taken["secondsToSend"],
        breaks_off=taken["breaksOff"],
        loses_answer=taken["losesAnswer"],
    )
    posted = dispatcher.send(request, connection="forward", timeout_seconds=taken["timeoutSeconds"])
    if posted.response is None:
        return {"error": posted.error}
    return {
        "status": posted.response.status_code,
        "headers": dict(posted.response.headers),
        "body": posted.response.body.decode("utf-8", "replace"),
    }
