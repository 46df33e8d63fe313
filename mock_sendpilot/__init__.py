"""The SendPilot API on your own machine.

Importing this package imports nothing else: each public name is loaded when it is first used,
so that the pytest plugin costs a test run nothing until a fixture is asked for.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mock_sendpilot.version import __version__

if TYPE_CHECKING:
    from mock_sendpilot.app import create_app
    from mock_sendpilot.contracts.contract import Contract, named_contract
    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.scheduling.clock import ManualClock, SystemClock
    from mock_sendpilot.server import EmulatorServer

_HOMES: Mapping[str, str] = {
    "Contract": "mock_sendpilot.contracts.contract",
    "Emulator": "mock_sendpilot.emulator",
    "EmulatorServer": "mock_sendpilot.server",
    "ManualClock": "mock_sendpilot.scheduling.clock",
    "SystemClock": "mock_sendpilot.scheduling.clock",
    "create_app": "mock_sendpilot.app",
    "named_contract": "mock_sendpilot.contracts.contract",
}

__all__ = [
    "Contract",
    "Emulator",
    "EmulatorServer",
    "ManualClock",
    "SystemClock",
    "__version__",
    "create_app",
    "named_contract",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
