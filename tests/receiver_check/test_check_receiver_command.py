"""`mock-sendpilot check-receiver`, against running receivers."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli.check_receiver import check_receiver
from mock_sendpilot.http_server.server import HttpServer
from tests.receiver_check import receivers as r
from tests.receiver_check.test_reports import parsed
from tests.support import SECRET


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a correct receiver, or of the one that the test names."""
    receiver: type[r.Receiver] = getattr(request, "param", r.Receiver)
    with HttpServer(receiver()) as server:
        yield f"{server.origin}/webhooks"


def run(url: str, *options: str, secret: str = SECRET, **env: str) -> Result:
    arguments = [url, "--secret", secret, "--contract", "live", *options]
    return CliRunner(env=env).invoke(check_receiver, arguments)


def has(receiver: type[r.Receiver]) -> pytest.MarkDecorator:
    """The receiver behind `url`."""
    return pytest.mark.parametrize("url", [receiver], indirect=True)


def test_a_correct_receiver_is_a_table_and_exit_code_0(url: str) -> None:
    result = run(url)

    lines = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines[0] == f"{url}, contract live"
    assert lines[2].startswith("✓ acknowledges a valid event")
    assert lines[-1] == "30 passed, 2 inconclusive"


@has(r.CrashesOnUnknownEvents)
def test_a_failure_is_explained_and_exit_code_1(url: str) -> None:
    result = run(url)

    assert result.exit_code == 1
    assert (
        "✗ tolerates an unknown event type (unknown_event)\n    Observed: 500 in" in result.stdout
    )
    assert "    Fix: Answer 2xx to event types you do not know" in result.stdout
    assert result.stdout.endswith("\n29 passed, 1 failed, 2 inconclusive\n")


@has(r.TrustsTheFuture)
@pytest.mark.parametrize(
    ("options", "exit_code"),
    [pytest.param((), 0, id="as it is"), pytest.param(("--strict",), 1, id="strict")],
)
def test_a_warning_is_a_failure_if_strict(
    url: str, options: tuple[str, ...], exit_code: int
) -> None:
    assert run(url, *options).exit_code == exit_code


