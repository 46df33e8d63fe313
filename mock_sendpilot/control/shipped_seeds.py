"""The seeds that come with the package: the demo world, and an empty one.

The demo world is valid, so a start loads it without the checks of other seeds, and without the
schemas that make them. A test loads it both ways, and compares. A file that somebody has changed is
checked as any other.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from mock_sendpilot.contracts.contract import Contract, named_contract
from mock_sendpilot.control.seed_parts import EMPTY, Part, workspace_seed
from mock_sendpilot.scheduling.clock import parse_moment
from mock_sendpilot.scheduling.durations import parse_duration
from mock_sendpilot.world.limits import parse_rate_limit
from mock_sendpilot.world.models import ApiKey, Step
from mock_sendpilot.world.seed import WorkspaceSeed

DEMO = "demo.json"
CHECKED_SHA256 = "6e8f6f267076aefdb99e8572c008fb0ffc1454bef98c7c6cba01acc157f1b916"
"""The digest of the demo world that the tests have checked."""
_CAPITAL = re.compile("[A-Z]")
_OTHER_NAMES: Mapping[str, str] = {"premium": "is_premium", "step": "kind"}
"""The Python names of the keys that have another one there."""
_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "after": parse_duration,
    "answers": tuple,
    "contract": named_contract,
    "createdAt": parse_moment,
    "expiresAfter": parse_duration,
    "expiresAt": parse_moment,
    "rateLimit": parse_rate_limit,
    "respondsAfter": lambda durations: tuple(map(parse_duration, durations)),
    "sentAt": parse_moment,
    "updatedAt": parse_moment,
}
"""The functions that make values of texts, by key."""


def demo_text() -> bytes:
    """Return the demo world, which is in `fixtures/` of a checkout and in the package elsewhere."""
    package = Path(__file__).parents[1]
    shipped = package / "fixtures" / DEMO
    if shipped.is_file():
        return shipped.read_bytes()
    return (package.parent / "fixtures" / DEMO).read_bytes()


def empty_seed(api_key: str = "YOUR_API_KEY") -> WorkspaceSeed:
    """Return a workspace with nothing but one key, by default that of the vendor's example."""
    return WorkspaceSeed(id="ws_empty", name="Empty", api_keys=(ApiKey(key=api_key),))


def demo_seeds(now: datetime, contract: Contract) -> list[WorkspaceSeed]:
    """Return the workspaces of the demo world.

    Args:
        now: a time that is left out.
        contract: of workspaces that name none.

    Raises:
        InvalidInput: the file was changed, and is no valid seed.
    """
    text = demo_text()
    if hashlib.sha256(text).hexdigest() != CHECKED_SHA256:
        from mock_sendpilot.control.seed_loading import parse_seed

        return parse_seed(text, now=now, default_contract=contract)
    document = orjson.loads(text)
    return [workspace_seed(_workspace(one), now) for one in document["workspaces"]]


def _workspace(values: Mapping[str, Any]) -> Part:
    part: Part = {**EMPTY, **_part(values)}
    part["api_keys"] = [_part(one, name="") for one in part["api_keys"]]
    part["senders"] = [
        _part(one, connections=(), is_premium=False, limits={}) for one in part["senders"]
    ]
    part["campaigns"] = [_campaign(one) for one in part["campaigns"]]
    part["leads"] = [_part(one, custom_fields={}) for one in part["leads"]]
    part["conversations"] = [_conversation(one) for one in part["conversations"]]
    no_contact = dict.fromkeys(("company_linkedin_url", "email", "phone", "website"))
    part["people"] = [_part(one, **no_contact) for one in part["people"]]
    if "credits" in part:
        part["credits"] = _part(part["credits"], monthly=0)
    return part


def _campaign(values: Mapping[str, Any]) -> Part:
    part = _part(values, counters={}, sender_ids=(), sequence=(), type="outreach")
    return {**part, "sequence": [Step(**_part(step)) for step in part["sequence"]]}


def _conversation(values: Mapping[str, Any]) -> Part:
    part = _part(values, unread_count=0)
    return {**part, "messages": [_part(message) for message in part["messages"]]}


def _part(values: Mapping[str, Any], **defaults: Any) -> Part:
    """Return an object of the file as its schema loads it, but for the objects within it."""
    part = defaults
    for key, value in values.items():
        convert = _CONVERSIONS.get(key)
        part[_python_name(key)] = value if convert is None or value is None else convert(value)
    return part


@cache
def _python_name(key: str) -> str:
    """Return the name in Python of a key in camelCase."""
    return _OTHER_NAMES.get(key) or _CAPITAL.sub(lambda letter: f"_{letter[0].lower()}", key)
