"""`/openapi.json` and `/docs`: the vendor's API as it is emulated here, under each contract."""

from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.http import parse_date

from mock_sendpilot.api.access import current_contract
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.contracts.contract import CONTRACTS, named_contract

specification = Blueprint("specification", __name__)

DOCS = "/docs"
_PATH = "/openapi.json"
_CACHE = "mock_sendpilot.specifications"


@specification.get(_PATH)
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

    urls = [{"name": name, "url": f"{_PATH}?contract={name}"} for name in CONTRACTS]
    config = {
        "app_name": "SendPilot, emulated",
        "urls": urls,
        "validatorUrl": None,  # by default a service on the internet
        "persistAuthorization": True,
    }
    pages = get_swaggerui_blueprint(DOCS, _PATH, config=config)
    pages.before_request(_ignore_odd_dates)
    app.register_blueprint(pages)


def _ignore_odd_dates() -> None:
    """Remove conditions whose dates are in no calendar: Werkzeug fails on them."""
    for name in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE"):
        try:
            parse_date(request.environ.get(name))
        except (OverflowError, ValueError):
            del request.environ[name]
