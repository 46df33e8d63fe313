"""`mock-sendpilot trace`: what led to what, from a request to its webhooks and their effects."""

import sys
from typing import Any

import click

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import print_json, uses_color
from mock_sendpilot.cli.options import client_options, id_argument, json_option
from mock_sendpilot.traffic.trace_tree import (
    ASCII_BRANCHES,
    BRANCHES,
    Trace,
    TraceNode,
)


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot trace req_12\n"
    "  mock-sendpilot trace lead_abc123\n"
    "  mock-sendpilot trace evt_1767225600000_k3v9q2x7d --json"
)
@id_argument
@json_option
@client_options
def trace(resource_id: str, as_json: bool, client: Client) -> None:
    """Show what led to ID, and what ID led to.

    ID is that of a request, an event, a delivery, an attempt (dlv_a1:2), a lead, a campaign or a
    job; or an X-Request-Id.
    """
    reply = client.request("GET", f"/trace/{quote_segment(resource_id)}")
    if as_json:
        print_json(reply)
        return
    found = Trace(
        id=reply["id"],
        roots=tuple(map(_node, reply["roots"])),
        earlier_ids=tuple(reply["earlierIds"]),
        omitted_count=reply["omitted"],
    )
    style = _colored if uses_color() else _plain
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"  # a closed stream is None
    try:
        "".join(BRANCHES).encode(encoding)
        branches = BRANCHES
    except UnicodeEncodeError:
        branches = ASCII_BRANCHES
    for line in found.lines(style=style, branches=branches):
        click.echo(line.encode(encoding, "replace").decode(encoding))


def _node(row: dict[str, Any]) -> TraceNode:
    return TraceNode(
        kind=row["kind"],
        id=row["id"],
        summary=row["summary"],
        offset_seconds=_seconds(row["offsetMs"]),
        duration_seconds=_seconds(row["durationMs"]),
        joined_by=row["joinedBy"],
        has_failed=row["failed"],
        is_missing=row["missing"],
        is_match=row["matched"],
        omitted_count=row["omitted"],
        children=tuple(map(_node, row["children"])),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _plain(_node: TraceNode, text: str) -> str:
    return text


def _colored(node: TraceNode, text: str) -> str:
    """Return the text in red if it failed, faint if it is lost, and bold if it is asked for."""
    if not (node.has_failed or node.is_missing or node.is_match):
        return text
    color = "red" if node.has_failed else None
    return click.style(text, fg=color, dim=node.is_missing or None, bold=node.is_match or None)
