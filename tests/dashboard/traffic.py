"""A world with traffic: endpoints, deliveries of every outcome, and requests that were refused."""

from typing import Any

from tests.support import DEMO_KEY, SECRET, Api

LEAD = "/v1/leads/lead_abc123"


def add_endpoint(api: Api, url: str, **settings: Any) -> str:
    """An endpoint; its id."""
    body = {"url": url, "secret": SECRET, **settings}
    reply = api("POST", "/_emulate/endpoints", json=body)
    assert reply.status == 201, reply.body
    return str(reply.json["id"])


def set_status(api: Api, status: str = "DONE") -> str:
    """A change of the lead; the id of its request."""
    reply = api("PATCH", f"{LEAD}/status", json={"status": status})
    assert reply.status == 200, reply.body
    return str(reply.headers["x-request-id"])


def deliveries(api: Api, *, key: str = DEMO_KEY) -> list[dict[str, Any]]:
    """The deliveries, newest first."""
    found: list[dict[str, Any]] = api("GET", "/_emulate/deliveries", key=key).json["deliveries"]
    return found
