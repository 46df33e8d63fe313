"""Formats: times, durations, counts and states as the pages show them."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from markupsafe import Markup, escape

from mock_sendpilot.redaction import is_secret_name, masked, redacted
from mock_sendpilot.scheduling.clock import epoch_milliseconds, iso_milliseconds

__all__ = ["FILTERS", "duration", "masked"]

MAX_COLORED = 40_000
"""Of characters: each token is an element, and a long text would have too many."""
_JSON_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\\n]|\\.)*"(?=:))|(?P<text>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<value>-?\b\d[\d.eE+-]*|\b(?:true|false|null)\b)"
)
_BEGINNINGS: Mapping[str, Markup] = {
    name: Markup('<span class="{}">').format(name) for name in ("key", "text", "value")
}
_END = Markup("</span>")
_BREAKS = re.compile(r"(?<=[^:/]/)(?=[^/])|(?<=[?&=])|(?<=\.)(?=[A-Za-z])")
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_TONES: Mapping[str, str] = {
    **dict.fromkeys(
        ("succeeded", "started", "done", "active", "completed", "enabled", "connected"), "good"
    ),
    **dict.fromkeys(("exhausted", "failed", "error", "disconnected"), "bad"),
    **dict.fromkeys(("paused", "cancelled", "dropped", "rate_limited", "disabled"), "warn"),
    **dict.fromkeys(("pending", "running", "draft", "processing"), "wait"),
    **dict.fromkeys(("OPPORTUNITY", "MEETING_BOOKED", "SUCCESS", "CLOSED", "INTERESTED"), "good"),
    **dict.fromkeys(
        ("FAILED", "BLOCKED", "PROFILE_UNREACHABLE", "RATE_LIMITED", "UNSUBSCRIBED"), "bad"
    ),
    **dict.fromkeys(
        ("NOT_INTERESTED", "IRRELEVANT", "CONNECTION_WITHDRAWN", "SKIPPED", "STOPPED"), "warn"
    ),
    **dict.fromkeys(("REPLY_RECEIVED", "CONNECTION_ACCEPTED", "CONNECTED"), "news"),
    "PENDING": "wait",
}
_GLYPHS: Mapping[str, str] = {
    "good": "✓",
    "bad": "✕",
    "warn": "!",
    "wait": "◦",
    "news": "●",
    "plain": "–",
}


def tone(state: str) -> str:
    """Return the tone of a state: good, bad, warn, wait, news or plain."""
    return _TONES.get(state, _TONES.get(state.lower(), "plain"))


def tone_of_status(status: int | None) -> str:
    """Return the tone of an HTTP status; None is no response."""
    if status is None:
        return "bad"
    return "good" if status < 300 else "warn" if status < 500 else "bad"  # noqa: PLR2004


def glyph(name: str) -> str:
    """Return a sign for a tone, so that no one needs its color."""
    return _GLYPHS[name]


def words(name: str) -> str:
    """Return a status such as `REPLY_RECEIVED` as words."""
    return name.replace("_", " ").capitalize() if name.isupper() else name.replace("_", " ")


def day(moment: datetime) -> str:
    """Return a date, such as `2026-01-05`."""
    return moment.strftime("%Y-%m-%d")


def time_of_day(moment: datetime) -> str:
    """Return a time, such as `09:00:00`."""
    return moment.strftime("%H:%M:%S")


def date_and_time(moment: datetime) -> str:
    """Return date and time, such as `2026-01-05 09:00:00`."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def duration(span: timedelta | float) -> str:
    """Return a span of time in its two largest units, such as `1 d 3 h`."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    sign = "-" if seconds < 0 else ""
    seconds = abs(seconds)
    if seconds < 1:
        return f"{sign}{seconds * 1000:.0f} ms"
    if seconds < 10 and seconds % 1:  # noqa: PLR2004
        return f"{sign}{seconds:.1f} s".replace(".0", "")
    rest = math.ceil(seconds) if seconds < _MINUTE else round(seconds)
    parts: list[tuple[int, str]] = []
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append((count, unit))
    return sign + " ".join(f"{count} {unit}" for count, unit in parts[:2] if count)


def number(count: int) -> str:
    """Return a number with commas between thousands."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as `2 leads`."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def pretty(value: Any) -> str:
    """Return JSON on several lines; text that is no JSON as it is."""
    if isinstance(value, bytes | str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value if isinstance(value, str) else value.decode("utf-8", "replace")
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def json(value: Any) -> str:
    """Return JSON on one line."""
    return orjson.dumps(value).decode()


def colored(text: str) -> Markup:
    """Return JSON of several lines with its keys and values as elements; other text as it is."""
    if not text.startswith(("{", "[")) or len(text) > MAX_COLORED:
        return escape(text)
    parts: list[Markup] = []
    end = 0
    for match in _JSON_TOKEN.finditer(text):
        beginning = _BEGINNINGS[match.lastgroup or ""]
        parts += [escape(text[end : match.start()]), beginning, escape(match.group()), _END]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def breakable(text: str) -> Markup:
    """Return a name, a path or a URL that a browser may break after its separators."""
    return Markup("<wbr>").join(escape(part) for part in _BREAKS.split(text))


def sentence(text: str) -> str:
    """Return a text with a capital letter, unless it begins with a URL, and without backquotes."""
    text = text.replace("`", "")
    return text if text.startswith("http") else text[:1].upper() + text[1:]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "tone": tone,
    "tone_of_status": tone_of_status,
    "glyph": glyph,
    "words": words,
    "day": day,
    "time_of_day": time_of_day,
    "date_and_time": date_and_time,
    "iso": iso_milliseconds,
    "epoch": epoch_milliseconds,
    "duration": duration,
    "number": number,
    "plural": plural,
    "pretty": pretty,
    "json": json,
    "colored": colored,
    "breakable": breakable,
    "sentence": sentence,
    "masked": masked,
    "redacted": redacted,
    "is_secret_name": is_secret_name,
}
