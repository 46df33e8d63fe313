"""The example project in `client/`: its suite passes, and finds mistakes in its client."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.documents import sections
from tests.examples.test_snippets import CLIENT, _environment
from tests.support import without_plugins

PROJECT = Path(__file__).parent / "client"


def run(folder: Path, *mistake: str) -> set[str]:
    """Run the suite of a copy of the project, and return the names of the tests that fail.

    Args:
        folder: the folder of the copy.
        mistake: a part of the client, and what stands in its place.
    """
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    if mistake:
        client = folder / "crm_client.py"
        right = client.read_text(encoding="utf-8")
        part, wrong = mistake
        assert right.count(part) == 1
        client.write_text(right.replace(part, wrong), encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *("-q", "-rf", "-W", "error"),
            *without_plugins(beside=["mock_sendpilot"]),
        ],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == (1 if mistake else 0), done.stdout + done.stderr
    return set(re.findall(r"^FAILED [\w.]+::(\w+)", done.stdout, re.MULTILINE))


@pytest.mark.slow
def test_the_suite_of_the_project_passes(tmp_path: Path) -> None:
    assert run(tmp_path) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "wrong", "test"),
    [
        pytest.param(
            "RETRIED = (429, 500, 502, 503, 504)",
            "RETRIED = ()",
            "test_a_change_is_retried_while_the_service_is_down",
            id="no retry",
        ),
        pytest.param(
            "pause = 0.5 * 2**attempt", "pause = 0.5", "test_the_pauses_grow", id="no back-off"
        ),
        pytest.param(
            'float(reply.headers.get("Retry-After", pause))',
            "pause",
            "test_the_pause_is_as_long_as_the_service_asks_for",
            id="ignores Retry-After",
        ),
        pytest.param(
            "max_attempts: int = 5",
            "max_attempts: int = 50",
            "test_the_client_gives_up_after_five_attempts",
            id="never gives up",
        ),
        pytest.param(
            "if reply.status_code not in RETRIED:",
            "if reply.status_code == 401:",
            "test_a_request_that_is_wrong_is_not_retried",
            id="retries what is wrong",
        ),
        pytest.param(
            'if page >= reply["pagination"]["totalPages"]:',
            "if page:",
            "test_the_leads_of_all_pages_are_read",
            id="stops after page 1",
        ),
        pytest.param(
            "timeout=self._timeout",
            "timeout=None",
            "test_an_answer_that_does_not_come_is_not_waited_for",
            id="no timeout",
        ),
        pytest.param(
            "except requests.RequestException as error:",
            "except requests.Timeout as error:",
            "test_a_broken_answer_is_asked_for_again",
            id="knows no broken connection",
        ),
        pytest.param(
            "json=message, is_done=is_sent",
            "json=message",
            "test_a_message_whose_answer_is_lost_is_sent_once",
            id="repeats the POST",
        ),
        pytest.param(
            "json=message, is_done=is_sent",
            "json=message, is_done=lambda: True",
            "test_a_message_that_was_not_sent_is_sent_again",
            id="never repeats the POST",
        ),
    ],
)
def test_a_mistake_in_the_client_fails_a_test(
    tmp_path: Path, part: str, wrong: str, test: str
) -> None:
    assert test in run(tmp_path, part, wrong)


def test_the_project_never_sleeps() -> None:
    suite = (PROJECT / "test_crm_client.py").read_text(encoding="utf-8")
    assert re.findall(r"\btime\b|\.sleep\(|Event\(", suite) == []


def test_the_page_shows_the_files_of_the_project() -> None:
    snippets = {
        snippet.name: snippet.text
        for section in sections(CLIENT)
        for snippet in section.snippets
        if snippet.is_file
    }
    files = {one.name: one.read_text(encoding="utf-8") for one in PROJECT.glob("*.py")}
    assert snippets == files
