"""Makes `docs/coverage.md`: `python -m tests.project.coverage_page > docs/coverage.md`."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from mock_sendpilot.api.operation import CLIENTS, PAGES
from mock_sendpilot.app import create_app
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.openapi import enumeration, operations, specification
from mock_sendpilot.webhooks.payloads import event_type, payload
from mock_sendpilot.world.sample_events import sample_event

_HEAD = """\
# What is emulated, and where it is known from

Every operation and event of the vendor's API under each [contract](contracts.md): what it takes and
returns, where that is known from, and what is invented. The vendor has published two OpenAPI
specifications, an older one and the newest, and several generations of documentation pages; clients
in production are public programs that use the service. A star marks what is required; brackets hold
the keys within an object or of an array's items.

This page is made from the code: from the same objects that the routes are served with.
"""

_EVENT_NOTES: Mapping[str, tuple[str, str]] = {
    words.MESSAGE_SENT: (f"{PAGES} and {CLIENTS}", ""),
    words.REPLY_RECEIVED: (f"{PAGES} and {CLIENTS}", ""),
    words.CONNECTION_REQUEST_SENT: (f"{PAGES} and {CLIENTS}", "`note` only of a Premium sender"),
    words.CONNECTION_REQUEST_ACCEPTED: (f"{PAGES} and {CLIENTS}", ""),
    words.CAMPAIGN_STARTED: ("one good source", ""),
    words.CAMPAIGN_PAUSED: (PAGES, ""),
    words.CAMPAIGN_RESUMED: (PAGES, ""),
    words.CAMPAIGN_FINISHED: (f"{PAGES}, by its name alone", "its whole data"),
    words.LEAD_UPDATED: (f"{PAGES} and {CLIENTS}", ""),
    words.LEAD_TAG_UPDATED: (
        "its name, and the tests of a client in production",
        "tags are codes of customLeadStatus",
    ),
    words.SEARCH_COMPLETED: (PAGES, "to a job's own `webhook_url` it is not signed"),
    words.EXTRACTION_COMPLETED: (PAGES, "to a job's own `webhook_url` it is not signed"),
}


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *_operations(), *_events()])


def _operations() -> Iterator[str]:
    emulator = Emulator()
    app = create_app(emulator)
    documents = {name: specification(app, contract) for name, contract in CONTRACTS.items()}
    yield "## Operations\n"
    yield "All are implemented, with state and effects, under every contract.\n"
    found = sorted(operations(app), key=lambda one: one[2].id)
    for rule, method, operation, summary in found:
        path = next(
            path
            for path, methods in documents["live"]["paths"].items()
            if methods.get(method.lower(), {}).get("operationId") == operation.id
        )
        yield f"### {operation.id}\n"
        yield f"`{method} {path}`: {summary}\n"
        yield f"- known from {enumeration(operation.sources)}"
        yield f"- scope: {f'`{operation.scope}`' if operation.scope else 'any key'}"
        if operation.events:
            yield f"- events: {', '.join(f'`{name}`' for name in operation.events)}"
        if operation.invented:
            yield f"- invented: {'; '.join(operation.invented)}"
        yield ""
        by_contract = {
            name: document["paths"][path][method.lower()] for name, document in documents.items()
        }
        yield from _table(by_contract)
        assert rule.rule.startswith("/v1")


def _table(by_contract: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    yield "| contract | takes | answers | with |\n| --- | --- | --- | --- |"
    earlier: dict[str, str] = {}
    for name, operation in by_contract.items():
        answers = ", ".join(sorted(operation["responses"]))
        row = f"{_request_keys(operation)} | {answers} | {_response_keys(operation)}"
        cells = f"as `{earlier[row]}` | | " if row in earlier else row
        earlier.setdefault(row, name)
        yield f"| `{name}` | {cells} |"
    yield ""


def _request_keys(operation: dict[str, Any]) -> str:
    parts = [_parameter(one) for one in operation["parameters"] if one["in"] == "query"]
    body = operation.get("requestBody")
    if body is not None:
        shape = body["content"]["application/json"]["schema"]
        parts += _keys(shape)
    return ", ".join(parts) or "nothing"


def _parameter(parameter: dict[str, Any]) -> str:
    return f"`{parameter['name']}`{'*' if parameter.get('required') else ''}"


def _keys(shape: dict[str, Any]) -> list[str]:
    required = shape.get("required", [])
    return [f"`{key}`{'*' if key in required else ''}" for key in shape.get("properties", {})]


def _response_keys(operation: dict[str, Any]) -> str:
    status = min(operation["responses"])
    shape = operation["responses"][status]["content"]["application/json"]["schema"]
    return _object_keys(shape)


def _object_keys(shape: Mapping[str, Any]) -> str:
    """The keys of an object, with those of objects and arrays within it in brackets."""
    return ", ".join(f"`{key}`{_nested_keys(value)}" for key, value in shape["properties"].items())


def _nested_keys(shape: Mapping[str, Any]) -> str:
    if "properties" in shape:
        return f" {{{_object_keys(shape)}}}"
    items = shape.get("items", {})
    return f" [{_object_keys(items)}]" if "properties" in items else ""


def _events() -> Iterator[str]:
    yield "## Events\n"
    yield "The envelope is `eventId`, `eventType`, `timestamp`, `workspaceId`, `data` everywhere.\n"
    for name in words.EVENT_TYPES:
        source, invented = _EVENT_NOTES[name]
        yield f"### {name}\n"
        yield f"- known from {source}"
        if invented:
            yield f"- invented: {invented}"
        yield "\n| contract | name | data |\n| --- | --- | --- |"
        yield from _event_rows(name)
        yield f"\nUnder `live`: `{_body(name, CONTRACTS['live'])}`\n"


def _event_rows(name: str) -> Iterator[str]:
    earlier: dict[str, str] = {}
    for key, contract in CONTRACTS.items():
        row = _event(name, contract)
        yield f"| `{key}` | {f'as `{earlier[row]}` |' if row in earlier else row} |"
        earlier.setdefault(row, key)


def _event(name: str, contract: Contract) -> str:
    called = event_type(sample_event(name), contract)
    if called is None:
        return "no such event |"
    data = orjson.loads(_body(name, contract))["data"]
    return f"`{called}` | {', '.join(f'`{key}`' for key in data)}"


def _body(name: str, contract: Contract) -> str:
    event = sample_event(name)
    return payload(event, event_type(event, contract) or name, contract).body.decode()


if __name__ == "__main__":
    sys.stdout.write(page())
