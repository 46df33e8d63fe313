"""`--sendpilot-url`: the fixtures on an emulator that runs elsewhere."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import requests

import mock_sendpilot
from mock_sendpilot import (
    Emulator,
    EmulatorServer,
    EmulatorUnavailable,
    InvalidInput,
    NotInThisProcess,
    Sandbox,
    UnconsumedFault,
    WebhookReceiver,
)
from mock_sendpilot.testing.backends.control_api import ControlApi
from mock_sendpilot.testing.backends.remote import RemoteHost
from mock_sendpilot.testing.sandbox_options import sandbox_options
from mock_sendpilot.testing.serving import AppServer
from mock_sendpilot.version import __version__
from tests.testing.strangers import run

VARIABLE, TOKEN_VARIABLE = "SENDPILOT_URL", "MOCK_SENDPILOT_CONTROL_TOKEN"
RUN_VARIABLE = "MOCK_SENDPILOT_URL_OF_TESTS"
URL = "http://127.0.0.1:1"
SUITE = """
import requests

def test_a_lead_is_closed(sendpilot):
    lead = sendpilot.add_lead()
    url = f"{sendpilot.base_url}/leads/{lead.id}/status"
    requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers, timeout=10)
    assert sendpilot.lead(lead).status == "DONE"
"""


@pytest.fixture(autouse=True)
def _no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, TOKEN_VARIABLE, RUN_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    made = Emulator()
    yield made
    made.close()


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as made:
        yield made


@pytest.fixture
def sendpilot(server: EmulatorServer) -> Iterator[Sandbox]:
    with mock_sendpilot.sandbox(url=server.origin) as made:
        yield made


def index(version: str) -> Any:
    """An app that says it is an emulator of a version."""

    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"name": "mock_sendpilot", "version": version}).encode()]

    return app


def status_of(sendpilot: Sandbox) -> int:
    url = f"{sendpilot.base_url}/leads"
    return requests.get(url, headers=sendpilot.headers, timeout=10).status_code


# --- the start of a run ---------------------------------------------------------------------------


def refusal(pytester: pytest.Pytester, url: str) -> str:
    """Return the only line of a run that has not begun."""
    pytester.makepyfile(SUITE)
    result = run(pytester, f"--sendpilot-url={url}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    (line,) = [one for one in result.stderr.lines if one.strip()]
    return line


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        pytest.param("127.0.0.1:7363", "expected the URL of an emulator such as", id="no scheme"),
        pytest.param(f"{URL}/v1", f"without a path and the like, such as {URL}, got", id="path"),
        pytest.param("https://api.sendpilot.ai/", "got that of the real service", id="vendor"),
        pytest.param(URL, f"{URL} does not answer: [Errno 111]", id="nobody"),
    ],
)
def test_a_run_ends_before_it_begins_at_a_wrong_url(
    pytester: pytest.Pytester, url: str, problem: str
) -> None:
    line = refusal(pytester, url)

    assert line.startswith("ERROR: ")
    assert problem in line


def test_a_run_refuses_a_server_that_is_no_emulator(pytester: pytest.Pytester) -> None:
    with WebhookReceiver() as receiver:
        origin = receiver.url.removesuffix("/webhooks")
        assert refusal(pytester, origin) == f"ERROR: {origin} is not a mock_sendpilot server"


def test_a_run_refuses_an_emulator_of_another_version(pytester: pytest.Pytester) -> None:
    with AppServer(index("0.0.1")) as other:
        line = refusal(pytester, other.origin)

    assert f"has version 0.0.1 of mock_sendpilot, and these tests have {__version__}" in line


@pytest.mark.parametrize(
    ("token", "remedy"),
    [(None, f"set {TOKEN_VARIABLE} to it"), ("wrong", f"{TOKEN_VARIABLE} is not that token")],
    ids=["missing", "wrong"],
)
def test_a_run_needs_the_control_token(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    emulator: Emulator,
    token: str | None,
    remedy: str,
) -> None:
    if token:
        monkeypatch.setenv(TOKEN_VARIABLE, token)
    with EmulatorServer(emulator, control_token="right") as server:
        assert refusal(pytester, server.origin).endswith(
            f"The control API needs its token; {remedy}"
        )


def test_a_run_needs_the_control_api(pytester: pytest.Pytester, emulator: Emulator) -> None:
    with EmulatorServer(emulator, has_control=False) as server:
        assert "has no control API" in refusal(pytester, server.origin)


def test_tests_can_be_collected_without_the_emulator(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)

    assert run(pytester, "--collect-only", "--sendpilot-url", URL).ret == 0


# --- a run ----------------------------------------------------------------------------------------


def test_a_run_uses_the_emulator_and_leaves_nothing_behind(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, emulator: Emulator
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "right")
    pytester.makepyfile(
        SUITE
        + """
