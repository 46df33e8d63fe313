"""`/`, `/_emulate` and `/health`: what the emulator serves, and that it is ready."""

from flask import Blueprint, Response, request

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.version import __version__

index = Blueprint("index", __name__)
control_index = Blueprint("control_index", __name__)


@index.get("/")
def list_urls() -> Response:
    """Return the URLs of what the emulator serves."""
    origin = request.host_url.rstrip("/")
    return json_response(
        {
            "name": "mock_sendpilot",
            "version": __version__,
            "about": "The SendPilot API on your own machine. Not the real service.",
            "baseUrl": f"{origin}/v1",
            "docs": f"{origin}/docs/",
            "specification": f"{origin}/openapi.json",
            "control": f"{origin}/_emulate",
            "health": f"{origin}/health",
        }
    )


@index.get("/health")
@index.get("/livez")
@index.get("/readyz")
def report_health() -> Response:
    """Return 200: the port opens only after the seed is loaded."""
    emulator = current_emulator()
    return json_response(
        {
            "status": "ok",
            "version": __version__,
            "workspaces": len(emulator.workspaces()),
            "pendingDeliveries": emulator.pending_count,
        }
    )


@control_index.get("")
def list_resources() -> Response:
    """Return the URL of each resource of the control API."""
    base_url = request.base_url.rstrip("/")
    return json_response(
        {
            "endpoints": f"{base_url}/endpoints",
            "deliveries": f"{base_url}/deliveries",
            "events": f"{base_url}/events",
            "disruptions": f"{base_url}/disruptions",
            "requests": f"{base_url}/requests",
            "faults": f"{base_url}/faults",
            "clock": f"{base_url}/clock",
            "wait": f"{base_url}/wait",
            "simulate": [
                f"{base_url}/{kind}/{{id}}/simulate" for kind in ("leads", "campaigns", "jobs")
            ],
            "actions": [
                f"{base_url}/{kind}/{{id}}/actions" for kind in ("leads", "campaigns", "jobs")
            ],
            "leads": f"{base_url}/leads",
            "senders": f"{base_url}/senders",
            "campaigns": f"{base_url}/campaigns",
            "credits": f"{base_url}/credits",
            "seed": f"{base_url}/seed",
            "snapshots": f"{base_url}/snapshots",
            "reset": f"{base_url}/reset",
            "workspaces": f"{base_url}/workspaces",
            "behavior": f"{base_url}/leads/{{id}}/behavior",
        }
    )
