"""Runs pytest in a stranger's project."""

from collections.abc import Collection
from importlib.metadata import entry_points

import pytest


def run(
    pytester: pytest.Pytester, *arguments: str, beside: Collection[str] = ()
) -> pytest.RunResult:
    """Run the tests of `pytester` in another process, where warnings are errors.

    Args:
        pytester: it holds the project.
        arguments: of pytest.
        beside: the entry points of further plugins. Importing all that happen to be installed
            takes three times as long as a test.
    """
    names = {point.name for point in entry_points(group="pytest11")} - {"mock_sendpilot", *beside}
    blocked = [word for name in sorted(names) for word in ("-p", f"no:{name}")]
    return pytester.runpytest_subprocess(
        "-W", "error", "-p", "no:cacheprovider", *blocked, *arguments
    )
