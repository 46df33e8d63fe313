"""The floor, run as a process: a Flask app that says hello, on the emulator's own HTTP server.

What it costs is the price of Flask and of the HTTP server; nothing that we write can be cheaper.
"""

import json
import threading

from flask import Flask

from mock_sendpilot.http_server.server import HttpServer


def hello_app() -> Flask:
    """Return the app."""
    app = Flask(__name__, static_folder=None)

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app


def main() -> None:
    """Serve until the process is ended."""
    with HttpServer(hello_app(), never_waits=lambda _: True) as server:
        print(json.dumps({"origin": server.origin}), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
