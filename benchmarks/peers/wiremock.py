"""The mappings of WireMock: one for each status, or one for each status of each lead."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.peers.installation import node_module, release
from benchmarks.world import KEY, STATUSES, lead_id

EVENT = {
    "eventId": "evt_benchmark",
    "eventType": "lead.status.changed",
    "timestamp": "2024-02-24T15:30:00.000Z",
    "workspaceId": "ws_benchmark",
    "data": {"leadId": "lead_benchmark00", "newStatus": "OPPORTUNITY", "padding": "x" * 160},
}


def jar() -> Path:
    """Return the program."""
    return node_module("wiremock", "build", f"wiremock-standalone-{release('wiremock')}.jar")


def command(port: int, directory: Path) -> list[str]:
    """Return how to start it; the last two options are for its own good in a benchmark."""
    options = ("--bind-address", "127.0.0.1", "--port", str(port), "--root-dir", str(directory))
    quick = ("--disable-request-logging", "--use-chunked-encoding", "never")
    return ["java", "-jar", str(jar()), *options, "--disable-banner", *quick]


def write_mappings(directory: Path, leads: Iterable[int] | None, webhook_url: str | None) -> None:
    """Write what it reads at its start; without leads, one mapping serves all of them."""
    mappings = list(_mappings(leads))
    if webhook_url:
        for mapping in mappings:
            mapping["serveEventListeners"] = [_webhook(webhook_url)]
    folder = directory / "mappings"
    folder.mkdir()
    (folder / "patch.json").write_text(json.dumps({"mappings": mappings}), encoding="utf-8")


def reply(lead: str, status: str, previous: str) -> dict[str, object]:
    """Return a reply of the vendor's, with a fixed time."""
    return {
        "id": lead,
        "linkedinUrl": "https://www.linkedin.com/in/benchmark-0",
        "previousStatus": previous,
        "status": status,
        "updatedAt": "2024-02-24T15:30:00.000Z",
        "success": True,
    }


def _mappings(leads: Iterable[int] | None) -> Iterator[dict[str, Any]]:
    if leads is None:
        for status, previous in (STATUSES, STATUSES[::-1]):
            where = {"urlPathPattern": "/v1/leads/[^/]+/status"}
            yield _mapping(where, status, reply(lead_id(0), status, previous))
        return
    for lead in map(lead_id, leads):
        for status, previous in (STATUSES, STATUSES[::-1]):
            mapping = _mapping(
                {"urlPath": f"/v1/leads/{lead}/status"}, status, reply(lead, status, previous)
            )
            yield mapping | {"scenarioName": lead, "newScenarioState": status}


def _mapping(where: dict[str, str], status: str, body: dict[str, object]) -> dict[str, Any]:
    has_status = {"matchesJsonPath": {"expression": "$.status", "equalTo": status}}
    return {
        "request": {
            "method": "PATCH",
            **where,
            "headers": {"X-API-Key": {"equalTo": KEY}},
            "bodyPatterns": [has_status],
        },
        "response": {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps(body),
        },
    }


def _webhook(url: str) -> dict[str, object]:
    parameters = {
        "method": "POST",
        "url": url,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(EVENT),
    }
    return {"name": "webhook", "parameters": parameters}
