"""The complete Flask app: the vendor's API, the control API under `/_emulate`, the dashboard."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Flask

from mock_sendpilot.api.operation import operation_ids
from mock_sendpilot.control.api_keys import api_keys
from mock_sendpilot.control.clock import clock
from mock_sendpilot.control.contents import contents
from mock_sendpilot.control.deliveries import deliveries
from mock_sendpilot.control.disruptions import disruptions
from mock_sendpilot.control.endpoints import endpoints
from mock_sendpilot.control.events import events
from mock_sendpilot.control.faults import faults
from mock_sendpilot.control.forwarding import forwarding
from mock_sendpilot.control.guard import Guard, allow_waiting, keep_guard
from mock_sendpilot.control.index import add_docs, control_index, index
from mock_sendpilot.control.large_bodies import allow_large_bodies
from mock_sendpilot.control.query import refuse_unknown_query
from mock_sendpilot.control.requests import requests
from mock_sendpilot.control.simulate import simulate
from mock_sendpilot.control.trace import traces
from mock_sendpilot.control.wait import wait
from mock_sendpilot.control.workspaces import workspaces
from mock_sendpilot.dashboard.site import add_dashboard
from mock_sendpilot.paths import CONTROL_PREFIX
from mock_sendpilot.vendor_app import create_vendor_app

if TYPE_CHECKING:
    from mock_sendpilot.emulator import Emulator

CONTROL_RESOURCES = (
    control_index,
    endpoints,
    deliveries,
    events,
    disruptions,
    forwarding,
    requests,
    traces,
    faults,
    simulate,
    clock,
    wait,
    contents,
    api_keys,
    workspaces,
)


def create_app(
    emulator: "Emulator",
    *,
    guard: Guard | None = None,
    cors_origins: Sequence[str] = (),
    has_control: bool = True,
    has_dashboard: bool = True,
) -> Flask:
    """Create the app that serves an emulator.

    Args:
        emulator: the workspaces that the API keys open.
        guard: the hosts and origins that are let through; by default IP addresses and `localhost`.
        cors_origins: origins whose pages may call the vendor's API; none by default.
        has_control: whether to serve `/_emulate`.
        has_dashboard: whether to serve the dashboard; it needs the control API.
    """
    guard = guard or Guard()
    app = create_vendor_app(emulator, guard=guard, cors_origins=cors_origins)
    app.register_blueprint(index)
    add_docs(app)
    if has_control:
        allow_waiting(app)
        allow_large_bodies(app)
        keep_guard(app, guard)
        control = Blueprint("control", __name__, url_prefix=CONTROL_PREFIX)
        control.before_request(guard.check_control)
        control.before_request(refuse_unknown_query)
        for resource in CONTROL_RESOURCES:
            control.register_blueprint(resource)
        if has_dashboard:
            add_dashboard(app, control, guard, operations=partial(operation_ids, app))
        app.register_blueprint(control)
    return app
