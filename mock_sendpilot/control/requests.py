"""`/_emulate/requests`: the journal of the requests for the vendor's API."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app
from marshmallow import ValidationError, fields, post_load, validates_schema

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import (
    CamelCaseSchema,
    Flag,
    JsonObject,
    QueryNumber,
    Text,
    Timestamp,
    WholeNumber,
    json_kind,
)
from mock_sendpilot.api.operation import operation_ids
from mock_sendpilot.api.paging import Page, Pagination
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.fields import Strict, nested
from mock_sendpilot.control.guard import MAX_POLL_SECONDS, waiting
from mock_sendpilot.control.query import takes_query
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import RequestPattern
from mock_sendpilot.traffic.journal import RequestJournal
from mock_sendpilot.traffic.patterns import request_pattern
from mock_sendpilot.world.workspace import Workspace

_MAX_COUNT = 1_000_000
_MAX_NEAR_MISSES = 3
_COUNTS = ("count", "at_least", "at_most")

requests = Blueprint("requests", __name__)


class RequestQuery(Strict):
    """The query of GET /_emulate/requests."""

    method = Text()
    path = Text()
    operation = Text()
    status = QueryNumber(100, 599)
    fault = Text()
    since = Timestamp()
    without_key = Flag(load_default=False)
    page = QueryNumber(1, 1_000_000, load_default=1)
    limit = QueryNumber(1, 100, load_default=50)


class RequestChangesQuery(Strict):
    """The query of GET /_emulate/requests/changes; without `since`, from now on.

    `journal` names the journal that `since` is a number of.
    """

    since = QueryNumber(0, 999_999_999)
    journal = Text()
    without_key = Flag(load_default=False)
    wait_seconds = QueryNumber(0, MAX_POLL_SECONDS, load_default=0)


class PatternSchema(Strict):
    """A pattern of requests."""

    method = Text()
    path = Text()
    operation = Text()
    query = JsonObject()
    headers = JsonObject()
    json = fields.Raw()

    @post_load
    def _pattern(self, data: dict[str, Any], **_: object) -> RequestPattern:
        for name, value in data.get("headers", {}).items():
            if value is not None and not isinstance(value, str):
                problem = f"expected a string or null, got {json_kind(value)}"
                raise ValidationError({"headers": {name: [problem]}})
        try:
            return request_pattern(operation_ids(current_app), **data)
        except InvalidInput as error:
            # Of its fields, so that the error names the place of the pattern too.
            parts = [problem.partition(": ") for problem in error.problems]
            raise ValidationError({name: [text] for name, _, text in parts}) from error


class Verification(Strict):
    """The body of POST /_emulate/requests/verify; without a count, at least one."""

    pattern = nested(PatternSchema, required=True)
    count = WholeNumber(0, _MAX_COUNT)
    at_least = WholeNumber(0, _MAX_COUNT)
    at_most = WholeNumber(0, _MAX_COUNT)

    @validates_schema
    def _check_counts(self, data: dict[str, Any], **_: object) -> None:
        if "count" in data and len(data.keys() & set(_COUNTS)) > 1:
            raise ValidationError("expected either count, or atLeast and atMost, got both")


class RequestSummary(CamelCaseSchema):
    """A request in a list."""

    id = fields.String()
    request_id = fields.String()
    at = Timestamp()
    received_at = Timestamp()
    method = fields.String()
    path = fields.String()
    query = fields.Raw()
    operation = fields.String()
    status = fields.Integer()
    duration_ms = fields.Function(lambda entry: round(entry.duration_seconds * 1000, 1))
    api_key_name = fields.String()
    fault = fields.String()
    fault_effect = fields.String()
    events = fields.Function(lambda entry: list(entry.events))


class RequestDetail(RequestSummary):
    """A request with its headers and body, and those of its response."""

    request = fields.Function(
        lambda entry: {
            "headers": entry.headers,
            "body": entry.body.decode("utf-8", "replace"),
            "truncated": entry.is_body_truncated,
        }
    )
    response = fields.Function(
        lambda entry: {
            "status": entry.status,
            "headers": entry.response_headers,
            "body": entry.response_body.decode("utf-8", "replace"),
            "truncated": entry.is_response_body_truncated,
        }
    )


@requests.get("/requests")
@with_workspace
@takes_query(RequestQuery)
def list_requests(workspace: Workspace, query: dict[str, Any]) -> Response:
    """List the requests that match the filters, newest first."""
    target = {name: query[name] for name in ("method", "path", "operation") if name in query}
    pattern = request_pattern(operation_ids(current_app), **target)
    journal = current_emulator().unknown_requests if query["without_key"] else _journal(workspace)
    since, status, fault = (query.get(name) for name in ("since", "status", "fault"))
    found = [
        entry
        for entry in reversed(journal.all())
        if pattern.matches(entry)
        and (since is None or entry.at >= since)
        and status in {None, entry.status}
        and fault in {None, entry.fault}
    ]
    page = Page(found, query["page"], query["limit"])
    rows = RequestSummary(many=True).dump(page.items)
    return json_response({"requests": rows, "pagination": Pagination().dump(page.pagination)})


@requests.delete("/requests", strict_slashes=True)  # an id that is empty is not all of them
@with_workspace
def remove_requests(workspace: Workspace) -> Response:
    """Remove all requests."""
    _journal(workspace).remove_all()
    return Response(status=HTTPStatus.NO_CONTENT)


@requests.get("/requests/changes")
@with_workspace
@takes_query(RequestChangesQuery)
def list_new_requests(workspace: Workspace, query: dict[str, Any]) -> Response:
    """List the requests that have come since a number, oldest first, as soon as there are some."""
    journal = current_emulator().unknown_requests if query["without_key"] else _journal(workspace)
    since = query.get("since", journal.latest)
    if query.get("journal", journal.id) != journal.id:  # the server was restarted: all is new
        since = 0
    seconds = query["wait_seconds"]
    with waiting(seconds):
        found = journal.later_than(since, timeout_seconds=seconds)
    return json_response(
        {
            "requests": RequestDetail(many=True).dump(found),
            "latest": found[-1].number if found else since,
            "journal": journal.id,
        }
    )


@requests.get("/requests/<opaque:entry_id>")
@with_workspace
def get_request(workspace: Workspace, entry_id: str) -> Response:
    """Return one request with its headers and body, and those of its response."""
    unknown = current_emulator().unknown_requests  # without a known key they have no workspace
    journal = unknown if unknown.has(entry_id) else _journal(workspace)
    return json_response(RequestDetail().dump(journal.get(entry_id)))


@requests.post("/requests/verify")
@with_workspace
def verify_requests(workspace: Workspace) -> Response:
    """Answer 200 if as many requests as expected match a pattern, else 409 with near misses."""
    expectation = Verification().load(json_object())
    pattern: RequestPattern = expectation["pattern"]
    entries = _journal(workspace).all()
    matched = [entry for entry in entries if pattern.matches(entry)]
    exactly = expectation.get("count")
    at_least = expectation.get("at_least", 0 if "at_most" in expectation else 1)
    at_most = expectation.get("at_most", _MAX_COUNT)
    if at_least > at_most:
        raise InvalidInput(f"atLeast: expected at most atMost ({at_most}), got {at_least}")
    if exactly is not None:
        at_least = at_most = exactly
    reply = {"count": len(matched), "matched": [entry.id for entry in matched]}
    if at_least <= len(matched) <= at_most:
        return json_response(reply)
    reply["nearMisses"] = [
        {**RequestSummary().dump(entry), "misses": pattern.misses(entry)}
        for entry in pattern.near_misses(entries)[:_MAX_NEAR_MISSES]
    ]
    return json_response(reply, HTTPStatus.CONFLICT)


def _journal(workspace: Workspace) -> RequestJournal:
    return current_emulator().journal(workspace)
