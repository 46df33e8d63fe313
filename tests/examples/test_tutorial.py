"""The tutorial, done step by step in one folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.documents import Snippet, sections
from tests.examples.test_snippets import TUTORIAL, _environment
from tests.support import without_plugins


@pytest.mark.slow
def test_each_step_of_the_tutorial_ends_as_it_says(tmp_path: Path) -> None:
    output = ""
    for section in sections(TUTORIAL):
        for snippet in section.snippets:
            if snippet.is_file:
                (tmp_path / snippet.name).write_text(snippet.text, encoding="utf-8")
            elif snippet.language == "bash":
                output = _run(tmp_path, snippet)
            elif snippet.language == "text":
                missing = [line for line in snippet.text.splitlines() if line not in output]
                assert missing == [], output
            else:  # the installation, which the tests have behind them
                assert snippet.language == "console"


def _run(folder: Path, snippet: Snippet) -> str:
    assert snippet.text == "pytest\n"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *without_plugins(beside=["mock_sendpilot"])],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == (1 if snippet.name == "fails" else 0), done.stdout + done.stderr
    return done.stdout
