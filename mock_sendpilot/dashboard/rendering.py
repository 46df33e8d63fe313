"""Rendering: a page, or only the fragments of it that have changed, from the same templates.

A block of a template is a fragment: the page has it in an element with `data-live="its name"`, and
`data-on="topics"` says after which changes the script asks for it again. The request is that for
the page, with the names in the header `X-Fragments`. So server and browser cannot differ.
"""

import hashlib
import secrets
import shlex
from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, Concatenate, ParamSpec
from urllib.parse import quote, urlencode

import orjson
from flask import Response, current_app, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Response as AnyResponse

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.control.exposure import is_public
from mock_sendpilot.control.guard import Guard
from mock_sendpilot.dashboard import formats
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.paths import CONTROL_PREFIX, DASHBOARD, VENDOR_PREFIX
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.version import __version__
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace

PREFIX = DASHBOARD
OWN_PAGES = f"{PREFIX}/-"
"""The beginning of the paths that belong to no workspace."""
FRAGMENTS = "X-Fragments"
NAVIGATION = (
    ("", "Overview"),
    ("leads", "Leads"),
    ("campaigns", "Campaigns"),
    ("inbox", "Inbox"),
    ("jobs", "Jobs"),
    ("webhooks", "Webhooks"),
    ("requests", "Requests"),
    ("trace", "Trace"),
    ("faults", "Faults"),
    ("contract", "Contract"),
    ("world", "World"),
)
"""The sections of a workspace: the first part of their path, and their title."""
MAX_PAGE = 1_000_000

_FOLDER = Path(__file__).parent
_STATE = "mock_sendpilot.dashboard"

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a thing: its name and label, its outcome in words, and why it cannot be done.

    `text_name` is the name of the text that it takes, if it takes one.
    """

    name: str
    label: str
    done: str
    reason: str | None
    text_name: str = ""


class Dashboard:
    """The things that the pages of one app have in common.

    Attributes:
        guard: knows the control token.
        operations: returns the ids of the operations of the vendor's API.
        form_token: what a form has to send back: a foreign page does not know it.
    """

    def __init__(self, guard: Guard, operations: Callable[[], list[str]]) -> None:
        self.guard = guard
        self.operations = operations
        self.form_token = secrets.token_urlsafe(18)

    @cached_property
    def environment(self) -> Environment:
        """The templates; whatever they print is escaped."""
        environment = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters.update(formats.FILTERS)
        # Global, as a fragment is a block alone: what a page imports is not in it.
        parts = {"ui": "macros.html", "traffic": "traffic.html", "faults": "faults_parts.html"}
        for name, template in parts.items():
            environment.globals[name] = environment.get_template(template).module
        return environment

    @cached_property
    def static_files(self) -> Mapping[str, bytes]:
        """The contents of the style sheet, the script and the icon, by name."""
        return {path.name: path.read_bytes() for path in (_FOLDER / "static").iterdir()}

    @cached_property
    def static_urls(self) -> Mapping[str, str]:
        """The URLs of the static files; they change with the contents."""
        return {
            name: f"{OWN_PAGES}/static/{name}?{hashlib.sha256(content).hexdigest()[:8]}"
            for name, content in self.static_files.items()
        }


def add_state(dashboard: Dashboard, extensions: dict[str, Any]) -> None:
    """Keep the dashboard with an app."""
    extensions[_STATE] = dashboard


def current_dashboard() -> Dashboard:
    """Return the dashboard of the app that serves this request."""
    dashboard: Dashboard = current_app.extensions[_STATE]
    return dashboard


def path_of(*parts: str) -> str:
    """Return a path; an id may have any characters."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


