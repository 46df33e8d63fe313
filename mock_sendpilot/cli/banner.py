"""The banner that `start` prints: text for people, one line of JSON for programs."""

import os
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import orjson

from mock_sendpilot.cli.client import ENV_PREFIX
from mock_sendpilot.cli.formatting import count_of, uses_color
from mock_sendpilot.control.exposure import is_public
from mock_sendpilot.network import is_loopback
from mock_sendpilot.paths import VENDOR_PREFIX
from mock_sendpilot.redaction import masked, redacted
from mock_sendpilot.version import __version__

if TYPE_CHECKING:
    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.tls.gateway import HttpsPort
    from mock_sendpilot.world.workspace import Workspace

_LABEL_WIDTH = 11


def json_banner(server: "EmulatorServer", https: "HttpsPort | None" = None) -> str:
    """Return a line of JSON with everything that a script needs."""
    return orjson.dumps(_facts(server, https)).decode()


def text_banner(
    server: "EmulatorServer", https: "HttpsPort | None" = None, *, shows_secrets: bool
) -> str:
    """Return the text.

    Args:
        server: the server that is served.
        https: its https port, if it has one.
        shows_secrets: print keys and secrets in full; without it only well-known ones are.
    """
    facts = _facts(server, https)
    is_masked = not shows_secrets and _mask_secrets(facts)
    lines = [
        "",
        f"  {_bold(f'mock_sendpilot {__version__}')}  the SendPilot API on your own machine",
        "",
        _row("Base URL", f"{_bold(facts['baseUrl'])}  for https://api.sendpilot.ai/v1"),
    ]
    if https is not None:
        trust = f"trust {https.certificate_file}"
        lines.append(_row("HTTPS", f"{_bold(facts['https']['baseUrl'])}  {trust}"))
    if not is_loopback(server.host):
        lines.append(_row("Listening", f"on {server.host}, where other machines can reach it"))
    if facts["dashboardUrl"]:
        lines.append(_row("Dashboard", f"{facts['dashboardUrl']}  to look and to act"))
    lines.append(_row("Docs", f"{facts['docsUrl']}  to read and to try out"))
    token = "  requires its token" if facts["controlNeedsToken"] else ""
    control = "not served" if facts["controlUrl"] is None else f"{facts['controlUrl']}{token}"
    lines.append(_row("Control", control))
    if facts["chaos"] is not None:
        rate, seed = facts["chaos"]["rate"], facts["chaos"]["randomSeed"]
        repeat = _bold(f"--chaos {rate:g}:{seed}")
        lines.append(_row("Chaos", f"{rate:.0%} of deliveries; to repeat it: {repeat}"))
    lines.append("")
    for workspace in facts["workspaces"]:
        lines += _workspace_rows(workspace)
    if is_masked:
        lines += ["", "  Keys and secrets are cut short; --show-secrets prints them in full."]
    lines += ["", "  Try it:", "", *_curl_lines(server, facts, is_masked=is_masked)]
    lines += ["", "  Ctrl+C stops the server.", ""]
    text = "\n".join(lines)
    return text if uses_color() else click.unstyle(text)


def _facts(server: "EmulatorServer", https: "HttpsPort | None") -> dict[str, Any]:
    workspaces = server.emulator.workspaces()
    return {
        "version": __version__,
        "pid": os.getpid(),
        "host": server.host,
        "origin": server.origin,
        "baseUrl": server.base_url,
        "dashboardUrl": server.dashboard_url,
        "https": None
        if https is None
        else {
            "baseUrl": https.origin + VENDOR_PREFIX,
            "certificateFile": str(https.certificate_file),
        },
        "docsUrl": f"{server.origin}/docs/",
        "controlUrl": server.control_url,
        "controlNeedsToken": server.needs_control_token,
        "contract": server.emulator.contract.name,
        "chaos": _chaos_facts(server),
        "workspaces": [_workspace_facts(server, workspace) for workspace in workspaces],
    }


def _chaos_facts(server: "EmulatorServer") -> dict[str, Any] | None:
    """Return the chaos that the server was started with, the same in every workspace."""
    for workspace in server.emulator.workspaces():
        for disruption in server.emulator.outbox(workspace).disruptions.all():
            if disruption.chaos is not None:  # a state file may have other disruptions, too
                return {"rate": disruption.options["rate"], "randomSeed": disruption.random_seed}
    return None


def _workspace_facts(server: "EmulatorServer", workspace: "Workspace") -> dict[str, Any]:
    keys = server.emulator.api_keys(workspace)
    return {
        "id": workspace.id,
        "name": workspace.name,
        "contract": workspace.contract.name,
        "apiKeys": [key.key for key in keys if not key.is_revoked],
        "leads": workspace.store.lead_count(),
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


def _mask_secrets(facts: dict[str, Any]) -> bool:
    """Cut keys and secrets short, and return whether there were any."""
    is_masked = False
    for workspace in facts["workspaces"]:
        keys = workspace["apiKeys"]
        workspace["apiKeys"] = [key if is_public(key) else masked(key) for key in keys]
        is_masked |= keys != workspace["apiKeys"] or bool(workspace["endpoints"])
        for endpoint in workspace["endpoints"]:
            endpoint |= {"url": redacted(endpoint["url"]), "secret": masked(endpoint["secret"])}
    return is_masked


def _workspace_rows(workspace: dict[str, Any]) -> Iterator[str]:
    leads = count_of(workspace["leads"], "lead")
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


def _curl_lines(server: "EmulatorServer", facts: dict[str, Any], *, is_masked: bool) -> list[str]:
    """Return a request to copy: the vendor's own example if its lead exists."""
    for workspace, about in zip(server.emulator.workspaces(), facts["workspaces"], strict=True):
        leads, _ = workspace.store.lead_slice(0, 1)
        if leads and about["apiKeys"]:
            key = shlex.quote(f"X-API-Key: {about['apiKeys'][0]}")
            # Half a key is of no use in a command. The commands read their key from a variable, so
            # that is where its owner is likely to have it.
            if is_masked and not is_public(key):
                key = f'"X-API-Key: ${ENV_PREFIX}API_KEY"'
            statuses = workspace.contract.patch_statuses
            status = "OPPORTUNITY" if "OPPORTUNITY" in statuses else statuses[-1]
            return [
                f"    curl -X PATCH {facts['baseUrl']}/leads/{leads[0].id}/status \\",
                f"      -H {key} \\",
                "      -H 'Content-Type: application/json' \\",
                f'      -d \'{{"status": "{status}"}}\'',
            ]
    return [f"    curl {facts['origin']}/health"]


def _row(label: str, text: str) -> str:
    return f"  {click.style(label.ljust(_LABEL_WIDTH), dim=True)} {text}"


def _bold(text: str) -> str:
    return click.style(text, bold=True)
