"""The emulator as it is measured: its seed, how it is started, and the requests it gets.

Each connection has a lead of its own and sends two statuses in turn. So every PATCH changes its
lead and makes an event, however many connections there are.
"""

import json
from contextlib import AbstractContextManager

from benchmarks.processes import Started, started

KEY = "sp_benchmark"
STATUSES = ("OPPORTUNITY", "NOT_INTERESTED")
HELLO = ("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",)
MAX_CONNECTIONS = 32
START = ("start", "--port", "0", "--json", "--log-level", "warning", "--fixtures", "-")
"""The command; it reads its seed from standard input."""


def emulator(*options: str, lead_count: int = MAX_CONNECTIONS) -> AbstractContextManager[Started]:
    """The emulator in a process of its own, with a lead for each connection."""
    return started("-m", "mock_sendpilot", *START, *options, text=seed_text(lead_count))


def bare_flask() -> AbstractContextManager[Started]:
    """A Flask app that says hello, in a process of its own."""
    return started("-m", "benchmarks.bare_flask")


def patches(number: int) -> list[str]:
    """The two PATCH requests that a connection sends in turn."""
    return [patch(number, status) for status in STATUSES]


def patch(number: int, status: str) -> str:
    """A PATCH of one lead's status."""
    return message(
        "PATCH",
        f"/v1/leads/{lead_id(number)}/status",
        json.dumps({"status": status}),
        f"Content-Type: application/json\r\nX-API-Key: {KEY}",
    )


def message(method: str, path: str, body: str, headers: str) -> str:
    """A request with a body as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def path_of_lead() -> str:
    """The path of a PATCH, for servers that are compared with ours."""
    return f"/v1/leads/{lead_id(0)}/status"


def lead_id(number: int) -> str:
    return f"lead_benchmark{number:02}"


def seed_text(lead_count: int = MAX_CONNECTIONS) -> str:
    """The seed as JSON."""
    leads = [
        {
            "id": lead_id(number),
            "campaignId": "camp_benchmark",
            "linkedinUrl": f"https://www.linkedin.com/in/benchmark-{number}",
            "status": "PENDING",
        }
        for number in range(lead_count)
    ]
    workspace = {
        "id": "ws_benchmark",
        "name": "Benchmark",
        "apiKeys": [{"key": KEY}],
        "campaigns": [{"id": "camp_benchmark", "name": "Benchmark", "status": "started"}],
        "leads": leads,
    }
    return json.dumps({"workspaces": [workspace]})
