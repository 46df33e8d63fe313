"""A small seed that is right, and a way to put one thing of it wrong."""

import copy
import re
from typing import Any

import orjson

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.world.seed import WorkspaceSeed
from tests.conftest import NOW

GONE = object()
"""In place of a value: the key is left out."""

WORLD: dict[str, Any] = {
    "workspaces": [
        {
            "id": "ws_a",
            "name": "A",
            "apiKeys": [{"key": "key_a"}],
            "senders": [
                {"id": "snd_a", "name": "Sam", "linkedinUrl": "https://www.linkedin.com/in/sam"}
            ],
            "campaigns": [{"id": "camp_a", "name": "Campaign", "senderIds": ["snd_a"]}],
            "leads": [
                {
                    "id": "lead_a",
                    "linkedinUrl": "https://www.linkedin.com/in/ann",
                    "campaignId": "camp_a",
                },
                {
                    "id": "lead_b",
                    "linkedinUrl": "https://www.linkedin.com/in/bob",
                    "campaignId": "camp_a",
                },
            ],
            "endpoints": [{"url": "http://127.0.0.1:9000/hooks"}],
        },
        {"id": "ws_b", "name": "B", "apiKeys": [{"key": "key_b"}]},
    ]
}


def world_with(path: str, value: object) -> bytes:
    """The world with another value at a path such as `workspaces[0].leads[1].id`."""
    world: Any = copy.deepcopy(WORLD)
    *parents, last = [int(n) if n else key for n, key in re.findall(r"\[(\d+)\]|(\w+)", path)]
    part = world
    for step in parents:
        part = part[step]
    if value is GONE:
        del part[last]
    elif isinstance(part, list) and last == len(part):
        part.append(value)
    else:
        part[last] = value
    return orjson.dumps(world)


def parsed(text: bytes, contract: str = "documented") -> list[WorkspaceSeed]:
    return parse_seed(text, now=NOW, default_contract=named_contract(contract))


def problems(text: bytes, contract: str = "documented") -> list[str]:
    """The problems of a seed; nothing if it is accepted."""
    try:
        parsed(text, contract)
    except InvalidInput as error:
        return list(error.problems)
    return []
