"""Hints: what the emulator knows beyond the vendor's words, in the header `X-Emulator-Hint`.

The vendor ignores unknown query parameters, fields and filters without a word, and answers an
unknown route with a bare 404. The replies here are the same; the hint says what was probably meant.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from flask import Response, current_app, request
from werkzeug.routing import Rule

from mock_sendpilot import errors
from mock_sendpilot.api.exchange import CURRENT_EXCHANGE, Exchange
from mock_sendpilot.paths import VENDOR_PREFIX
from mock_sendpilot.suggestions import nearest_word, same_letters

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HINT_HEADER = "X-Emulator-Hint"
REMARK = "mock_sendpilot.remark"
"""The key of the WSGI environment under which the access log finds why a request was refused."""

_MAX_HINT_CHARACTERS = 1000
_MAX_NAMES = 5
_MAX_NAME_LENGTH = 40
_MAX_FIELD_NAMES = 1000
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_PARAMETER = re.compile(r"<.*?>")
# The names that other APIs have for it, in lower-case letters.
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "limit": ("pagesize", "perpage", "size", "count", "maxresults", "top", "take"),
    "page": ("pagenumber", "pageno", "pageindex"),
    "offset": ("skip", "start"),
    "continuationToken": ("cursor", "pagetoken", "nexttoken", "nextpagetoken", "after", "token"),
    "search": ("q", "query"),
    "message": ("text", "body", "content"),
}


def add_hint(hint: str) -> None:
    """Add a hint to the response of the operation that is running, whatever it will be."""
    # An error response has it as well: often the ignored name is why a field is missing.
    if hint:
        CURRENT_EXCHANGE.get().hints.append(hint)


def set_hint(response: Response, hint: str, *, remark: str) -> Response:
    """Set the hint of a response, if there is one, and the remark of its line in the log."""
    return _set_hint(response, hint, remark, request.environ)


def append_hints(exchange: Exchange, response: Response) -> Response:
    """Append the hints of an operation to that of its response."""
    environ = exchange.environ
    for hint in exchange.hints:
        header, remark = response.headers.get(HINT_HEADER), environ.get(REMARK)
        hints, remarks = filter(None, (header, hint)), filter(None, (remark, hint))
        _set_hint(response, "; ".join(hints), "; ".join(remarks), environ)
    return response


def _set_hint(response: Response, hint: str, remark: str, environ: "WSGIEnvironment") -> Response:
    environ[REMARK] = _header_text(remark)
    if hint:
        response.headers[HINT_HEADER] = _header_text(hint)
    return response


def _header_text(text: str) -> str:
    """Return a text for a header and a line of the log: printable ASCII, shortened."""
    one_line = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    printable = _CONTROL_CHARACTERS.sub(lambda match: f"\\x{ord(match[0]):02x}", one_line)
    return errors.shortened(printable, _MAX_HINT_CHARACTERS)


def hint_on_ignored(noun: str, names: Iterable[str], known: Collection[str]) -> str:
    """Return a hint on the names that are unknown and ignored; an empty one if there are none.

    Args:
        noun: the kind of the names, in the plural.
        names: the names that were sent.
        known: the names that are accepted.
    """
    unknown = [name for name in names if name not in known]
    if not unknown:
        return ""
    quoted = [_with_suggestion(name, _likely_name(name, known)) for name in unknown[:_MAX_NAMES]]
    return f"unknown {noun} are ignored: {_enumeration(quoted, len(unknown))}"


def hint_on_custom_fields(entries: Iterable[object], known: Collection[str]) -> str:
    """Return a hint on the custom fields of new leads whose names look like the vendor's fields.

    Any name will do for a custom field: only one with the same letters (`first_name`) is a slip.
    """
    names = dict.fromkeys(name for entry in entries if isinstance(entry, dict) for name in entry)
    slips = {}
    for name in islice(names, _MAX_FIELD_NAMES):
        likely = None if name in known else same_letters(name, known)
        if likely is not None:
            slips[name] = likely
    if not slips:
        return ""
    quoted = [_with_suggestion(*slip) for slip in islice(slips.items(), _MAX_NAMES)]
    return f"taken for custom fields of leads: {_enumeration(quoted, len(slips))}"


def _likely_name(name: str, known: Collection[str]) -> str | None:
    for own_name, other_names in _OTHER_NAMES.items():
        if own_name in known and same_letters(name, other_names):
            return own_name
    return nearest_word(name, known)


def _with_suggestion(name: str, likely: str | None) -> str:
    suggestion = "" if likely is None else f" (did you mean {likely!r}?)"
    return f"{name[:_MAX_NAME_LENGTH]!r}{suggestion}"


def _enumeration(names: list[str], count: int) -> str:
    more = f", and {count - len(names)} more" if count > len(names) else ""
    return ", ".join(names) + more


def hint_on_route(path: str, method: str) -> str:
    """Return a hint on the routes that were probably meant by a request without a route.

    They are those of the same path with other methods, also if `/v1` is missing; otherwise all
    that begin alike.
    """
    routes = _routes_of(path) or _routes_of(VENDOR_PREFIX + path.removeprefix("/api"))
    if routes:
        likely = [route for route in routes if route.startswith(f"{method} ")] or routes
        return f"did you mean {', '.join(likely)}?"
    # `/_emulate` has its own routes, and a client of the vendor has no use for them.
    prefix = "/" + path.split("/")[1] if path.startswith("/_") else VENDOR_PREFIX
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.rule.startswith(prefix)]
    return f"there are: {', '.join(route for rule in rules for route in _routes(rule))}"


def _routes_of(path: str) -> list[str]:
    adapter = current_app.url_map.bind("")
    routes: set[str] = set()
    for method in adapter.allowed_methods(path):
        rule, _ = adapter.match(path, method, return_rule=True)
        routes.update(_routes(rule))
    return sorted(routes)


def _routes(rule: Rule) -> list[str]:
    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    return [f"{method} {_PARAMETER.sub('{id}', rule.rule)}" for method in methods]
