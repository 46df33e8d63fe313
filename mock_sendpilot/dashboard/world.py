"""The world as a whole: reset it, load and download its contents, save and restore snapshots."""

from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, request
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.dashboard.calls import is_unconfirmed, perform, send
from mock_sendpilot.dashboard.rendering import Page, error_page, html, render, with_workspace
from mock_sendpilot.dashboard.session import local_path
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.json_text import as_utf8, parse_json
from mock_sendpilot.states.snapshots import MAX_SNAPSHOTS, Snapshot
from mock_sendpilot.world.workspace import Workspace

world = Blueprint("world", __name__)

DOWNLOADS = ("seed", "state")
"""The files to download; the control API has a route of that name for each."""
REPLACE, MERGE, STATE = "replace", "merge", "state"
_OF_WORKSPACE = ("id", "name", "apiKeys", "plan", "clock", "contract", "jobs")
"""The fields of a workspace that a merge leaves as they are."""


class WorldPage(Page):
    """The workspace as a whole."""

    template = "world.html"
    section = "world"
    title = "World"
    max_snapshots = MAX_SNAPSHOTS

    @property
    def snapshots(self) -> list[Snapshot]:
        """All snapshots, newest first."""
        return current_emulator().snapshots(self.workspace).all()[::-1]

    @property
    def contents(self) -> list[tuple[str, int]]:
        """The parts of the workspace, and how many there are of each."""
        return [
            ("campaign", len(self.store.campaigns())),
            ("lead", self.store.lead_count()),
            ("sender", len(self.store.senders())),
            ("conversation", len(self.workspace.inbox.conversations())),
            ("endpoint", len(self.outbox.endpoints.all())),
            ("event", len(self.outbox.events.times())),
        ]


@world.get("/<opaque:workspace_id>/world")
@with_workspace
def show_world(workspace: Workspace) -> Response:
    """Show the workspace as a whole."""
    return render(WorldPage(workspace))


@world.get("/<opaque:workspace_id>/world/<name>.json")
@with_workspace
def download(workspace: Workspace, name: str) -> Response:
    """Send the seed or the state as a file, with its secrets.

    Raises:
        NotFound: there is no file of that name.
    """
    if name not in DOWNLOADS:
        raise NotFound("File not found", hint=f"expected one of {', '.join(DOWNLOADS)}")
    reply = send(workspace, "GET", Page.control(name))
    if not reply.is_ok:
        return error_page(reply.status, reply.message, reply.hint)
    content = orjson.dumps(reply.json, option=orjson.OPT_INDENT_2)
    response = Response(content, HTTPStatus.OK, content_type="application/json")
    filename = secure_filename(f"{workspace.id}-{name}.json")
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


@world.post("/<opaque:workspace_id>/world/load")
@with_workspace
def load(workspace: Workspace) -> Response:
    """Load a file, or text of the form, in one of the modes `replace`, `merge` and `state`.

    Raises:
        InvalidInput: there is none, it is no JSON, or has several workspaces.
    """
    form = request.form.to_dict()
    file = request.files.get("file")
    text = (file.read() if file else b"") or form.get("text", "").encode()
    mode = form.get("mode", REPLACE)
    if is_unconfirmed():  # a browser sends a file once
        fields = {**form, "text": text.decode("utf-8", "replace")}
        return html("confirm.html", fields=fields.items(), next_path=local_path(form["next"]))
    contents = _parsed(text)
    if mode == STATE:
        return perform(workspace, "PUT", Page.control("state"), contents)
    seed = _only_workspace(contents, workspace.id)
    if mode == MERGE:
        seed = {key: value for key, value in seed.items() if key not in _OF_WORKSPACE}
    return perform(workspace, "POST", Page.control("seed"), {"mode": mode, "seed": seed})


def _parsed(text: bytes) -> dict[str, Any]:
    if not text.strip():
        raise InvalidInput("expected a file or text, got neither; choose a file first")
    contents = parse_json(as_utf8(text))
    if not isinstance(contents, dict):
        raise InvalidInput("expected a JSON object, as in a fixtures file or of one workspace")
    return contents


def _only_workspace(contents: dict[str, Any], workspace_id: str) -> dict[str, Any]:
    """Return the workspace of a fixtures file: its only one, or the one with that id."""
    workspaces = contents.get("workspaces")
    if not isinstance(workspaces, list):
        return contents
    found = [one for one in workspaces if isinstance(one, dict)]
    if len(found) > 1:
        found = [one for one in found if one.get("id") == workspace_id]
    if len(found) != 1:
        raise InvalidInput(
            f"workspaces: expected one, or one with the id {workspace_id!r}, "
            f"got {len(workspaces)} of which {len(found)} have it"
        )
    return found[0]
