"""Draws `terminal.svg`: a PATCH, and the signed webhook that follows from it.

The response, the event and the signature are real: an emulator makes them under a fixed clock and a
fixed random seed, so the picture is the same every time. `python -m tests.project.pages` draws it.
"""

from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

import orjson

from mock_sendpilot import Emulator, create_app, parse_seed
from mock_sendpilot.cli.options import EXAMPLE_SECRET
from mock_sendpilot.webhooks.signing import sign

_DEMO = Path(__file__).parents[2] / "fixtures" / "demo.json"

_NOW = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
_WIDTH, _LINE_HEIGHT, _LEFT = 860, 19, 22
_BACKGROUND, _BAR = "#1b1e2b", "#2a2f42"
_COLORS = {"$": "#7fdbca", ">": "#c3e88d", "#": "#8a93b2", " ": "#d6deeb"}
"""The color of a line, by its first character: a command, a heading, a note, any other text."""


def draw() -> str:
    """Return the picture as SVG."""
    response, event = _change_lead()
    signature = sign(
        ["documented", "svix"],
        secret=EXAMPLE_SECRET,
        message_id="msg_2uVxR3kQm8dWcT5nLhYb0Zf4PaE",
        timestamp=int(_NOW.timestamp()),
        body=orjson.dumps(event),
    )
    lines = [
        "$ mock-sendpilot start",
        "  Base URL    http://127.0.0.1:7363/v1  for https://api.sendpilot.ai/v1",
        "",
        "$ curl -X PATCH http://127.0.0.1:7363/v1/leads/lead_abc123/status \\",
        '    -H "X-API-Key: YOUR_API_KEY" -H "Content-Type: application/json" \\',
        """    -d '{"status": "OPPORTUNITY"}'""",
        *_json_lines(response),
        "",
        "$ mock-sendpilot listen --receive",
        "> POST",
        "# Content-Type: application/json",
        *(f"# {name}: {value}" for name, value in signature.items()),
        "",
        *_json_lines(event),
    ]
    height = 64 + _LINE_HEIGHT * len(lines)
    text = "\n".join(_text(line, 62 + _LINE_HEIGHT * row) for row, line in enumerate(lines))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" \
viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="A PATCH and the webhook that follows">
<rect width="{_WIDTH}" height="{height}" rx="10" fill="{_BACKGROUND}"/>
<path d="M0 34V10A10 10 0 0 1 10 0H{_WIDTH - 10}A10 10 0 0 1 {_WIDTH} 10V34Z" fill="{_BAR}"/>
<circle cx="22" cy="17" r="6" fill="#ff5f57"/>
<circle cx="42" cy="17" r="6" fill="#febc2e"/>
<circle cx="62" cy="17" r="6" fill="#28c840"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">
{text}
</g>
</svg>
"""


def _change_lead() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the response to a PATCH, and the body of the event that it records."""
    world = orjson.loads(_DEMO.read_bytes())
    for workspace in world["workspaces"]:
        workspace["clock"] = {"startsAt": _NOW.isoformat(), "frozen": True}
    emulator = Emulator(random_seed="picture")
    emulator.load(parse_seed(orjson.dumps(world), now=_NOW))
    client = create_app(emulator).test_client()
    headers = {"X-API-Key": "YOUR_API_KEY"}
    change = {"status": "OPPORTUNITY"}
    response = client.patch("/v1/leads/lead_abc123/status", json=change, headers=headers)
    (latest,) = _json(client.get("/_emulate/events?limit=1", headers=headers))["events"]
    event = _json(client.get(f"/_emulate/events/{latest['id']}", headers=headers))
    emulator.close()
    return _json(response), event["body"]


def _json(response: Any) -> dict[str, Any]:
    content: dict[str, Any] = response.get_json()
    return content


def _json_lines(value: dict[str, Any]) -> list[str]:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().splitlines()


def _text(line: str, y: int) -> str:
    color = _COLORS.get(line[:1], _COLORS[" "])
    text = line.removeprefix("# ").removeprefix("> ")
    return f'<text x="{_LEFT}" y="{y}" fill="{color}" xml:space="preserve">{escape(text)}</text>'
