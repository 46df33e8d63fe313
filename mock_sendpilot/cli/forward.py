"""Forwarding: takes an endpoint's requests from the server and makes them from here."""

# ruff: noqa: PLC0415 - only those who forward pay for what it takes
import base64
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from mock_sendpilot.cli.control import Server, ask, segment

if TYPE_CHECKING:
    from mock_sendpilot.webhooks.dispatcher import Dispatcher

_WAIT_SECONDS = 5  # so long the server takes a listener for alive that is not


def begin_to_forward(server: Server, endpoint_id: str) -> None:
    """Forward in a thread; when the server is gone, or the endpoint, the process is told to end."""

    def forward() -> None:
        try:
            _forward(server, endpoint_id)
        except SystemExit:  # the reason has been printed
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=forward, name="mock-sendpilot-forward", daemon=True).start()


def _forward(server: Server, endpoint_id: str) -> None:
    from mock_sendpilot.webhooks.dispatcher import Dispatcher

    dispatcher = Dispatcher()
    path = f"/endpoints/{segment(endpoint_id)}/relay"
    while True:
        taken = ask(server, "GET", f"{path}?waitSeconds={_WAIT_SECONDS}")
        if taken is not None:
            answer = _made(dispatcher, taken)
            # Nobody may wait for the answer any more: then there is nothing to be done about it.
            ask(server, "POST", f"{path}/{segment(taken['id'])}", answer, accepted=(404,))


def _made(dispatcher: "Dispatcher", taken: dict[str, Any]) -> dict[str, Any]:
    """Make a request, and put its answer into words for the server."""
    from mock_sendpilot.webhooks.drafts import SignedRequest

    request = SignedRequest(
        url=taken["url"],
        headers=taken["headers"],
        content=base64.b64decode(taken["content"]),
        seconds_to_send=taken["secondsToSend"],
        breaks_off=taken["breaksOff"],
    )
    posted = dispatcher.send(request, connection="forward", timeout_seconds=taken["timeoutSeconds"])
    if posted.response is None:
        return {"error": posted.error}
    return {
        "status": posted.response.status_code,
        "headers": dict(posted.response.headers),
        "body": posted.response.body.decode("utf-8", "replace"),
    }