@has(r.CrashesOnUnknownEvents)
def test_json_is_one_document(url: str) -> None:
    result = run(url, "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["url"], found["contract"], found["schemes"]) == (url, "live", ["svix"])
    assert [one["id"] for one in found["checks"] if one["outcome"] == "failed"] == ["unknown_event"]
    assert SECRET not in result.stdout


@has(r.CrashesOnUnknownEvents)
def test_junit_is_written_as_well_as_the_table(url: str, tmp_path: Path) -> None:
    path = tmp_path / "receiver.xml"
    result = run(url, "--junit", str(path))

    suite = parsed(path.read_bytes())
    assert suite.attrib["failures"] == "1"
    assert result.exit_code == 1
    assert "1 failed" in result.stdout.splitlines()[-1]


def test_an_unwritable_junit_file_is_exit_code_1(url: str) -> None:
    result = run(url, "--junit", "/dev/full")

    assert result.exit_code == 1
    assert "/dev/full cannot be written: No space left" in result.stderr


def started(url: str, *options: str, stdout: int) -> "subprocess.Popen[bytes]":
    """The command in a process of its own."""
    command = [sys.executable, "-m", "mock_sendpilot", "check-receiver", url, "--secret", SECRET]
    arguments = [*command, "--contract", "live", *options]
    return subprocess.Popen(arguments, stdout=stdout, stderr=subprocess.PIPE)


def test_junit_is_written_even_if_nobody_reads_the_table(url: str, tmp_path: Path) -> None:
    path = tmp_path / "receiver.xml"
    process = started(url, "--junit", str(path), stdout=subprocess.PIPE)
    assert process.stdout is not None

    assert process.stdout.readline().decode().startswith(url)
    process.stdout.close()

    assert process.communicate(timeout=30)[1] == b""
    assert parsed(path.read_bytes()).attrib["tests"] == "32"


def test_a_full_output_is_an_error_and_junit_is_written(url: str, tmp_path: Path) -> None:
    path = tmp_path / "receiver.xml"
    with Path("/dev/full").open("wb") as full:
        process = started(url, "--junit", str(path), stdout=full.fileno())
        errors = process.communicate(timeout=30)[1].decode()

    assert process.returncode == 1
    assert errors == "mock-sendpilot: cannot write the output: No space left on device\n"
    assert path.exists()


def test_a_closed_output_is_no_error(url: str, tmp_path: Path) -> None:
    path = tmp_path / "receiver.xml"
    command = 'exec "$0" -m mock_sendpilot check-receiver "$@" >&-'
    arguments = [url, "--secret", SECRET, "--contract", "live", "--junit", str(path)]

    ended = subprocess.run(
        ["bash", "-c", command, sys.executable, *arguments],
        capture_output=True,
        check=False,
        timeout=30,
    )

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert path.exists()


def test_a_probe_may_have_letters_beyond_ascii(url: str) -> None:
    result = run(url, "--probe", url.replace("/webhooks", "/événements"))

    assert result.exit_code == 2
    assert "Invalid value for --probe: expected status 200 from the probe, got 401" in result.stderr


def test_the_secret_may_come_from_the_environment(url: str) -> None:
    env = {"MOCK_SENDPILOT_WEBHOOK_SECRET": SECRET}
    result = CliRunner(env=env).invoke(check_receiver, [url, "--contract", "live"])

    assert result.exit_code == 0


@has(r.ActsOnEveryDelivery)
def test_a_second_effect_is_found_by_a_probe(url: str) -> None:
    result = run(url, "--json", "--probe", url.replace("/webhooks", "/effects"))

    failed = [
        one["id"] for one in json.loads(result.stdout)["checks"] if one["outcome"] == "failed"
    ]
    assert failed == ["idempotent", "concurrent_duplicate"]


@has(r.IsSlow)
def test_the_longest_latency_is_an_option(url: str) -> None:
    result = run(url, "--max-latency", "0.5")

    assert "! responds quickly" in result.stdout


@has(r.HasNoSuchRoute)
def test_the_checks_not_tried_are_one_line_at_the_end(url: str) -> None:
    lines = run(url).stdout.splitlines()

    assert lines[2].startswith("✗ acknowledges a valid event")
    assert lines[3].endswith("31 more checks: not tried, since no valid event was acknowledged")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param({"secret": "s3cret"}, "expected 'whsec_' followed by base64", id="secret"),
        pytest.param({"url": "127.0.0.1:9000"}, "expected an absolute http or https URL", id="URL"),
        pytest.param({"probe": "effects"}, "expected an absolute http or https URL", id="probe"),
        pytest.param({"contract": "life"}, "did you mean 'live'?", id="contract"),
        pytest.param({"scheme": "hmac"}, "'hmac' is not one of", id="scheme"),
        pytest.param({"timeout": "0"}, "0.0 is not in the range", id="timeout"),
        pytest.param({"timeout": "nan"}, "expected a number of seconds", id="no number"),
        pytest.param({"junit": "nowhere/at/all.xml"}, "there is no folder", id="folder"),
        pytest.param({"lead-id": "\udcff"}, "expected UTF-8, got '\\udcff'", id="no letter"),
        pytest.param({"lead-id": "\x01\udced"}, "expected UTF-8", id="half a letter"),
        pytest.param(
            {"probe": "http://127.0.0.1:1/é"},
            "the probe did not respond: [Errno 111] Connection refused; no event was sent",
            id="probe that is not there",
        ),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(options: dict[str, str], problem: str) -> None:
    values = {"secret": SECRET, **options}
    url = values.pop("url", "http://127.0.0.1:1/webhooks")
    arguments = [part for name, value in values.items() for part in (f"--{name}", value)]

    result = CliRunner().invoke(check_receiver, [url, *arguments])

    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr


def test_schemes_that_share_a_header_are_refused(url: str) -> None:
    result = run(url, "--scheme", "documented", "--scheme", "standardwebhooks")

    assert result.exit_code == 2
    assert "both need Webhook-Signature" in result.stderr


def test_a_missing_secret_is_exit_code_2(url: str) -> None:
    result = CliRunner().invoke(check_receiver, [url])

    assert result.exit_code == 2
    assert "Missing option '--secret'" in result.stderr


class Terminal(io.TextIOWrapper):
    """A stream that is a terminal."""

    def __init__(self, *, encoding: str = "utf-8", is_a_tty: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self._is_a_tty = is_a_tty

    def isatty(self) -> bool:
        return self._is_a_tty

    @property
    def text(self) -> str:
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined, no-any-return]


def on_terminals(
    monkeypatch: pytest.MonkeyPatch, url: str, out: Terminal, err: Terminal, *options: str
) -> None:
    """Run it with these streams."""
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    arguments = [url, "--secret", SECRET, "--contract", "live", *options]
    with pytest.raises(SystemExit):
        check_receiver.main(arguments)


@pytest.mark.parametrize(
    ("no_color", "sign"),
    [pytest.param("", "\x1b[32m✓\x1b[0m", id="colours"), pytest.param("1", "✓", id="NO_COLOR")],
)
def test_a_terminal_has_colors_unless_no_color_is_set(
    monkeypatch: pytest.MonkeyPatch, url: str, no_color: str, sign: str
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    out, err = Terminal(), Terminal()

    on_terminals(monkeypatch, url, out, err)

    assert out.text.splitlines()[2].startswith(f"{sign} acknowledges")
    assert err.text == ""


def test_an_ascii_stream_gets_plain_signs(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    out = Terminal(encoding="ascii", is_a_tty=False)

    on_terminals(monkeypatch, url, out, Terminal(is_a_tty=False))

    assert out.text.splitlines()[2].startswith("+ acknowledges")


def test_progress_goes_to_standard_error_if_that_alone_is_a_terminal(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    out, err = Terminal(is_a_tty=False), Terminal()

    on_terminals(monkeypatch, url, out, err, "--json")

    assert len(err.text.splitlines()) == 32
    assert json.loads(out.text)["passed"] is True


def test_the_help_has_examples_and_the_options() -> None:
    result = CliRunner().invoke(check_receiver, ["--help"])

    assert result.exit_code == 0
    assert "Examples:\n    mock-sendpilot check-receiver" in result.stdout
    assert all(option in result.stdout for option in ("--probe", "--junit", "--lead-id"))
