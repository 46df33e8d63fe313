"""`/_emulate/disruptions`: deliveries that are made hostile on purpose."""

from http import HTTPStatus

from flask import Blueprint, Response

from mock_sendpilot.api.access import with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.current import outbox_of
from mock_sendpilot.control.disruption_schemas import DisruptionReply, NewDisruption, arm
from mock_sendpilot.webhooks.disruptions import Disruptions
from mock_sendpilot.world.workspace import Workspace

disruptions = Blueprint("disruptions", __name__)


@disruptions.get("/disruptions")
@with_workspace
def list_disruptions(workspace: Workspace) -> Response:
    """All of them, oldest first, with what they have done."""
    found = _disruptions(workspace).all()
    return json_response({"disruptions": DisruptionReply(many=True).dump(found)})


@disruptions.post("/disruptions")
@with_workspace
def arm_disruption(workspace: Workspace) -> Response:
    """Arm one for the deliveries that are queued from now on."""
    outbox = outbox_of(workspace)
    wanted = NewDisruption().load(json_object())
    outbox.check_target(wanted.get("endpoint_id"), wanted["pattern"])
    armed = arm(outbox.disruptions, wanted)
    return json_response(DisruptionReply().dump(armed), HTTPStatus.CREATED)


@disruptions.delete("/disruptions", strict_slashes=True)  # an id that is empty is not all of them
@with_workspace
def remove_disruptions(workspace: Workspace) -> Response:
    """Disarm and forget all of them."""
    _disruptions(workspace).remove_all()
    return Response(status=HTTPStatus.NO_CONTENT)


@disruptions.get("/disruptions/<opaque:disruption_id>")
@with_workspace
def get_disruption(workspace: Workspace, disruption_id: str) -> Response:
    """One, with what it has done."""
    return json_response(DisruptionReply().dump(_disruptions(workspace).get(disruption_id)))


@disruptions.delete("/disruptions/<opaque:disruption_id>")
@with_workspace
def remove_disruption(workspace: Workspace, disruption_id: str) -> Response:
    """Disarm and forget one."""
    _disruptions(workspace).remove(disruption_id)
    return Response(status=HTTPStatus.NO_CONTENT)


def _disruptions(workspace: Workspace) -> Disruptions:
    return outbox_of(workspace).disruptions
