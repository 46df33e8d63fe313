"""Endpoints for people to read."""

from collections.abc import Iterator
from typing import Any

_OF_CONTRACT = "as the contract says"


def line(endpoint: dict[str, Any]) -> str:
    """An endpoint, and those of its settings that are not as usual."""
    notes = "; ".join(_unusual(endpoint))
    settings = f"  [{notes}]" if notes else ""
    state = "" if endpoint["enabled"] else f", {_state(endpoint)}"
    return f"{endpoint['id']}: {endpoint['url']}  {_events(endpoint)}{state}{settings}"


def sheet(endpoint: dict[str, Any]) -> str:
    """All that is known of an endpoint, a line each."""
    delays, schemes = endpoint["retryDelaysSeconds"], endpoint["signatures"]
    seconds = endpoint["timeoutSeconds"]
    rows = {
        "id": endpoint["id"],
        "url": endpoint["url"],
        "events": _events(endpoint),
        "state": _state(endpoint),
        "secret": endpoint["secret"],
        **_older(endpoint),
        "retries": _OF_CONTRACT if delays is None else _delays(delays),
        "timeout": "as the server says" if seconds is None else f"{seconds:g} s",
        "signatures": _OF_CONTRACT if schemes is None else ", ".join(schemes),
        "concurrency": endpoint["concurrency"],
        "signature clock": endpoint["signatureClock"],
        "headers": _headers(endpoint) or "none",
        "forwarded": "yes, by a listener" if endpoint["forwarded"] else "no",
        "created at": endpoint["createdAt"],
    }
    return "\n".join(f"{name}: {value}" for name, value in rows.items())


def _unusual(endpoint: dict[str, Any]) -> Iterator[str]:
    if endpoint["retryDelaysSeconds"] is not None:
        yield f"retries {_delays(endpoint['retryDelaysSeconds'])}"
    if endpoint["timeoutSeconds"] is not None:
        yield f"timeout {endpoint['timeoutSeconds']:g} s"
    if endpoint["signatures"] is not None:
        yield f"signatures {', '.join(endpoint['signatures'])}"
    if endpoint["concurrency"] != 1:
        yield f"concurrency {endpoint['concurrency']}"
    if endpoint["signatureClock"] != "wall":
        yield f"signature clock {endpoint['signatureClock']}"
    if endpoint["headers"]:
        yield f"headers {_headers(endpoint)}"
    if endpoint["forwarded"]:
        yield "forwarded"


def _delays(delays: list[float]) -> str:
    shown = ", ".join(f"{seconds:g}" for seconds in delays)
    return f"after {shown} s" if delays else "none"


def _headers(endpoint: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in endpoint["headers"].items())


def _events(endpoint: dict[str, Any]) -> str:
    return ", ".join(endpoint["events"] or ["all events"])


def _state(endpoint: dict[str, Any]) -> str:
    reason = f" ({endpoint['disabledReason']})" if endpoint["disabledReason"] else ""
    return "enabled" if endpoint["enabled"] else f"disabled{reason}"


def _older(endpoint: dict[str, Any]) -> dict[str, str]:
    older = [f"{one['secret']} until {one['validUntil']}" for one in endpoint["retiredSecrets"]]
    return {"older secrets": ", ".join(older)} if older else {}
