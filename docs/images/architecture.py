"""Draws `architecture.svg`: the packages, and the way of a change from a request to a webhook.

`python -m tests.project.pages` draws it.
"""

from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 860, 500
_FONT = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"
_STYLES = {
    "outside": ("#f4f5f7", "#8a93b2"),
    "http": ("#e3f0ff", "#3b82c4"),
    "world": ("#e5f6ec", "#3a9a63"),
    "webhooks": ("#fff1de", "#c98a2b"),
    "below": ("#efeafd", "#7c62c9"),
}
"""Fill and border of each kind of box."""


@dataclass(frozen=True)
class _Box:
    x: int
    y: int
    width: int
    height: int
    kind: str
    title: str
    lines: tuple[str, ...]


_BOXES = (
    _Box(20, 20, 190, 62, "outside", "Your app", ("calls the API",)),
    _Box(335, 20, 190, 62, "outside", "You", ("cli/, dashboard/, testing/",)),
    _Box(650, 20, 190, 62, "outside", "Your receiver", ("answers 2xx, or not",)),
    _Box(20, 130, 190, 94, "http", "api/", ("the vendor's face, /v1", "schemas, views, errors")),
    _Box(
        335, 130, 190, 94, "http", "control/", ("the emulator's face,", "/_emulate, seeds, clock")
    ),
    _Box(
        650,
        130,
        190,
        94,
        "webhooks",
        "webhooks/",
        ("event → delivery → attempt", "signed, retried"),
    ),
    _Box(
        20,
        282,
        505,
        94,
        "world",
        "world/",
        (
            "workspaces: leads, campaigns, inbox, credits, jobs",
            "a change is a transaction that records events",
        ),
    ),
    _Box(650, 282, 190, 94, "world", "signals.py", ("events, once they", "are committed")),
    _Box(20, 420, 190, 62, "below", "scheduling/", ("clocks, tasks, threads",)),
    _Box(230, 420, 190, 62, "below", "contracts/", ("options and their values",)),
    _Box(440, 420, 190, 62, "http", "traffic/", ("request journal, faults",)),
    _Box(650, 420, 190, 62, "webhooks", "receiver_check/", ("client_check/, explorer/",)),
)
_ARROWS = (
    ("M115 82V124", "HTTP", 122, 108),
    ("M430 82V124", "HTTP", 437, 108),
    ("M745 130V88", "POST", 752, 112),
    ("M115 224V276", "set_lead_status(…)", 122, 254),
    ("M430 224V276", "", 0, 0),
    ("M525 329H644", "publish", 560, 321),
    ("M745 282V230", "event_recorded", 752, 260),
    ("M525 177H644", "endpoints, triggers", 531, 169),
    ("M115 420V382", "", 0, 0),
    ("M325 420V382", "", 0, 0),
)
"""The path of each arrow, and its label with the place where it begins."""


def draw() -> str:
    """Return the picture as SVG."""
    boxes = "\n".join(_box(box) for box in _BOXES)
    arrows = "\n".join(_arrow(*arrow) for arrow in _ARROWS)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" \
viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="The packages of mock_sendpilot">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" \
orient="auto"><path d="M0 0L8 4L0 8Z" fill="#55607a"/></marker></defs>
<rect width="{_WIDTH}" height="{_HEIGHT}" rx="10" fill="#ffffff"/>
<g font-family="{_FONT}" text-anchor="middle">
{boxes}
</g>
<g font-family="{_FONT}" font-size="12" fill="#55607a">
{arrows}
</g>
</svg>
"""


def _box(box: _Box) -> str:
    fill, border = _STYLES[box.kind]
    middle = box.x + box.width // 2
    first = box.y + box.height // 2 - 9 * len(box.lines) + 5
    size = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}"'
    lines = [
        f'<rect {size} rx="8" fill="{fill}" stroke="{border}" stroke-width="1.5"/>',
        _text(box.title, middle, first, 'font-size="15" font-weight="600" fill="#1b1e2b"'),
    ]
    for number, line in enumerate(box.lines, start=1):
        lines.append(_text(line, middle, first + 18 * number, 'font-size="12.5" fill="#3d4663"'))
    return "\n".join(lines)


def _arrow(path: str, label: str, x: int, y: int) -> str:
    arrow = f'<path d="{path}" stroke="#55607a" stroke-width="1.6" marker-end="url(#tip)"/>'
    return f"{arrow}\n{_text(label, x, y)}" if label else arrow


def _text(text: str, x: int, y: int, attributes: str = "") -> str:
    return f'<text x="{x}" y="{y}" {attributes}>{escape(text)}</text>'.replace(" >", ">")
