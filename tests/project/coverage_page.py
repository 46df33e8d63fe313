"""Makes `docs/reference/coverage.md`."""

from collections.abc import Iterator, Mapping
from typing import Any

from mock_sendpilot.app import create_app
from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.openapi import enumeration, operations, specification

_HEAD = """\
# Coverage

All 23 operations of the vendor's API are implemented, with state and effects, under every
[contract](contracts.md). This page says for each of them what it takes and returns, where that is
known from ([the sources](../explanation/contradictions.md#sources)), and what is invented.
[Events](events.md) have a page of their own. A star marks what is required; brackets hold the
keys within an object or of an array's items.

This page is generated from the objects that the routes are served with.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, *_operations()])


def _operations() -> Iterator[str]:
    emulator = Emulator()
    app = create_app(emulator)
    documents = {name: specification(app, contract) for name, contract in CONTRACTS.items()}
    found = sorted(operations(app), key=lambda one: one[2].id)
    for rule, method, operation, summary in found:
        path = next(
            path
            for path, methods in documents["live"]["paths"].items()
            if methods.get(method.lower(), {}).get("operationId") == operation.id
        )
        yield f"## {operation.id}\n"
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
