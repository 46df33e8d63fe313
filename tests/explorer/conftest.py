"""An exploration that several tests look at, and a runner of commands."""

import pytest
from click.testing import CliRunner

from mock_sendpilot import Exploration, explore
from tests.explorer import receivers as r
from tests.support import SECRET


@pytest.fixture
def cli_runner() -> CliRunner:
    return CliRunner()


@pytest.fixture
def found_by_a_lambda() -> Exploration:
    receiver = r.RejectsOlderEvents()
    return explore(
        receiver,
        probe=lambda: receiver.view(),  # noqa: PLW0108 - nothing can import it
        secret=SECRET,
        random_seed="c",
        timeout=0.25,
    )
