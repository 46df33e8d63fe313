"""The published specification: OpenAPI 3.1, made from the schemas that the routes use."""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema, fields
from werkzeug.routing import Rule

from mock_sendpilot.api.fields import AnyField, ComputedText, ListOf, ValidatedField
from mock_sendpilot.api.operation import OPERATION, Operation, make_schema
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.contracts.vocabulary import EVENT_TYPES
from mock_sendpilot.version import __version__
from mock_sendpilot.webhooks.payloads import event_type, payload
from mock_sendpilot.world.samples import sample_event

_PARAMETER = re.compile(r"<opaque:(\w+)>")
_ERRORS: Mapping[int, str] = {
    400: "What was sent cannot be accepted",
    401: "No valid API key",
    403: "The key, the sender or the credits do not allow it",
    404: "It is not there",
    413: "The body is too large",
    429: "Too much in too short a time",
    500: "A fault of the service, caused by an option of the contract",
}
_ALWAYS = (401, 429)


def operations(app: Flask) -> Iterator[tuple[Rule, str, Operation, str]]:
    """Yield each operation of the vendor's API with its route, method and summary."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        operation = getattr(view, OPERATION, None)
        if isinstance(operation, Operation):
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            yield rule, method, operation, (view.__doc__ or "").partition("\n")[0]


def error_statuses(operation: Operation) -> list[int]:
    """Return the statuses of the errors with which an operation may answer, without any fault."""
    errors = {*_ALWAYS, *operation.errors}
    if operation.scope is not None:
        errors.add(403)
    if operation.query is not None:
        errors.add(400)
    if operation.body is not None:
        errors |= {400, 413}
    return sorted(errors)


def specification(app: Flask, contract: Contract) -> dict[str, Any]:
    """Return the OpenAPI document of an app under a contract, without its servers."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda _schema: "")  # "" puts schemas inline
    spec = APISpec(
        title="SendPilot, emulated",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": f"Contract: {contract.name}. Not the vendor's own document."},
        security=[{"apiKey": []}],
    )
    converter = plugin.converter
    if converter is None:  # pragma: no cover - apispec sets it when the plugin is given to it
        raise RuntimeError("apispec has made no converter")
    converter.add_attribute_function(_field_schema)  # type: ignore[no-untyped-call]
    spec.components.security_scheme(
        "apiKey", {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    )
    for status, text in _ERRORS.items():
        spec.components.response(str(status), _error(status, text, contract))
    for rule, method, operation, summary in operations(app):
        item = _operation(operation, contract, method, summary)
        item["parameters"] = [*_path_parameters(rule), *item["parameters"]]
        spec.path(_path(rule), operations={method.lower(): item})
    document: dict[str, Any] = spec.to_dict()
    for rule, method, operation, _ in operations(app):
        # apispec cannot express "at least one of these", and copies the operations it is given.
        body = make_schema(operation.body, contract) if operation.body is not None else None
        if body is not None and body.any_of:
            request = document["paths"][_path(rule)][method.lower()]["requestBody"]
            schema = request["content"]["application/json"]["schema"]
            schema["anyOf"] = [{"required": [name]} for name in body.any_of]
    document["webhooks"] = _webhooks(contract)
    return document


def _path(rule: Rule) -> str:
    return _PARAMETER.sub(r"{\1}", rule.rule)


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        for name in _PARAMETER.findall(rule.rule)
    ]


def _operation(
    operation: Operation, contract: Contract, method: str, summary: str
) -> dict[str, Any]:
    status = contract.post_status_code if method == "POST" else 200
    response = _json(make_schema(operation.response, contract))
    item: dict[str, Any] = {
        "operationId": operation.id,
        "summary": summary,
        "description": _description(operation),
        "tags": [operation.id.partition(".")[0]],
        "parameters": [],
        "responses": {str(status): {"description": summary, "content": response}},
    }
    if operation.query is not None:
        item["parameters"] = [{"in": "query", "schema": make_schema(operation.query, contract)}]
    if operation.body is not None:
        body = make_schema(operation.body, contract)
        item["requestBody"] = {"required": True, "content": _json(body)}
    for error in error_statuses(operation):
        item["responses"][str(error)] = {"$ref": f"#/components/responses/{error}"}
    return item


def _description(operation: Operation) -> str:
    sentences = [f"Known from {enumeration(operation.sources)}."]
    if operation.scope:
        sentences.append(f"Scope: `{operation.scope}`.")
    if operation.events:
        sentences.append(f"Events: {', '.join(f'`{name}`' for name in operation.events)}.")
    if operation.invented:
        sentences.append(f"Invented: {'; '.join(operation.invented)}.")
    return " ".join(sentences)


def enumeration(items: Sequence[str]) -> str:
    """Return items as a sentence has them: "a, b and c"."""
    *others, last = items
    return f"{', '.join(others)} and {last}" if others else last


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _error(status: int, description: str, contract: Contract) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string"}
    sentences = {"type": "array", "items": text}
    properties = {"statusCode": {"type": "integer"}, "message": text, "error": text}
    if status == HTTPStatus.BAD_REQUEST:
        properties |= {
            "errors": {"errors": {**sentences, "description": "The name of the key is invented."}},
            "bare": {},
            "list": {"message": sentences},
            "detailed": {},
        }[contract.validation_message]
    envelope = {"type": "object", "properties": properties, "required": list(properties)}
    return {"description": description, "content": {"application/json": {"schema": envelope}}}


def _field_schema(_converter: object, field: AnyField, **_context: object) -> dict[str, Any]:
    """Return what apispec cannot see in a field: our own say it of themselves."""
    if isinstance(field, fields.Constant):
        return {"const": field.constant}
    if isinstance(field, ComputedText):
        return {"type": "string"}
    if not isinstance(field, ValidatedField | ListOf):
        return {}
    schema = field.json_schema()
    if field.allow_none and "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _webhooks(contract: Contract) -> dict[str, Any]:
    """Return the events by their names under a contract, each with an example of its body."""
    samples = [(event, event_type(event, contract)) for event in map(sample_event, EVENT_TYPES)]
    return {
        name: {"post": _webhook(orjson.loads(payload(event, name, contract).body), contract)}
        for event, name in samples
        if name is not None
    }


def _webhook(body: dict[str, Any], contract: Contract) -> dict[str, Any]:
    properties = {key: {"type": "string"} for key in body}
    properties["eventType"] = {"const": body["eventType"]}
    properties["timestamp"] = {"type": "string", "format": "date-time"}
    data = {"type": "object", "properties": {key: {} for key in body["data"]}}
    schema = {
        "type": "object",
        "properties": {**properties, "data": data},
        "required": [*body],
    }
    return {
        "summary": f"The event {body['eventType']}",
        "description": f"Signed with: {', '.join(contract.signatures)}.",
        "tags": ["webhooks"],
        "security": [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": body}},
        },
        "responses": {"2XX": {"description": "Received; after any other status it is sent again"}},
    }
