"""A schedule as a story: numbered sentences, and a sequence diagram as text or SVG."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Literal

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.explorer.playing import Played, event_types
from mock_sendpilot.explorer.steps import (
    EVENTS,
    Advance,
    Change,
    Event,
    Moment,
    Reply,
    Resend,
    Schedule,
    Step,
    Together,
    Unknown,
)
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.webhooks.deliveries import Attempt
from mock_sendpilot.webhooks.disruption_kinds import KINDS

_MOMENTS: Mapping[Moment, str] = {
    "reading": "once it has read the body",
    "working": "while it works",
    "answering": "before its response arrives",
    "answered": "after its response",
}
_UNITS = ((24 * 3600, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_END = "Everything is delivered; what was dropped is resent."


def sentence(step: Step, contract: Contract) -> str:
    """Return a step as a sentence."""
    if isinstance(step, EVENTS):
        return f"{_capital(_happening(step))}{_hostility(step, contract)}."
    if isinstance(step, Together):
        return _together(step)
    if isinstance(step, Advance):
        return f"{_duration(step.seconds)}."
    if isinstance(step, Resend):
        which = "The latest event" if step.back == 1 else f"The event {step.back} from the end"
        return f"{which} is sent once more."
    if isinstance(step, Unknown):
        return "An event of a type that no contract has is sent."
    return "The receiver is restarted."


def _together(step: Together) -> str:
    if step.second is None:
        happening = _capital(_happening(step.first))
        return f"{happening}; its webhooks arrive twice at the same time."
    return f"At the same time: {_happening(step.first)}, and {_happening(step.second)}."


def _happening(step: Event) -> str:
    if isinstance(step, Change):
        return f"the status of lead_{step.lead} changes to {step.status}"
    if isinstance(step, Reply):
        return f"lead_{step.lead} replies"
    return f"a message is sent to lead_{step.lead}"


def _hostility(step: Event, contract: Contract) -> str:
    if step.killed is not None:
        return f"; the receiver of its webhook is killed {_MOMENTS[step.killed]}, and restarted"
    if step.disrupted is None:
        return ""
    types = event_types(step, contract)
    event_type = types[min(step.disrupted.webhook, len(types) - 1)]
    about = KINDS[step.disrupted.kind].about.partition(";")[0]
    for name, number in step.disrupted.options.items():
        about = about.replace(
            f"`{name}`", f"{number:g} {name}" if name != "bytes" else f"{number:g}"
        )
    about = re.sub(r"`(\w+)`", r"some \1", about)
    return f"; its webhook {event_type} {about} ({step.disrupted.kind})"


def _capital(text: str) -> str:
    # The id of a lead stays as it is.
    return text if text.startswith("lead_") else f"{text[0].upper()}{text[1:]}"


def _duration(seconds: int) -> str:
    parts = []
    for size, name in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    verb = "passes" if len(parts) == 1 and parts[0].startswith("1 ") else "pass"
    return f"{' '.join(parts) or 'No time'} {verb}"


def numbered(schedule: Schedule, contract: Contract) -> list[str]:
    """Return the sentences of a schedule, numbered, with its end."""
    sentences = [*(sentence(step, contract) for step in schedule), _END]
    width = len(str(len(sentences)))
    return [f"{number:>{width}}. {one}" for number, one in enumerate(sentences, start=1)]


# --- the sequence diagram ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the diagram: a step, a request, a response, or a request without a response."""

    kind: Literal["step", "request", "response", "lost"]
    text: str


def diagram_rows(schedule: Schedule, played: Played, contract: Contract) -> list[Row]:
    """Return the rows of the diagram of a schedule that was played."""
    return list(_rows(schedule, played, contract))


def _rows(schedule: Schedule, played: Played, contract: Contract) -> Iterator[Row]:
    numbers: dict[str, int] = {}
    sentences = numbered(schedule, contract)
    # A play that timed out has fewer groups than steps.
    groups = [*played.attempts[:-1], *[[]] * len(schedule)][: len(schedule)]
    for text, attempts in zip(sentences, [*groups, played.attempts[-1]], strict=True):
        yield Row("step", text)
        for delivery, attempt in attempts:
            number = numbers.setdefault(delivery.event_id, len(numbers) + 1)
            mark = attempt.disruption or (attempt.trigger if attempt.trigger != "schedule" else "")
            about = f" ({mark})" if mark else ""
            yield Row("request", f"#{number} {delivery.event_type}{about}")
            yield _response(attempt)


