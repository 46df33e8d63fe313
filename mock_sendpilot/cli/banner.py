"""What `start` says when it is ready: a banner for people, one line of JSON for programs."""

import os
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import orjson

from mock_sendpilot.cli.options import PREFIX, wants_colour
from mock_sendpilot.cli.words import counted
from mock_sendpilot.control.exposure import is_loopback, is_public
from mock_sendpilot.redaction import masked, redacted
from mock_sendpilot.version import __version__

if TYPE_CHECKING:
    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.world.workspace import Workspace

_WIDTH = 11


def as_json(server: "EmulatorServer") -> str:
    """One line with everything a script needs to go on."""
    return orjson.dumps(_facts(server)).decode()


def as_text(server: "EmulatorServer", *, shows_secrets: bool) -> str:
    """Return the banner.

    Args:
        server: what is served.
        shows_secrets: whether keys and secrets stand there in full; if not, those that everybody
            knows still do.
    """
    facts = _facts(server)
    is_masked = not shows_secrets and _mask(facts)
    lines = [
        "",
        f"  {_bold(f'mock_sendpilot {__version__}')}  the SendPilot API on your own machine",
        "",
        _row("Base URL", f"{_bold(facts['baseUrl'])}  for https://api.sendpilot.ai/v1"),
        *_address_rows(server),
        _row("Docs", f"{facts['docsUrl']}  to read and to try out"),
        _row("Control", _control(facts)),
        *_chaos_rows(facts["chaos"]),
        "",
    ]
    for workspace in facts["workspaces"]:
        lines += _workspace_rows(workspace)
    if is_masked:
        lines += ["", "  Keys and secrets are cut short; --show-secrets prints them in full."]
    lines += [
        "",
        "  Try it:",
        "",
        *_curl(server, facts, is_masked=is_masked),
        "",
        "  Ctrl+C stops the server.",
        "",
    ]
    text = "\n".join(lines)
    return text if wants_colour() else click.unstyle(text)


def _facts(server: "EmulatorServer") -> dict[str, Any]:
    spaces = server.emulator.workspaces()
    return {
        "version": __version__,
        "pid": os.getpid(),
        "host": server.host,
        "origin": server.origin,
        "baseUrl": server.base_url,
        "docsUrl": f"{server.origin}/docs/",
        "controlUrl": server.control_url,
        "controlNeedsToken": server.needs_control_token,
        "contract": server.emulator.contract.name,
        "chaos": _chaos(server),
        "workspaces": [_workspace_facts(server, workspace) for workspace in spaces],
    }


def _chaos(server: "EmulatorServer") -> dict[str, Any] | None:
    """The chaos that the server was started with; every workspace has the same."""
    for workspace in server.emulator.workspaces():
        for disruption in server.emulator.outbox(workspace).disruptions.all():
            return {"rate": disruption.options["rate"], "randomSeed": disruption.random_seed}
    return None


def _workspace_facts(server: "EmulatorServer", workspace: "Workspace") -> dict[str, Any]:
    keys = server.emulator.api_keys(workspace)
    return {
        "id": workspace.id,
        "name": workspace.name,
        "contract": workspace.contract.name,
        "apiKeys": [key.key for key in keys if not key.is_revoked],
        "leads": len(workspace.store.leads()),
        "endpoints": [
            {
                "id": endpoint.id,
                "url": endpoint.url,
                "events": endpoint.event_types,
                "secret": endpoint.secret,
            }
            for endpoint in server.emulator.outbox(workspace).endpoints.all()
        ],
    }


def _mask(facts: dict[str, Any]) -> bool:
    """Cut short what a log should not hold, and return whether there was anything."""
    is_masked = False
    for workspace in facts["workspaces"]:
        keys = workspace["apiKeys"]
        workspace["apiKeys"] = [key if is_public(key) else masked(key) for key in keys]
        is_masked |= keys != workspace["apiKeys"] or bool(workspace["endpoints"])
        for endpoint in workspace["endpoints"]:
            endpoint |= {"url": redacted(endpoint["url"]), "secret": masked(endpoint["secret"])}
    return is_masked


def _address_rows(server: "EmulatorServer") -> Iterator[str]:
    if not is_loopback(server.host):
        yield _row("Listening", f"on {server.host}, where other machines can reach it")


def _control(facts: dict[str, Any]) -> str:
    if facts["controlUrl"] is None:
        return "left out"
    token = "  asks for its token" if facts["controlNeedsToken"] else ""
    return f"{facts['controlUrl']}{token}"


def _chaos_rows(chaos: dict[str, Any] | None) -> Iterator[str]:
    if chaos is not None:
        again = f"--chaos {chaos['rate']:g}:{chaos['randomSeed']}"
        yield _row("Chaos", f"{chaos['rate']:.0%} of deliveries; the same again: {_bold(again)}")


def _workspace_rows(workspace: dict[str, Any]) -> Iterator[str]:
    leads = counted(workspace["leads"], "lead")
    about = f"{workspace['name']}, {leads}, contract {workspace['contract']}"
    yield _row("Workspace", f"{workspace['id']}  {about}")
    for key in workspace["apiKeys"]:
        yield _row("  API key", _bold(key))
    for endpoint in workspace["endpoints"]:
        events = ", ".join(endpoint["events"] or ["all events"])
        yield _row("  webhook", f"{endpoint['url']}  {events}")
        yield _row("  secret", endpoint["secret"])
    if not workspace["endpoints"]:
        yield _row("  webhook", "none; add one with --webhook http://127.0.0.1:9000/webhooks")


def _curl(server: "EmulatorServer", facts: dict[str, Any], *, is_masked: bool) -> list[str]:
    """A request to copy: the vendor's own example where its lead is there."""
    for workspace, shown in zip(server.emulator.workspaces(), facts["workspaces"], strict=True):
        leads = workspace.store.leads()
        if leads and shown["apiKeys"]:
            key = shlex.quote(f"X-API-Key: {shown['apiKeys'][0]}")
            if is_masked and not is_public(key):
                key = f'"X-API-Key: ${PREFIX}API_KEY"'
            status = workspace.contract.patch_statuses[-1]
            if "OPPORTUNITY" in workspace.contract.patch_statuses:
                status = "OPPORTUNITY"
            return [
                f"    curl -X PATCH {facts['baseUrl']}/leads/{leads[0].id}/status \\",
                f"      -H {key} \\",
                "      -H 'Content-Type: application/json' \\",
                f'      -d \'{{"status": "{status}"}}\'',
            ]
    return [f"    curl {facts['origin']}/health"]


def _row(label: str, text: str) -> str:
    return f"  {click.style(label.ljust(_WIDTH), dim=True)} {text}"


def _bold(text: str) -> str:
    return click.style(text, bold=True)
