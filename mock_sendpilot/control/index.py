"""`/`, `/_emulate`, `/openapi.json` and `/docs`: what is served, and its description."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app, redirect, request
from werkzeug.http import parse_date

from mock_sendpilot.api.access import current_contract
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.contracts.contract import CONTRACTS, named_contract
from mock_sendpilot.paths import DASHBOARD
from mock_sendpilot.version import __version__

index = Blueprint("index", __name__)
control_index = Blueprint("control_index", __name__)

DOCS = "/docs"
_SPECIFICATION = "/openapi.json"
_CACHE = "mock_sendpilot.specifications"


@index.get("/")
def list_urls() -> Response:
    """Return the URLs of what the emulator serves; send a browser to the dashboard."""
    origin = request.host_url.rstrip("/")
    has_dashboard = "dashboard" in current_app.blueprints
    # JSON comes first in the list: a client that accepts anything, such as curl, gets JSON.
    wanted = request.accept_mimetypes.best_match(("application/json", "text/html"))
    if has_dashboard and wanted == "text/html":
        response: Response = redirect(f"{DASHBOARD}/", HTTPStatus.SEE_OTHER)  # type: ignore[assignment]
        response.headers["Vary"] = "Accept"
        return response
    return json_response(
        {
            "name": "mock_sendpilot",
            "version": __version__,
            "about": "The SendPilot API on your own machine. Not the real service.",
            "baseUrl": f"{origin}/v1",
            **({"dashboard": f"{origin}{DASHBOARD}/"} if has_dashboard else {}),
            "docs": f"{origin}/docs/",
            "specification": f"{origin}/openapi.json",
            "control": f"{origin}/_emulate",
            "health": f"{origin}/health",
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
            "trace": f"{base_url}/trace/{{id}}",
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
            "apiKeys": f"{base_url}/api-keys",
            "workspaces": f"{base_url}/workspaces",
            "behavior": f"{base_url}/leads/{{id}}/behavior",
        }
    )


@index.get(_SPECIFICATION)
def openapi_json() -> Response:
    """Return OpenAPI 3.1 under `?contract=`, by default under the contract of the API key."""
    from mock_sendpilot.openapi import specification as make_specification  # slow to import

    name = request.args.get("contract")
    contract = current_contract() if name is None else named_contract(name)
    cache: dict[Any, Any] = current_app.extensions.setdefault(_CACHE, {})
    if contract not in cache:
        cache[contract] = make_specification(current_app, contract)
    # Relative to this document, so that it is right behind a proxy, whatever its name and scheme.
    return json_response({**cache[contract], "servers": [{"url": request.script_root or "/"}]})


def add_docs(app: Flask) -> None:
    """Serve Swagger UI with the specification at `/docs`."""
    from flask_swagger_ui import get_swaggerui_blueprint

    urls = [{"name": name, "url": f"{_SPECIFICATION}?contract={name}"} for name in CONTRACTS]
    config = {
        "app_name": "SendPilot, emulated",
        "urls": urls,
        "validatorUrl": None,  # by default a service on the internet
        "persistAuthorization": True,
    }
    pages = get_swaggerui_blueprint(DOCS, _SPECIFICATION, config=config)
    pages.before_request(_ignore_odd_dates)
    app.register_blueprint(pages)


def _ignore_odd_dates() -> None:
    """Remove conditions whose dates are in no calendar: Werkzeug fails on them."""
    for name in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE"):
        try:
            parse_date(request.environ.get(name))
        except (OverflowError, ValueError):
            del request.environ[name]
