"""Other packages' servers, run as a process each: `httpserver` or `localstripe`.

Both are set up in their own favour: no log of requests, and localstripe does not write its state
to disk after each change (nor over the state of somebody who uses it).
"""

import importlib
import json
import logging
import socket
import sys
import threading

from benchmarks.world import path_of_lead


def httpserver() -> None:
    """pytest-httpserver with one handler for the PATCH, whose reply is fixed."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    module = importlib.import_module("pytest_httpserver")
    reply = {
        "id": "lead_benchmark00",
        "linkedinUrl": "https://www.linkedin.com/in/benchmark-0",
        "previousStatus": "OPPORTUNITY",
        "status": "NOT_INTERESTED",
        "updatedAt": "2024-02-24T15:30:00.000Z",
        "success": True,
    }
    with module.HTTPServer(host="127.0.0.1", port=0) as server:
        server.expect_request(path_of_lead(), method="PATCH").respond_with_json(reply)
        print(json.dumps({"origin": f"http://127.0.0.1:{server.port}"}), flush=True)
        threading.Event().wait()


def localstripe() -> None:
    """The app of localstripe on a free port of 127.0.0.1."""
    web = importlib.import_module("aiohttp.web")
    store = importlib.import_module("localstripe.resources").store
    type(store).dump_to_disk = lambda _self: None
    app = importlib.import_module("localstripe.server").app
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print(json.dumps({"origin": origin}), flush=True)
    web.run_app(app, sock=listener, access_log=None, print=None)


if __name__ == "__main__":
    {"httpserver": httpserver, "localstripe": localstripe}[sys.argv[1]]()
