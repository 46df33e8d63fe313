"""`/health`, `/livez`, `/readyz`, and `/`, which says what there is."""

from flask import Blueprint, Response, request

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.version import __version__

health = Blueprint("health", __name__)


@health.get("/health")
@health.get("/livez")
@health.get("/readyz")
def report() -> Response:
    """200 as soon as the port is open: by then the seed is loaded."""
    emulator = current_emulator()
    return json_response(
        {
            "status": "ok",
            "version": __version__,
            "workspaces": len(emulator.workspaces()),
            "pendingDeliveries": emulator.pending_count,
        }
    )


@health.get("/")
def index() -> Response:
    """Where to go from here."""
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