def test_others_use_it_too(sendpilot, sendpilot_module, sendpilot_session, sendpilot_factory):
    import mock_sendpilot
    with mock_sendpilot.sandbox() as further, sendpilot_factory("live") as made:
        boxes = [sendpilot, sendpilot_module, sendpilot_session, further, made]
        assert len({box.origin for box in boxes}) == 1
        assert len({box.api_key for box in boxes}) == 5
"""
    )
    with EmulatorServer(emulator, control_token="right") as server:
        result = run(pytester, "--sendpilot-url", f"{server.origin}/")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"sendpilot: {server.origin}"])
    assert emulator.workspaces() == []


@pytest.mark.parametrize(
    ("option", "variable", "setting", "is_used"),
    [
        pytest.param("right", URL, URL, True, id="option first"),
        pytest.param(None, "right", URL, True, id="variable second"),
        pytest.param(None, None, "right", True, id="setting last"),
        pytest.param(None, "https://api.sendpilot.ai/v1", "right", True, id="variable of an app"),
        pytest.param(None, "https://api.sendpilot.ai/v1", None, False, id="none"),
    ],
)
def test_the_url_comes_from_the_nearest_place(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    server: EmulatorServer,
    *,
    option: str | None,
    variable: str | None,
    setting: str | None,
    is_used: bool,
) -> None:
    urls = {"right": server.origin}
    pytester.makepyfile(SUITE)
    if variable:
        monkeypatch.setenv(VARIABLE, urls.get(variable, variable))
    if setting:
        pytester.makeini(f"[pytest]\nsendpilot_url = {urls.get(setting, setting)}")

    result = run(pytester, *([f"--sendpilot-url={urls[option]}"] if option else []))

    result.assert_outcomes(passed=1)
    assert (f"sendpilot: {server.origin}" in result.stdout.lines) is is_used


def test_the_variable_of_an_app_stays_as_it_is(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, server: EmulatorServer
) -> None:
    monkeypatch.setenv(VARIABLE, "https://api.sendpilot.ai/v1")
    pytester.makepyfile(
        """
        import os

        def test_it(sendpilot):
            assert os.environ["SENDPILOT_URL"] == "https://api.sendpilot.ai/v1"
        """
    )

    run(pytester, "--sendpilot-url", server.origin).assert_outcomes(passed=1)


def test_a_failed_test_has_its_timeline(pytester: pytest.Pytester, server: EmulatorServer) -> None:
    pytester.makepyfile(SUITE.replace('== "DONE"', '== "PENDING"'))

    result = run(pytester, "--sendpilot-url", server.origin)

    result.stdout.fnmatch_lines(
        ["*Captured sendpilot timeline call*", "*req_1 PATCH /v1/leads/*", "*lead.status.changed*"]
    )


def test_a_fault_that_hits_nothing_fails_the_test(
    pytester: pytest.Pytester, server: EmulatorServer
) -> None:
    pytester.makepyfile("def test_nothing_comes(sendpilot): sendpilot.fail_next(503)")

    result = run(pytester, "--sendpilot-url", server.origin)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*UnconsumedFault: the fault status=503 for any request hit 0 of 1"]
    )


def test_an_emulator_that_ends_in_a_test_is_named(pytester: pytest.Pytester) -> None:
    program = [sys.executable, "-m", "mock_sendpilot", "start", "--port", "0", "--json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        origin = json.loads(process.stdout.readline())["origin"]
        pytester.makepyfile(
            f"""
            import os

            def test_the_emulator_ends(sendpilot):
                os.kill({process.pid}, 9)
                sendpilot.leads()
            """
        )
        result = run(pytester, "--sendpilot-url", origin)

    result.assert_outcomes(failed=1)
    # In the failure; the test's set-up and end say nothing. (The summary has it where CI is set.)
    problems = [line for line in result.outlines if line.startswith("E ")]
    assert "".join(problems).count(f"{origin} does not answer") == 1


# --- what is elsewhere ----------------------------------------------------------------------------


def test_objects_of_the_emulator_are_refused_in_words(sendpilot: Sandbox) -> None:
    with pytest.raises(NotInThisProcess, match=r"sendpilot.workspace is an object of .* or run wi"):
        _ = sendpilot.workspace
    with pytest.raises(NotInThisProcess, match=r"sendpilot.server .* use sendpilot.origin"):
        _ = sendpilot.server


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda sendpilot: sendpilot.explore(print, probe=dict), id="explore"),
        pytest.param(lambda sendpilot: sendpilot.at_once().__enter__(), id="at_once"),
        pytest.param(lambda sendpilot: sendpilot.deliver_all(), id="deliver_all"),
    ],
)
def test_a_search_for_schedules_is_refused_in_words(
    sendpilot: Sandbox, call: Callable[[Sandbox], object]
) -> None:
    with pytest.raises(NotInThisProcess, match=r"is an object of .* or run wi"):
        call(sendpilot)


def test_the_server_fixture_has_its_urls_alone(
    pytester: pytest.Pytester, server: EmulatorServer
) -> None:
    pytester.makepyfile(
        """
        import pytest
        from mock_sendpilot import NotInThisProcess

        def test_it(sendpilot_server, sendpilot):
            assert sendpilot_server.base_url == sendpilot.base_url
            with pytest.raises(NotInThisProcess, match="sendpilot_server.emulator is an object"):
                sendpilot_server.emulator
        """
    )
    run(pytester, "--sendpilot-url", server.origin).assert_outcomes(passed=1)


def test_a_workspace_that_somebody_else_removes_is_named(
    emulator: Emulator, server: EmulatorServer
) -> None:
    host = RemoteHost(server.origin, control_token=None, random_seed="a")
    with Sandbox(host, sandbox_options()) as sendpilot:
        emulator.remove_workspace(emulator.workspaces()[0])
        with pytest.raises(EmulatorUnavailable, match="no longer has the workspace of this sand"):
            sendpilot.leads()

    assert repr(sendpilot).startswith("<Sandbox ws_")
    assert host.views() == []


def test_every_request_for_a_workspace_has_its_key(
    monkeypatch: pytest.MonkeyPatch, server: EmulatorServer
) -> None:
    # Several emulators behind one address share the requests out by key.
    sent: set[str | None] = set()
    fetch = ControlApi.fetch

    def noting(api: ControlApi, *arguments: Any, **options: Any) -> bytes:
        sent.add(options.get("api_key"))
        return fetch(api, *arguments, **options)

    monkeypatch.setattr(ControlApi, "fetch", noting)
    host = RemoteHost(server.origin, control_token=None, random_seed="a")
    with Sandbox(host, sandbox_options()) as sendpilot:
        sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())
        sendpilot.restore(sendpilot.snapshot())

    assert sent == {sendpilot.api_key}


def test_a_sandbox_checks_its_faults_at_its_end(server: EmulatorServer) -> None:
    with (
        pytest.raises(UnconsumedFault),
        mock_sendpilot.sandbox(url=server.origin) as sendpilot,
    ):
        sendpilot.fail_next(503)


def test_an_app_cannot_be_served_for_another_machine() -> None:
    host = RemoteHost("http://192.0.2.1:7363", control_token=None, random_seed="a")

    with pytest.raises(InvalidInput, match=r"runs on another machine, http://192.0.2.1:7363"):
        host.check_can_reach_apps()


def test_webhooks_that_cannot_come_are_explained(
    pytester: pytest.Pytester, server: EmulatorServer
) -> None:
    pytester.makepyfile(
        """
        def test_nothing_comes(sendpilot, sendpilot_receiver):
            sendpilot_receiver.wait_for("message.sent", timeout=0.05)
        """
    )

    result = run(pytester, "--sendpilot-url", server.origin)

    result.stdout.fnmatch_lines(
        ["*no endpoint points there*", "*in a container or on another machine it cannot reach*"]
    )


# --- interception ---------------------------------------------------------------------------------


def test_requests_for_the_vendor_are_intercepted(
    monkeypatch: pytest.MonkeyPatch, server: EmulatorServer
) -> None:
    monkeypatch.setenv(VARIABLE, server.origin)

    with mock_sendpilot.intercept(api_key="sp_live_of_my_app") as sendpilot:
        url = "https://api.sendpilot.ai/v1/campaigns"
        reply = requests.get(url, headers={"X-API-Key": "sp_live_of_my_app"}, timeout=10)
        assert (sendpilot.origin, reply.status_code) == (server.origin, 200)
        sendpilot.assert_requested("campaigns.list", times=1)


def test_a_key_of_another_workspace_is_refused(server: EmulatorServer) -> None:
    with (
        mock_sendpilot.sandbox(url=server.origin) as one,
        mock_sendpilot.sandbox(url=server.origin) as other,
        mock_sendpilot.intercept(one, api_key="sp_live_of_my_app"),
        pytest.raises(InvalidInput, match="belongs to another workspace"),
        mock_sendpilot.intercept(other, api_key="sp_live_of_my_app"),
    ):
        pass


def test_a_host_that_the_emulator_refuses_is_named(sendpilot: Sandbox) -> None:
    with (
        pytest.raises(InvalidInput, match=r"start it with --allowed-host sendpilot.example"),
        mock_sendpilot.intercept(sendpilot, hosts=["sendpilot.example"]),
    ):
        pass
