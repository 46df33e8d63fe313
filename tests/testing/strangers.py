"""Runs pytest in a stranger's project."""

from collections.abc import Collection

import pytest

from tests.support import without_plugins


def run(
    pytester: pytest.Pytester, *arguments: str, beside: Collection[str] = ()
) -> pytest.RunResult:
    """Run the tests of `pytester` in another process, where warnings are errors.

    Args:
        pytester: it holds the project.
        arguments: of pytest.
        beside: the entry points of other plugins that are loaded too.
    """
    plugins = without_plugins(beside=("mock_sendpilot", *beside))
    return pytester.runpytest_subprocess("-W", "error", *plugins, *arguments)
