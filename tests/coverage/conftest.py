"""Fixtures of the tests of coverage."""

from collections.abc import Iterator

import pytest

from mock_sendpilot.coverage.recorder import Recorder
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.standalone import sandbox


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Return a recorder that is started."""
    made = Recorder()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def frozen(recorder: Recorder) -> Iterator[Sandbox]:
    """Return a sandbox with a frozen clock, which the recorder counts."""
    del recorder
    with sandbox(frozen=True) as made:
        yield made
