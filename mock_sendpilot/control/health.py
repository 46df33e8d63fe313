"""`/health`, `/livez` and `/readyz`: the server runs."""

from flask import Blueprint, Response

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.paths import HEALTH_PATHS
from mock_sendpilot.version import __version__

health = Blueprint("health", __name__)


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


for _path in HEALTH_PATHS:
    health.add_url_rule(_path, view_func=report_health)
