"""The compared servers: how each is started, and its request that is nearest to our PATCH.

Each is set up in its own favor: no log of requests on the terminal, no file written for each
change, no reply in chunks. All else is as installed.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.arrivals import request
from benchmarks.peers import wiremock
from benchmarks.peers.installation import REMEDY, node_module, python
from benchmarks.processes import ROOT
from benchmarks.world import (
    KEY,
    MAX_CONNECTIONS,
    STATUSES,
    lead_id,
    message,
    patch,
    patches,
    seed_text,
)

Streams = Sequence[Sequence[str]]
Requests = Callable[[int], Streams]
"""The requests of so many connections, two each, sent in turn."""

_OWN_FIELDS = ("Host", "Content-Length")
_FORM = "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Bearer sk_benchmark"


@dataclass(frozen=True, slots=True)
class Site:
    """The place of a server that is started: its port of 127.0.0.1 and an empty directory.

    With `webhook_url` each change is sent there.
    """

    port: int
    directory: Path
    webhook_url: str | None


@dataclass(frozen=True)
class Peer:
    """A server to compare, at best one that does all that ours does."""

    name: str
    warm_up_seconds: float = 1.0
    changes_each: int = 0
    """Changes of each connection while it sends webhooks; 0 if it sends none."""

    def missing(self) -> str | None:
        """Return why it cannot be started here, with the remedy."""
        return None

    def command(self, site: Site) -> list[str]:
        """Write its files into a directory of its own and return how to start it there."""
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        """Return its environment, beside ours."""
        return {}

    def probe(self) -> str:
        """Return the request that is answered with 200 as soon as it serves."""
        return patch(0, STATUSES[1])

    def probe_events(self) -> int:
        """Return how many webhooks follow from the probe."""
        return 1

    def requests(self, site: Site) -> Requests:
        """Put into the server what the requests need, and return them."""
        del site  # the seed has a lead for each connection
        return _patches_of_leads


class Ours(Peer):
    """The emulator, with its journal on and one world from a seed."""

    def command(self, site: Site) -> list[str]:
        """Start it as users do."""
        seed = site.directory / "seed.json"
        seed.write_text(seed_text(MAX_CONNECTIONS), encoding="utf-8")
        options = [f"--webhook={site.webhook_url}"] if site.webhook_url else []
        start = [
            "start",
            f"--port={site.port}",
            "--log-level=warning",
            f"--fixtures={seed}",
            *options,
        ]
        return [sys.executable, "-m", "mock_sendpilot", *start]

    def settings(self) -> dict[str, str]:
        """Find the package of the checkout."""
        return {"PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class WireMock(Peer):
    """WireMock with its journal on.

    It checks the key and the status. Where `has_state`, each lead has a state machine and replies
    of its own; else one reply for each status serves all leads.
    """

    has_state: bool = True

    def missing(self) -> str | None:
        """It needs Java."""
        if shutil.which("java") is None:
            return "java is not installed"
        return _missing_file(wiremock.jar())

    def command(self, site: Site) -> list[str]:
        """Start it without its launcher, which would be one process more."""
        leads = range(MAX_CONNECTIONS) if self.has_state else None
        wiremock.write_mappings(site.directory, leads, site.webhook_url)
        return wiremock.command(site.port, site.directory)


class Prism(Peer):
    """Prism with the PATCH alone in its document; it checks the key and the status.

    Its webhooks are those that OpenAPI lets an operation name.
    """

    def missing(self) -> str | None:
        """It needs Node."""
        return _missing_node() or _missing_file(self._program())

    def command(self, site: Site) -> list[str]:
        """Start it without its log of requests."""
        document = site.directory / "openapi.json"
        document.write_text(json.dumps(_openapi(site.webhook_url)), encoding="utf-8")
        options = ["--host=127.0.0.1", f"--port={site.port}", "--verboseLevel=silent"]
        return ["node", str(self._program()), "mock", *options, str(document)]

    @staticmethod
    def _program() -> Path:
        return node_module("@stoplight", "prism-cli", "dist", "index.js")


class JsonServer(Peer):
    """json-server with the leads in memory; it checks neither key nor status."""

    def missing(self) -> str | None:
        """It needs Node."""
        return _missing_node() or _missing_file(self._program())

    def command(self, site: Site) -> list[str]:
        """Start it with data from JavaScript, which it keeps in memory alone."""
        leads = json.loads(seed_text(MAX_CONNECTIONS))["workspaces"][0]["leads"]
        data = site.directory / "data.js"
        data.write_text(f"module.exports = () => ({json.dumps({'leads': leads})})")
        options = ["--host=127.0.0.1", f"--port={site.port}", "--quiet"]
        return ["node", str(self._program()), *options, str(data)]

    def probe(self) -> str:
        """Change a lead under the path that it has for one."""
        return _plain_patch(0, STATUSES[1])

    def requests(self, site: Site) -> Requests:
        """Change the status of a lead for each connection."""
        del site
        return lambda count: [[_plain_patch(n, text) for text in STATUSES] for n in range(count)]

    @staticmethod
    def _program() -> Path:
        return node_module("json-server", "lib", "cli", "bin.js")


class PythonServer(Peer):
    """A server of the environment of `.peers`."""

    def missing(self) -> str | None:
        """It is in a Python environment of its own."""
        module = self.name.partition(",")[0].replace("-", "_")
        places = python().parents[1].glob("lib*/python*/site-packages")
        is_there = any((place / module).exists() for place in places)
        return None if is_there else f"not installed; {REMEDY}"

    def command(self, site: Site) -> list[str]:
        """Start it through `python_servers`, which sets it up in its own favor."""
        return [str(python()), "-m", "benchmarks.peers.python_servers", self.name, str(site.port)]

    def settings(self) -> dict[str, str]:
        """Find `python_servers` in the checkout."""
        return {"PYTHONPATH": str(ROOT)}


class HttpServer(PythonServer):
    """pytest-httpserver: a function that keeps leads; or the handler of one path, fixed."""

    def requests(self, site: Site) -> Requests:
        """Send all connections to the one path, if there is only one."""
        return super().requests(site) if "," not in self.name else lambda n: [patches(0)] * n


class LocalStripe(PythonServer):
    """localstripe, which updates a customer."""

    def probe(self) -> str:
        """List the customers."""
        return f"GET /v1/customers HTTP/1.1\r\nHost: 127.0.0.1\r\n{_FORM}\r\n\r\n"

    def probe_events(self) -> int:
        """A list changes nothing."""
        return 0

    def requests(self, site: Site) -> Requests:
        """Update a customer for each connection; only then register the endpoint."""
        customers = [_new_customer(site.port) for _ in range(MAX_CONNECTIONS)]
        if site.webhook_url:
            endpoint = f"url={site.webhook_url}&secret=whsec_1"
            _post_form(site.port, "/_config/webhooks/benchmark", endpoint)
        return lambda count: [_customer_updates(one) for one in customers[:count]]


class Moto(PythonServer):
    """moto, which updates an item of DynamoDB."""

    def probe(self) -> str:
        """List the tables."""
        return _dynamodb("ListTables", {})

    def requests(self, site: Site) -> Requests:
        """Make a table; update the status of an item of it for each connection."""
        table = {
            "TableName": "leads",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        head, _, body = _dynamodb("CreateTable", table).partition("\r\n\r\n")
        request(site.port, "POST", "/", body=body, headers=_fields(head.partition("\r\n")[2]))
        return lambda count: [[_item_update(n, text) for text in STATUSES] for n in range(count)]


PEERS: tuple[Peer, ...] = (
    WireMock("WireMock", warm_up_seconds=6, changes_each=250),
    WireMock("WireMock, fixed replies", warm_up_seconds=6, has_state=False),
    Prism("Prism", warm_up_seconds=2, changes_each=250),
    HttpServer("pytest-httpserver"),
    HttpServer("pytest-httpserver, fixed reply"),
    JsonServer("json-server"),
    Moto("moto"),
    LocalStripe("localstripe", changes_each=20),
)
OURS = Ours("mock_sendpilot", changes_each=250)


def _missing_file(path: Path) -> str | None:
    return None if path.exists() else f"not installed; {REMEDY}"


def _missing_node() -> str | None:
    return None if shutil.which("node") else "node is not installed"


def _fields(head: str) -> dict[str, str]:
    """Read headers as they go over the wire; the client adds Host and Content-Length itself."""
    fields = dict(line.split(": ", 1) for line in head.split("\r\n"))
    return {name: value for name, value in fields.items() if name not in _OWN_FIELDS}


def _patches_of_leads(count: int) -> Streams:
    return [patches(number) for number in range(count)]


def _post_form(port: int, path: str, body: str) -> bytes:
    return request(port, "POST", path, body=body, headers=_fields(_FORM))


def _new_customer(port: int) -> str:
    return str(json.loads(_post_form(port, "/v1/customers", "email=benchmark@example.com"))["id"])


def _customer_updates(customer_id: str) -> list[str]:
    path = f"/v1/customers/{customer_id}"
    return [message("POST", path, f"description={text}", _FORM) for text in STATUSES]


def _plain_patch(number: int, status: str) -> str:
    headers = f"Content-Type: application/json\r\nX-API-Key: {KEY}"
    return message("PATCH", f"/leads/{lead_id(number)}", json.dumps({"status": status}), headers)


def _item_update(number: int, status: str) -> str:
    return _dynamodb(
        "UpdateItem",
        {
            "TableName": "leads",
            "Key": {"id": {"S": lead_id(number)}},
            "UpdateExpression": "SET #status = :status",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":status": {"S": status}},
            "ReturnValues": "ALL_NEW",
        },
    )


def _dynamodb(action: str, body: Mapping[str, object]) -> str:
    headers = (
        "Content-Type: application/x-amz-json-1.0\r\n"
        f"X-Amz-Target: DynamoDB_20120810.{action}\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/dynamodb/aws4_request,"
        " SignedHeaders=host, Signature=none"
    )
    return message("POST", "/", json.dumps(body), headers)


def _openapi(webhook_url: str | None) -> dict[str, object]:
    """Describe the PATCH with examples, which Prism replies with and sends."""
    text = {"type": "string"}
    status = {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "string", "enum": [*STATUSES, "DONE"]}},
    }
    reply = {"schema": {"type": "object"}, "example": wiremock.reply(lead_id(0), *STATUSES)}
    operation: dict[str, object] = {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": text}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": status}}},
        "responses": {"200": {"description": "", "content": {"application/json": reply}}},
        "security": [{"key": []}],
    }
    if webhook_url:
        event = {"schema": {"type": "object"}, "example": wiremock.EVENT}
        post = {
            "requestBody": {"content": {"application/json": event}},
            "responses": {"200": {"description": ""}},
        }
        operation["callbacks"] = {"changed": {webhook_url: {"post": post}}}
    scheme = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    return {
        "openapi": "3.0.3",
        "info": {"title": "PATCH", "version": "1"},
        "components": {"securitySchemes": {"key": scheme}},
        "paths": {"/v1/leads/{id}/status": {"patch": operation}},
    }
