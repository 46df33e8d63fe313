"""The printed test: it fails for the reason that was found, and passes with a right receiver."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mock_sendpilot import Exploration
from mock_sendpilot.explorer.generated_test import schedule_of_file
from tests.support import without_plugins

APP = """
from tests.explorer import receivers

app = receivers.{name}()


def believed():
    return app.view()
"""
EXPLORE = """
import mock_sendpilot
from shop import app, believed
from tests.support import SECRET

print(mock_sendpilot.explore(
    app, probe=believed, secret=SECRET, restart=app.restart, timeout=0.25, random_seed={seed!r}
).found.test)
"""
ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seed", "message"),
    [
        pytest.param("LastArrivalWins", "e", "status: the app has", id="a disruption"),
        pytest.param("RejectsOlderEvents", "c", "never acknowledged", id="no acknowledgement"),
        pytest.param("LosesItsQueue", "f", "the app", id="a restart"),
        pytest.param("SwallowsReplies", "e", "replies: the app has", id="no disruption"),
    ],
)
def test_a_printed_test_fails_until_the_receiver_is_right(
    tmp_path: Path, name: str, seed: str, message: str
) -> None:
    (tmp_path / "shop.py").write_text(APP.format(name=name), encoding="utf-8")
    printed = run(tmp_path, "-c", EXPLORE.format(seed=seed))
    file = tmp_path / "test_found.py"
    file.write_text(printed.stdout, encoding="utf-8")
    plugins = without_plugins(beside=["mock_sendpilot"])
    pytest_words = ["-m", "pytest", "-q", "-W", "error", *plugins, "test_found.py"]

    failed = run(tmp_path, *pytest_words)
    assert failed.returncode == 1, printed.stderr + failed.stdout + failed.stderr
    assert message in failed.stdout

    (tmp_path / "shop.py").write_text(APP.format(name="Receiver"), encoding="utf-8")
    passed = run(tmp_path, *pytest_words)
    assert passed.returncode == 0, passed.stdout + passed.stderr


def test_an_object_that_nothing_can_import_is_named(found_by_a_lambda: Exploration) -> None:
    assert found_by_a_lambda.found is not None
    lines = found_by_a_lambda.found.test.splitlines()
    assert [line for line in lines if line.startswith("probe = ...  # the probe that was")]


def test_a_printed_test_and_its_json_have_the_same_schedule(
    tmp_path: Path, found_by_a_lambda: Exploration
) -> None:
    import orjson

    assert found_by_a_lambda.found is not None
    as_test, as_json = tmp_path / "test_found.py", tmp_path / "found.json"
    as_test.write_text(found_by_a_lambda.found.test, encoding="utf-8")
    as_json.write_bytes(orjson.dumps(found_by_a_lambda.as_json()))

    expected = (found_by_a_lambda.found.steps, found_by_a_lambda.found.starts_at)
    assert schedule_of_file(as_test) == schedule_of_file(as_json) == expected
    longest = max(map(len, re.sub("# schedule.*", "", as_test.read_text()).splitlines()))
    assert longest <= 110
