"""`mock-sendpilot replay`: its table, its JSON, and its exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_sendpilot import Sandbox, SandboxFactory, WebhookReceiver
from mock_sendpilot.evidence.files import embedded, read
from mock_sendpilot.testing.serving import AppServer
from tests.cli.commands import invoke
from tests.evidence.worlds import SECRET, call, close
from tests.explorer import receivers as r


@pytest.fixture
def file(sandbox: Sandbox, tmp_path: Path) -> Path:
    close(sandbox, sandbox.add_lead(lead_id="lead_1").id)
    call(sandbox, "GET", "/leads/lead_1")
    return sandbox.save_evidence(tmp_path / "evidence.html")


def altered(file: Path, status: int) -> Path:
    """Return a file whose first request was answered with another status."""
    document = read(file)
    steps = document["workspaces"][0]["steps"]
    next(one for one in steps if one["step"] == "request")["reply"]["status"] = status
    data = f'<script type="application/json" id="sendpilot-evidence">{embedded(document)}</script>'
    file.write_text(data, encoding="utf-8")
    return file


def test_a_file_comes_out_as_recorded(file: Path) -> None:
    result = invoke("replay", str(file))

    assert result.exit_code == 0
    assert result.output == "sandbox: as recorded (2 requests, 1 event, 0 attempts)\n"


def test_a_difference_is_shown_field_by_field(file: Path) -> None:
    result = invoke("replay", str(altered(file, 202)))

    assert result.exit_code == 1
    assert result.output == (
        "sandbox: 1 difference (2 requests, 1 event, 0 attempts)\n"
        "  req_1 PATCH /v1/leads/lead_1/status\n"
        "    status: recorded 202, now 200\n"
    )


def test_a_file_cannot_control_the_terminal(file: Path) -> None:
    document = read(file)
    document["workspaces"][0]["label"] = "a\x1b[2Jb"
    document["workspaces"][0]["events"][0]["type"] = "c\x1b]0;d\x07"
    data = f'<script type="application/json" id="sendpilot-evidence">{embedded(document)}</script>'
    file.write_text(data, encoding="utf-8")

    result = invoke("replay", str(file))
    assert result.exit_code == 1
    assert not set(result.output) & {"\x1b", "\x07"}
    assert r"a\x1b[2Jb: 1 difference" in result.output


def test_the_outcome_is_printed_as_json(file: Path) -> None:
    result = invoke("replay", str(altered(file, 202)), "--json")

    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "same": False,
        "workspaces": [
            {
                "label": "sandbox",
                "same": False,
                "requests": 2,
                "events": 1,
                "attempts": 0,
                "differences": [
                    {
                        "where": "req_1 PATCH /v1/leads/lead_1/status",
                        "field": "status",
                        "recorded": "202",
                        "replayed": "200",
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("<html></html>", "expected an HTML file that", id="another file"),
        pytest.param(None, "cannot be read", id="no file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: str | None, problem: str
) -> None:
    path = tmp_path / "evidence.html"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    result = invoke("replay", str(path))
    assert result.exit_code == 2
    assert problem in result.output


def test_webhooks_go_to_the_url_of_a_receiver(
    factory: SandboxFactory, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    sandbox = factory()
    sandbox.add_endpoint("http://127.0.0.1:9/gone", retry_delays=[], secret=SECRET)
    close(sandbox, sandbox.add_lead().id)
    sandbox.wait_until_idle()
    path = sandbox.save_evidence(tmp_path / "evidence.html")

    result = invoke("replay", str(path), "--url", sendpilot_receiver.url, "--secret", SECRET)
    assert result.exit_code == 1
    assert 'state: recorded "exhausted", now "succeeded"' in result.output
    assert sendpilot_receiver.received[0].is_signed_with(SECRET)


@pytest.fixture
def wrong() -> Iterator[AppServer]:
    with AppServer(r.RejectsOlderEvents()) as server:
        yield server


@pytest.fixture
def right() -> Iterator[AppServer]:
    with AppServer(r.Receiver()) as server:
        yield server


def test_a_schedule_that_was_found_is_played_again(
    wrong: AppServer, right: AppServer, tmp_path: Path
) -> None:
    probe = ("--probe", f"{wrong.origin}/leads", "--secret", SECRET)
    options = ("--timeout", "0.3", "--seed", "c", "--artifacts", str(tmp_path / "made"))
    found = invoke("explore", f"{wrong.origin}/webhooks", *probe, *options)
    assert found.exit_code == 1
    (path,) = (tmp_path / "made").iterdir()
    page = path.read_text(encoding="utf-8")
    assert SECRET not in page
    assert "data:image/svg+xml" in page

    still = invoke("replay", str(path), "--url", f"{wrong.origin}/webhooks", *probe)
    assert still.exit_code == 1
    assert "never acknowledged" in still.output
    probe = ("--probe", f"{right.origin}/leads", "--secret", SECRET)
    mended = invoke("replay", str(path), "--url", f"{right.origin}/webhooks", *probe)
    assert (mended.exit_code, mended.output) == (0, "it ends well now\n")
    without = invoke("replay", str(path))
    assert without.exit_code == 2
    assert "pass the receiver with --url, and --probe" in without.output
