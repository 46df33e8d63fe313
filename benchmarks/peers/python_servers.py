"""The compared Python servers, run as a process each: `python_servers NAME PORT`.

Each is set up in its own favor: none writes a line for each request, and localstripe does not write
its state to disk after each change (nor over the state of somebody who uses it).
"""

import importlib
import json
import logging
import re
import socket
import sys
import threading
from typing import Any

from benchmarks.peers.wiremock import reply
from benchmarks.world import KEY, MAX_CONNECTIONS, STATUSES, lead_id, path_of_lead

_HOST = "127.0.0.1"


def httpserver(port: int) -> None:
    """pytest-httpserver with one handler for the PATCH, whose reply is fixed."""
    with _http_server(port) as server:
        handler = server.expect_request(path_of_lead(), method="PATCH")
        handler.respond_with_json(reply(lead_id(0), *STATUSES))
        threading.Event().wait()


def httpserver_with_state(port: int) -> None:
    """pytest-httpserver with a function, as a test may write it: key, status, leads in a dict."""
    wrappers = importlib.import_module("werkzeug")
    leads = {lead_id(number): STATUSES[0] for number in range(MAX_CONNECTIONS)}

    def change(request: Any) -> Any:
        lead, status = request.path.split("/")[3], request.get_json().get("status")
        if lead not in leads or status not in STATUSES:
            return wrappers.Response(status=404 if lead not in leads else 400)
        previous, leads[lead] = leads[lead], status
        return wrappers.Response(
            json.dumps(reply(lead, status, previous)), content_type="application/json"
        )

    with _http_server(port) as server:
        paths = re.compile("/v1/leads/[^/]+/status")
        handler = server.expect_request(paths, method="PATCH", headers={"X-API-Key": KEY})
        handler.respond_with_handler(change)
        threading.Event().wait()


def _http_server(port: int) -> Any:
    return importlib.import_module("pytest_httpserver").HTTPServer(host=_HOST, port=port)


def localstripe(port: int) -> None:
    """The app of localstripe."""
    web = importlib.import_module("aiohttp.web")
    store = importlib.import_module("localstripe.resources").store
    type(store).dump_to_disk = lambda _self: None
    app = importlib.import_module("localstripe.server").app
    web.run_app(app, sock=socket.create_server((_HOST, port)), access_log=None, print=None)


def moto(port: int) -> None:
    """The server of moto, as its command starts it."""
    importlib.import_module("moto.server").main(["--host", _HOST, "--port", str(port)])


_SERVERS = {
    "pytest-httpserver": httpserver_with_state,
    "pytest-httpserver, fixed reply": httpserver,
    "localstripe": localstripe,
    "moto": moto,
}


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    _SERVERS[sys.argv[1]](int(sys.argv[2]))
