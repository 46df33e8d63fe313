"""The style sheet, the script and the icon of the dashboard."""

from http import HTTPStatus

from flask import Blueprint, Response

from mock_sendpilot.dashboard.rendering import current_dashboard, error_page

static_files = Blueprint("static_files", __name__)

_TYPES = (
    (".css", "text/css; charset=utf-8"),
    (".js", "text/javascript; charset=utf-8"),
    (".svg", "image/svg+xml"),
)


@static_files.get("/-/static/<name>")
def send_static_file(name: str) -> Response:
    """Send a file; its URL changes with its contents, so a browser asks once."""
    content = current_dashboard().static_files.get(name)
    if content is None:
        return error_page(HTTPStatus.NOT_FOUND, "File not found")
    content_type = next(kind for ending, kind in _TYPES if name.endswith(ending))
    response = Response(content, content_type=content_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
