"""The option `--sendpilot-artifacts` in a stranger's project."""

from pathlib import Path

import pytest

from tests.evidence.worlds import data, without_data
from tests.testing.strangers import run

FAILING = """
import pytest
import requests

def close(sendpilot, lead_id):
    url = f"{sendpilot.base_url}/leads/{lead_id}/status"
    requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)

@pytest.mark.parametrize("name", ["\u00e4/\u00f6:*?", "x" * 300])
def test_a_lead(sendpilot, name):
    close(sendpilot, sendpilot.add_lead(lead_id="lead_1").id)
    assert sendpilot.api_key == "never"

def test_the_first_of_the_module(sendpilot_module):
    close(sendpilot_module, sendpilot_module.add_lead(lead_id="lead_of_the_first").id)

def test_the_second_of_the_module(sendpilot_module):
    close(sendpilot_module, sendpilot_module.add_lead(lead_id="lead_of_the_second").id)
    raise ValueError

def test_of_the_factory(sendpilot_factory):
    with sendpilot_factory("live") as sendpilot:
        sendpilot.add_lead(lead_id="lead_1")
        raise ValueError

@pytest.fixture
def broken(sendpilot):
    sendpilot.add_lead(lead_id="lead_1")
    raise ValueError

def test_whose_setup_fails(broken):
    pass

@pytest.mark.sendpilot(faults=[{"effect": {"status": 503}, "times": 1}])
def test_whose_teardown_fails(sendpilot):
    sendpilot.add_lead(lead_id="lead_1")

def test_without_anything(sendpilot):
    raise ValueError

def test_that_passes(sendpilot):
    close(sendpilot, sendpilot.add_lead().id)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts") / "made" / "evidence"


@pytest.fixture
def pages(pytester: pytest.Pytester, folder: Path) -> dict[str, str]:
    """Return the pages by the names of their tests; the run is made once."""
    if not folder.exists():
        pytester.makepyfile(test_it=FAILING)
        options = ("-n", "1", f"--sendpilot-artifacts={folder}")
        result = run(pytester, *options, beside=("xdist", "xdist.looponfail"))
        result.assert_outcomes(passed=3, failed=5, errors=2)
        result.stdout.fnmatch_lines([f"sendpilot evidence: 6 files in {folder}"])
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir()]
    return {data(text)["test"].partition("::")[2]: text for text in texts}


def test_each_failed_test_has_a_file_of_its_own(pages: dict[str, str]) -> None:
    names = {name.partition("[")[0] for name in pages}

    assert len(pages) == 6
    assert names == {
        "test_a_lead",
        "test_the_second_of_the_module",
        "test_of_the_factory",
        "test_whose_setup_fails",
        "test_whose_teardown_fails",
    }


def test_the_failure_is_in_the_file_without_its_secrets(pages: dict[str, str]) -> None:
    page = next(text for name, text in pages.items() if name.startswith("test_a_lead"))

    assert "AssertionError: assert &#39;…&#39; == &#39;never&#39;" in page
    assert "+ redacted-key-1" in page
    failure = page.partition('<pre class="failure"')[2].partition("</pre>")[0]
    assert "sp_test_" not in failure


def test_a_shared_sandbox_is_text_since_the_start_of_the_test(pages: dict[str, str]) -> None:
    text = without_data(pages["test_the_second_of_the_module"])

    assert "lead_of_the_second" in text
    assert "lead_of_the_first" not in text
    assert ">sendpilot_module<" in text


@pytest.mark.parametrize(
    ("folder", "problem"),
    [
        pytest.param("file.txt/evidence", "*cannot be written to*", id="in a file"),
        pytest.param("", "expected a folder, got nothing", id="none"),
    ],
)
def test_another_folder_is_refused_at_the_start(
    pytester: pytest.Pytester, folder: str, problem: str
) -> None:
    pytester.makefile(".txt", file="")
    pytester.makepyfile("def test_it(): raise AssertionError('it has begun')")

    result = run(pytester, f"--sendpilot-artifacts={folder}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --sendpilot-artifacts: {problem}"])


def test_nothing_is_recorded_without_the_option(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it(sendpilot):
            sendpilot.add_lead()
            assert not [name for name in sys.modules if "mock_sendpilot.evidence" in name]
        """
    )

    run(pytester).assert_outcomes(passed=1)


EXPLORING = """
import flask
import pytest

app = flask.Flask(__name__)
leads = {}

@app.post("/webhooks")
def receive():
    event = flask.request.json
    leads[event["data"].get("leadId")] = event["data"].get("newStatus")
    return "", 500 if event["eventType"] == "lead.status.changed" else 204

def test_it(sendpilot):
    sendpilot.add_lead(lead_id="lead_of_the_test")
    exploration = sendpilot.explore(app, probe=dict, examples=20, timeout=0.2)
    assert exploration.passed
"""


def test_a_found_schedule_is_told_in_the_file(pytester: pytest.Pytester, tmp_path: Path) -> None:
    pytester.makepyfile(EXPLORING)

    run(pytester, f"--sendpilot-artifacts={tmp_path}").assert_outcomes(failed=1)
    (path,) = tmp_path.iterdir()
    page = path.read_text(encoding="utf-8")
    assert ">The schedule that was found<" in page
    assert data(page)["exploration"]["steps"][0]["step"] == "change"
