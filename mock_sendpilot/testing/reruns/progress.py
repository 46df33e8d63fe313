"""The progress of reruns on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mock_sendpilot.testing.reruns.results import Rerun


class Progress:
    """Shows the reruns of a test: a line each with `-v`, otherwise a count that vanishes."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @contextmanager
    def of_test(self, test: str, name: str, total: int) -> Iterator[Callable[[Rerun], None]]:
        """Return a function to call after each rerun of a test."""
        reporter: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        is_worker = hasattr(self._config, "workerinput")
        is_quiet = reporter is None or is_worker or not total or reporter.verbosity < 0
        if not is_quiet and reporter.verbosity > 0:
            yield lambda rerun: reporter.write_line(
                f"  {name} {test} [{rerun.change}] {rerun.outcome.upper()}"
            )
        elif not is_quiet and reporter.isatty:
            yield from self._counting(name, total)
        else:
            yield lambda _: None

    def _counting(self, name: str, total: int) -> Iterator[Callable[[Rerun], None]]:
        writer = self._config.get_terminal_writer()
        done, width = 0, 0

        def show(text: str) -> None:
            nonlocal width
            # Not by `write`, which notes the text: the line of pytest is as long as before.
            writer._file.write("\b \b" * width + text)
            writer.flush()
            width = len(text)

        def step(_: Rerun) -> None:
            nonlocal done
            done += 1
            text = f" {name} {done}/{total}"
            show(text if writer.width_of_current_line + len(text) < writer.fullwidth else "")

        try:
            yield step
        finally:
            show("")
