"""The SendPilot API on your own machine.

Importing this package imports nothing else: each public name is loaded when it is first used,
so that the pytest plugin costs a test run nothing until a fixture is asked for.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mock_sendpilot.version import __version__

# For type checkers and editors, which do not know what `__getattr__` finds.
if TYPE_CHECKING:
    from mock_sendpilot.app import create_app
    from mock_sendpilot.contracts.contract import Contract, named_contract
    from mock_sendpilot.control.seed_loading import parse_seed
    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.errors import (
        AdvanceTimedOut,
        InvalidInput,
        NotAllowed,
        NotFound,
        SendPilotError,
    )
    from mock_sendpilot.explorer.exploring import Exploration
    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.states.snapshots import Snapshot
    from mock_sendpilot.testing.aio import EventLoopBlocked
    from mock_sendpilot.testing.asgi_bridge import AppNotStarted
    from mock_sendpilot.testing.backends.protocol import EmulatorUnavailable, NotInThisProcess
    from mock_sendpilot.testing.failures import (
        NotConverged,
        NotDelivered,
        NotIdle,
        RequestNotSeen,
        UnconsumedFault,
        WebhookNotSeen,
    )
    from mock_sendpilot.testing.interception import LeakedRequest, LeakGuard, intercept, no_leaks
    from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
    from mock_sendpilot.testing.receiver_process import ReceiverProcess
    from mock_sendpilot.testing.sandbox import Sandbox, SandboxFactory
    from mock_sendpilot.testing.standalone import explore, sandbox
    from mock_sendpilot.traffic.faults import Fault
    from mock_sendpilot.traffic.journal import JournalEntry
    from mock_sendpilot.traffic.trace_tree import Trace, TraceNode
    from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
    from mock_sendpilot.webhooks.endpoints import Endpoint
    from mock_sendpilot.webhooks.event_log import SentWebhook
    from mock_sendpilot.world.models import ApiKey, Campaign, Lead, Sender
    from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed

__all__ = [
    "AdvanceTimedOut",
    "ApiKey",
    "AppNotStarted",
    "Attempt",
    "Campaign",
    "Contract",
    "Delivery",
    "Emulator",
    "EmulatorServer",
    "EmulatorUnavailable",
    "Endpoint",
    "EndpointSeed",
    "EventLoopBlocked",
    "Exploration",
    "Fault",
    "InvalidInput",
    "JournalEntry",
    "Lead",
    "LeakGuard",
    "LeakedRequest",
    "NotAllowed",
    "NotConverged",
    "NotDelivered",
    "NotFound",
    "NotIdle",
    "NotInThisProcess",
    "ReceivedWebhook",
    "ReceiverProcess",
    "RequestNotSeen",
    "Sandbox",
    "SandboxFactory",
    "SendPilotError",
    "Sender",
    "SentWebhook",
    "Snapshot",
    "Trace",
    "TraceNode",
    "UnconsumedFault",
    "WebhookNotSeen",
    "WebhookReceiver",
    "WorkspaceSeed",
    "__version__",
    "create_app",
    "explore",
    "intercept",
    "named_contract",
    "no_leaks",
    "parse_seed",
    "sandbox",
]
_MODULES: Mapping[str, str] = {
    "AdvanceTimedOut": "errors",
    "ApiKey": "world.models",
    "AppNotStarted": "testing.asgi_bridge",
    "Attempt": "webhooks.deliveries",
    "Campaign": "world.models",
    "Contract": "contracts.contract",
    "Delivery": "webhooks.deliveries",
    "Emulator": "emulator",
    "EmulatorServer": "server",
    "EmulatorUnavailable": "testing.backends.protocol",
    "Endpoint": "webhooks.endpoints",
    "EndpointSeed": "world.seed",
    "EventLoopBlocked": "testing.aio",
    "Exploration": "explorer.exploring",
    "Fault": "traffic.faults",
    "InvalidInput": "errors",
    "JournalEntry": "traffic.journal",
    "Lead": "world.models",
    "LeakGuard": "testing.interception",
    "LeakedRequest": "testing.interception",
    "NotAllowed": "errors",
    "NotFound": "errors",
    "NotConverged": "testing.failures",
    "NotDelivered": "testing.failures",
    "NotIdle": "testing.failures",
    "NotInThisProcess": "testing.backends.protocol",
    "ReceivedWebhook": "testing.receiver",
    "ReceiverProcess": "testing.receiver_process",
    "RequestNotSeen": "testing.failures",
    "Sandbox": "testing.sandbox",
    "SandboxFactory": "testing.sandbox",
    "SendPilotError": "errors",
    "Sender": "world.models",
    "SentWebhook": "webhooks.event_log",
    "Trace": "traffic.trace_tree",
    "TraceNode": "traffic.trace_tree",
    "UnconsumedFault": "testing.failures",
    "Snapshot": "states.snapshots",
    "WebhookNotSeen": "testing.failures",
    "WebhookReceiver": "testing.receiver",
    "WorkspaceSeed": "world.seed",
    "create_app": "app",
    "explore": "testing.standalone",
    "intercept": "testing.interception",
    "named_contract": "contracts.contract",
    "no_leaks": "testing.interception",
    "parse_seed": "control.seed_loading",
    "sandbox": "testing.standalone",
}


def __getattr__(name: str) -> Any:
    """Load a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Name what can be imported, loaded or not, for shells that complete words."""
    return sorted({*globals(), *__all__})
