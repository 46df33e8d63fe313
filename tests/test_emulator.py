"""The emulator: the cost of a workspace among many, and its keys."""

import itertools
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.support import occupied_bytes


def line_count(act: Callable[[], object]) -> int:
    """Return the number of Python lines that run."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def empty(number: int) -> WorkspaceSeed:
    return WorkspaceSeed(id=f"ws_{number}", name="W", api_keys=(ApiKey(key=f"key_{number}"),))


def seed(number: int) -> WorkspaceSeed:
    return replace(empty(number), endpoints=(EndpointSeed(url="http://127.0.0.1:9/"),))


def lines_among(others: int) -> list[int]:
    """Count the lines that run to add a workspace to others, list its keys and remove it."""
    emulator = Emulator(random_seed="tests")
    emulator.load(map(seed, range(others)))
    added: list[Any] = []
    try:
        return [
            line_count(lambda: added.append(emulator.add_workspace(seed(others)))),
            line_count(lambda: emulator.api_keys(added[0])),
            line_count(lambda: emulator.remove_workspace(added[0])),
        ]
    finally:
        emulator.close()


def test_a_workspace_costs_the_same_among_few_and_many() -> None:
    few, many = lines_among(5), lines_among(500)

    assert all(abs(one - other) < 50 for one, other in zip(few, many, strict=True)), (few, many)


def test_an_empty_workspace_occupies_at_most_10_kb() -> None:
    emulator, numbers = Emulator(), itertools.count()

    def add(count: int) -> list[Workspace]:
        return [emulator.add_workspace(empty(next(numbers))) for _ in range(count)]

    occupied = occupied_bytes(lambda: add(500)) / 500
    emulator.close()
    # An object without slots, of which a workspace has eleven, is larger in Python 3.10.
    assert occupied < (10_000 if sys.version_info >= (3, 11) else 11_000)


def test_a_key_given_twice_is_removed_once() -> None:
    emulator = Emulator(random_seed="tests")
    twice = WorkspaceSeed(id="ws_1", name="W", api_keys=(ApiKey(key="k"), ApiKey(key="k")))
    workspace = emulator.add_workspace(twice)
    emulator.remove_workspace(workspace)

    assert emulator.api_keys(workspace) == []
    emulator.close()