def _response(attempt: Attempt) -> Row:
    if attempt.response is not None:
        return Row("response", str(attempt.response.status_code))
    return Row("lost", (attempt.error or "no response").partition(";")[0])


_WIDTH = 76
_LANE = 56  # between the two lifelines
_MARGIN = 4


def text_diagram(rows: Sequence[Row]) -> str:
    """Return the diagram in at most 76 columns."""
    pad = " " * _MARGIN
    lines = [f"SendPilot{' ' * (_LANE - 6)}the app"]
    for row in rows:
        if row.kind == "step":
            lines += [f"{pad}|{' ' * _LANE}|", *wrapped(row.text)]
        elif row.kind == "request":
            label = f"-- {row.text} "[: _LANE - 1]
            lines.append(f"{pad}|{label.ljust(_LANE - 1, '-')}>|")
        elif row.kind == "response":
            label = f" {row.text} --"
            lines.append(f"{pad}|<{label.rjust(_LANE - 1, '-')}|")
        else:
            label = f" {row.text} "[: _LANE - 4]
            lines.append(f"{pad}|x{label.ljust(_LANE - 1)}|")
    return "\n".join(line.rstrip() for line in lines)


def wrapped(text: str) -> list[str]:
    """Return the lines of a numbered sentence, in at most 76 columns."""
    indent = " " * (text.index(".") + 2)  # behind the number
    return textwrap.wrap(text, _WIDTH, subsequent_indent=indent, break_on_hyphens=False)


_LEFT, _RIGHT, _LINE_HEIGHT, _PICTURE_WIDTH = 60, 620, 22, 700
_STYLE = (
    "text{font:13px sans-serif;fill:#1b1f24}.s{font-weight:600}text.x{fill:#b3261e}"
    "line{stroke:#57606a}.r{stroke:#0b5cad}.a{stroke:#1a7f37}.x{stroke:#b3261e}"
)


def svg_diagram(rows: Sequence[Row]) -> str:
    """Return the diagram as an SVG document."""
    parts, y = [], 40
    for row in rows:
        if row.kind == "step":
            y += 8
            for line in wrapped(row.text):
                parts.append(f'<text class="s" x="10" y="{y}">{escape(line.strip())}</text>')
                y += _LINE_HEIGHT
            continue
        parts += _svg_row(row, y)
        y += _LINE_HEIGHT
    lifelines = "".join(
        f'<line x1="{x}" y1="30" x2="{x}" y2="{y}" stroke-dasharray="3 4"/>'
        f'<text x="{x}" y="20" text-anchor="middle">{name}</text>'
        for x, name in ((_LEFT, "SendPilot"), (_RIGHT, "the app"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_PICTURE_WIDTH}" height="{y + 20}">'
        f"<title>What the app does not survive</title><style>{_STYLE}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{lifelines}{"".join(parts)}</svg>\n'
    )


def _svg_row(row: Row, y: int) -> list[str]:
    middle, text = (_LEFT + _RIGHT) // 2, escape(row.text)
    if row.kind == "request":
        ends, head, name = (_LEFT, _RIGHT), _RIGHT - 8, "r"
    elif row.kind == "response":
        ends, head, name = (_RIGHT, _LEFT), _LEFT + 8, "a"
    else:
        ends, head, name = (_RIGHT, middle), middle, "x"
    tip = ends[1]
    return [
        f'<line class="{name}" x1="{ends[0]}" y1="{y}" x2="{tip}" y2="{y}"/>',
        f'<line class="{name}" x1="{head}" y1="{y - 4}" x2="{tip}" y2="{y}"/>',
        f'<line class="{name}" x1="{head}" y1="{y + 4}" x2="{tip}" y2="{y}"/>',
        f'<text class="{name}" x="{middle}" y="{y - 4}" text-anchor="middle">{text}</text>',
    ]
