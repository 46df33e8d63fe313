"""The example suites in `runners/`, each run in a copy with its own runner."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.documents import sections
from tests.examples.test_snippets import RUNNERS, _environment
from tests.support import without_plugins

SUITES = Path(__file__).parent / "runners"
PLUGINS = without_plugins(beside=["mock_sendpilot", "asyncio"])
COMMANDS = [
    pytest.param("django", ["manage.py", "test"], 3, id="django"),
    pytest.param("pytest-asyncio", ["-m", "pytest", *PLUGINS], 3, id="pytest-asyncio"),
    pytest.param("unittest", ["-m", "unittest"], 3, id="unittest"),
]
COUNT = re.compile(r"^(?:Ran (\d+) tests? in|=* ?(\d+) passed)", re.MULTILINE)


BY_HAND: list[str] = []
BY_EXEC = [sys.executable, "-m", "mock_sendpilot", "exec", "--"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "prefix", [pytest.param(BY_HAND, id="by hand"), pytest.param(BY_EXEC, id="by exec")]
)
@pytest.mark.parametrize(("suite", "command", "count"), COMMANDS)
def test_a_suite_passes_with_its_runner(
    tmp_path: Path, suite: str, command: list[str], count: int, prefix: list[str]
) -> None:
    folder = tmp_path / suite
    shutil.copytree(SUITES / suite, folder)

    done = subprocess.run(
        [*prefix, sys.executable, "-W", "error", *command],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    found = COUNT.search(output)
    assert found is not None, output
    assert int(found[1] or found[2]) == count, output


@pytest.mark.parametrize("suite", sorted(path.name for path in SUITES.iterdir()))
def test_the_page_shows_the_files_of_a_suite(suite: str) -> None:
    (section,) = [one for one in sections(RUNNERS) if one.heading == suite]
    texts = {snippet.name: snippet.text for snippet in section.snippets if snippet.is_file}
    folder = SUITES / suite
    files = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in (*folder.rglob("*.py"), *folder.glob("*.ini"))
        if path.stat().st_size
    }

    assert texts == files


def test_every_suite_is_run() -> None:
    assert {case.values[0] for case in COMMANDS} == {path.name for path in SUITES.iterdir()}
