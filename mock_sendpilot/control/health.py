"""`/health`, `/livez` and `/readyz`: the server runs."""

from typing import TYPE_CHECKING

from mock_sendpilot.api.authorization import EXTENSION
from mock_sendpilot.api.exchange import Exchange, json_content
from mock_sendpilot.api.operation import Handler
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.paths import HEALTH_PATHS
from mock_sendpilot.version import __version__

if TYPE_CHECKING:
    from mock_sendpilot.emulator import Emulator

health = Resource("health")


def report_health(exchange: Exchange, _parameters: dict[str, str]) -> tuple[int, bytes]:
    """Return 200: the port opens only after the seed is loaded."""
    emulator: Emulator = exchange.extensions[EXTENSION]
    facts = {
        "status": "ok",
        "version": __version__,
        "workspaces": len(emulator.workspaces()),
        "pendingDeliveries": emulator.pending_count,
    }
    return 200, json_content(facts)


_HANDLER = Handler(report_health, report_health)
for _path in HEALTH_PATHS:
    health.get(_path)(_HANDLER)