class Page:
    """A page of a workspace. A template reads the attributes, so that a fragment costs its own."""

    template: ClassVar[str]
    title: str = ""
    section: ClassVar[str] = ""

    def __init__(self, workspace: Workspace) -> None:
        emulator = current_emulator()
        self.workspace = workspace
        self.store = workspace.store
        self.scheduler = workspace.scheduler
        self.outbox = emulator.outbox(workspace)
        self.journal = emulator.journal(workspace)
        changes = emulator.changes(workspace.id)
        # Read before anything else: what changes from now on is asked for again.
        self.version = f"{changes.id}-{changes.latest}"

    # --- links --------------------------------------------------------------------------------

    def url(self, *parts: str, **query: object) -> str:
        """Return the URL of a page of this workspace."""
        path = PREFIX + path_of(self.workspace.id, *parts)
        return f"{path}?{urlencode(query)}" if query else path

    def url_with(self, **changes: object) -> str:
        """Return the URL of this page with other parameters; None removes one."""
        query = {**request.args.to_dict(), **changes}
        kept = {name: value for name, value in query.items() if value is not None}
        return f"{request.path}?{urlencode(kept)}" if kept else request.path

    @staticmethod
    def control(*parts: str) -> str:
        """Return a path of the control API."""
        return CONTROL_PREFIX + path_of(*parts)

    @staticmethod
    def api(*parts: str) -> str:
        """Return a path of the vendor's API."""
        return VENDOR_PREFIX + path_of(*parts)

    def curl(self, method: str, path: str, body: object = None) -> str:
        """Return the command that makes a request; a key that is not public is left out of it."""
        keys = [key.key for key in current_emulator().api_keys(self.workspace)]
        key = keys[0] if keys and is_public(keys[0]) else "$MOCK_SENDPILOT_API_KEY"
        lines = [f"curl -X {method} {request.host_url.rstrip('/')}{path}"]
        if path.startswith(CONTROL_PREFIX) and current_dashboard().guard.needs_control_token:
            lines.append('-H "Authorization: Bearer $MOCK_SENDPILOT_CONTROL_TOKEN"')
        lines.append(f'-H "X-API-Key: {key}"')
        if body is not None:
            lines.append('-H "Content-Type: application/json"')
            lines.append(f"-d {shlex.quote(orjson.dumps(body).decode())}")
        return " \\\n  ".join(lines)

    # --- the frame ----------------------------------------------------------------------------

    @property
    def navigation(self) -> list[tuple[str, str, bool]]:
        """The URL and title of each section, and whether it is this one."""
        return [
            (self.url(*filter(None, (name,))), title, name == self.section)
            for name, title in NAVIGATION
        ]

    @property
    def workspaces(self) -> list[Workspace]:
        """All workspaces."""
        return current_emulator().workspaces()

    @property
    def api_keys(self) -> list[ApiKey]:
        """The API keys of the workspace."""
        return current_emulator().api_keys(self.workspace)

    @property
    def without_key_count(self) -> int:
        """The number of requests without a known API key, which are of no workspace."""
        return len(current_emulator().unknown_requests)


class ListPage(Page):
    """A page of a long list: the template needs `rows` and `total`."""

    per_page: ClassVar[int] = 50

    @property
    def total(self) -> int:
        """The number of rows on all pages."""
        raise NotImplementedError

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        text = request.args.get("page", "1")
        self.number = min(max(1, int(text)), MAX_PAGE) if text.isdecimal() else 1

    @property
    def page_count(self) -> int:
        """The number of pages."""
        return max(1, -(-self.total // self.per_page))

    @property
    def first(self) -> int:
        """The number of the first row of this page."""
        return (self.number - 1) * self.per_page + 1


class Frame:
    """The things that every template may use, also those of no workspace."""

    app_version = __version__

    @property
    def form_token(self) -> str:
        """The token of forms."""
        return current_dashboard().form_token

    @property
    def path(self) -> str:
        """The path of this page, with its query."""
        return request.full_path.removesuffix("?")

    @property
    def has_session(self) -> bool:
        """True if somebody has logged in."""
        return current_dashboard().guard.needs_control_token

    @property
    def real_time(self) -> Any:
        """The real time."""
        return SystemClock().now()

    @staticmethod
    def static(name: str) -> str:
        """Return the URL of a static file."""
        return current_dashboard().static_urls[name]

    @staticmethod
    def own(name: str) -> str:
        """Return the URL of a page of no workspace."""
        return f"{OWN_PAGES}/{name}"


def render(page: Page) -> Response:
    """Return a page, or the fragments that the request names, as a JSON object of HTML."""
    names = request.headers.get(FRAGMENTS)
    if names is None:
        return html(page.template, page=page)
    environment = current_dashboard().environment
    templates = [environment.get_template(name) for name in (page.template, "base.html")]
    blocks = {name: block for one in reversed(templates) for name, block in one.blocks.items()}
    context = templates[0].new_context({"page": page, "frame": Frame()})
    fragments = {name: "".join(blocks[name](context)) for name in names.split() if name in blocks}
    return json_response({"fragments": fragments, "version": page.version})


def html(template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    """Return a rendered template."""
    found = current_dashboard().environment.get_template(template)
    text = found.render(frame=Frame(), **values)
    return Response(text, status, content_type="text/html; charset=utf-8")


def error_page(status: int, message: str, hint: str = "") -> Response:
    """Return a page that says what went wrong; to the script, the same as JSON."""
    if request.accept_mimetypes.best == "application/json" or FRAGMENTS in request.headers:
        return json_response(
            {"ok": False, "status": status, "message": message, "hint": hint}, status
        )
    return html("error.html", status, status_code=status, message=message, hint=hint)


def with_workspace(
    view: Callable[Concatenate[Workspace, P], AnyResponse],
) -> Callable[P, AnyResponse]:
    """Pass a view the workspace whose id is in the path."""

    @wraps(view)
    def found(*args: P.args, **parameters: P.kwargs) -> AnyResponse:
        workspace_id = str(parameters.pop("workspace_id"))
        return view(current_emulator().workspace(workspace_id), *args, **parameters)

    return found
