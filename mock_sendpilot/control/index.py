"""`/_emulate`: what the control API offers."""

from flask import Blueprint, Response, request

from mock_sendpilot.api.envelope import json_response

index = Blueprint("index", __name__)


@index.get("")
def list_resources() -> Response:
    """Where each resource is; all of them take the API key of a workspace."""
    here = request.base_url.rstrip("/")
    return json_response(
        {
            "endpoints": f"{here}/endpoints",
            "deliveries": f"{here}/deliveries",
            "events": f"{here}/events",
            "disruptions": f"{here}/disruptions",
            "clock": f"{here}/clock",
            "wait": f"{here}/wait",
            "simulate": [
                f"{here}/{kind}/{{id}}/simulate" for kind in ("leads", "campaigns", "jobs")
            ],
            "behavior": f"{here}/leads/{{id}}/behavior",
        }
    )
