"""The fixtures of interceptions in a stranger's project, and what interceptions refuse."""

import http.client
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
import requests
import urllib3

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.interception import LeakedRequest, intercept, no_leaks
from mock_sendpilot.testing.sandbox import Sandbox, SandboxFactory
from tests.testing.strangers import run

VENDOR = "https://api.sendpilot.ai/v1"
ROOT = Path(__file__).parents[2]
APP = """
import requests

def leads(key="sp_live_of_the_app"):
    url = "https://api.sendpilot.ai/v1/leads"
    return requests.get(url, headers={"X-API-Key": key}, timeout=10).status_code

def leads_or_none():
    try:
        return leads()
    except BaseException:
        return None
"""


def _status(key: str) -> int:
    return requests.get(f"{VENDOR}/leads", headers={"X-API-Key": key}, timeout=10).status_code


# --- which workspace ----------------------------------------------------------------------------


def test_the_key_of_the_app_opens_the_sandbox_within_the_interception(sendpilot: Sandbox) -> None:
    with intercept(sendpilot, api_key="sp_live_of_the_app"):
        assert _status("sp_live_of_the_app") == 200
        sendpilot.reset()
        assert _status("sp_live_of_the_app") == 200
    with intercept(sendpilot):
        assert _status("sp_live_of_the_app") == 401


def test_an_unknown_key_gets_a_401_with_a_hint(sendpilot_intercepted: Sandbox) -> None:
    response = requests.get(f"{VENDOR}/leads", headers={"X-API-Key": "sp_live_x"}, timeout=10)

    assert response.status_code == 401
    hint = response.headers["X-Emulator-Hint"]
    assert hint.startswith("no workspace has this key; give the app sendpilot.api_key, or name")


def test_the_key_may_be_that_of_the_sandbox(sendpilot: Sandbox) -> None:
    with intercept(sendpilot, api_key=sendpilot.api_key):
        assert _status(sendpilot.api_key) == 200
    assert sendpilot.requests.matching("leads.list")


def test_a_sandbox_that_was_closed_within_takes_the_key_with_it(
    sendpilot_factory: SandboxFactory, sendpilot: Sandbox
) -> None:
    with intercept(sendpilot_factory(), api_key="sp_live_of_the_app") as first:
        first.close()
    with intercept(sendpilot, api_key="sp_live_of_the_app"):
        assert _status("sp_live_of_the_app") == 200


def test_a_key_of_another_workspace_is_refused(
    sendpilot: Sandbox, sendpilot_factory: SandboxFactory
) -> None:
    other = sendpilot_factory()
    with pytest.raises(InvalidInput, match="belongs to another workspace"):
        intercept(sendpilot, api_key=other.api_key).__enter__()

    with pytest.raises(LeakedRequest), no_leaks():  # so the interception has not begun
        _status(sendpilot.api_key)


@pytest.mark.parametrize("api_key", ["", 7], ids=["empty", "no text"])
def test_a_key_that_is_none_is_refused(sendpilot: Sandbox, api_key: object) -> None:
    with pytest.raises(InvalidInput, match="api_key"):
        intercept(sendpilot, api_key=api_key).__enter__()  # type: ignore[arg-type]


# --- which hosts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://API.SendPilot.AI/v1/leads", id="other case"),
        pytest.param("https://api.sendpilot.ai./v1/leads", id="final dot"),
        pytest.param("https://api.sendpilot.ai:8443/v1/leads", id="port"),
        pytest.param("http://api.sendpilot.ai/v1/leads", id="no TLS"),
        pytest.param("https://api.eu.example/v1/leads", id="added"),
        pytest.param("https://API.eu.example/v1/leads", id="added, other case"),
        pytest.param("https://bücher.example/v1/leads", id="not ASCII"),
    ],
)
def test_every_spelling_of_the_hosts_is_intercepted(sendpilot: Sandbox, url: str) -> None:
    with intercept(sendpilot, hosts=["API.EU.example", "bücher.example"]):
        assert requests.get(url, headers=sendpilot.headers, timeout=10).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("https://api.eu.example", id="URL"),
        pytest.param("api.eu.example:443", id="port"),
        pytest.param("api.eu.example/v1", id="path"),
        pytest.param("127.0.0.1", id="this machine"),
        pytest.param("10.0.0.7", id="address"),
        pytest.param("::1", id="IPv6"),
        pytest.param("localhost", id="localhost"),
        pytest.param("app.localhost", id="below localhost"),
        pytest.param("*.example", id="pattern"),
        pytest.param("", id="empty"),
        pytest.param(None, id="no text"),
    ],
)
def test_a_host_that_is_no_name_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="hosts: expected names without scheme and port"):
        intercept(hosts=[host])


# --- several interceptions ----------------------------------------------------------------------


def test_without_a_sandbox_an_emulator_is_started_and_stopped() -> None:
    with intercept() as sandbox:
        assert _status(sandbox.api_key) == 200

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sandbox.base_url}/leads", timeout=10)


def test_an_interception_cannot_be_entered_within_itself(sendpilot: Sandbox) -> None:
    interception = intercept(sendpilot)
    with interception, pytest.raises(RuntimeError, match="active already"):
        interception.__enter__()
    with interception:
        assert _status(sendpilot.api_key) == 200


def test_interceptions_may_end_in_any_order(
    sendpilot: Sandbox, sendpilot_factory: SandboxFactory
) -> None:
    first, second = intercept(sendpilot), intercept(sendpilot_factory())
    getaddrinfo, connect = socket.getaddrinfo, http.client.HTTPSConnection.connect
    first.__enter__()
    other = second.__enter__()
    first.__exit__(None, None, None)
    assert _status(other.api_key) == 200
    second.__exit__(None, None, None)

    assert socket.getaddrinfo is getaddrinfo
    assert http.client.HTTPSConnection.connect is connect


def test_a_later_patch_of_another_library_is_left_to_it(
    sendpilot: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    getaddrinfo = socket.getaddrinfo
    with intercept(sendpilot):
        ours = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", partial(ours))
    monkeypatch.undo()
    assert socket.getaddrinfo("127.0.0.1", 80)
    with intercept(sendpilot):
        assert _status(sendpilot.api_key) == 200
    socket.getaddrinfo = getaddrinfo


def test_threads_that_share_a_server_intercept_at_the_same_time(
    sendpilot_factory: SandboxFactory,
) -> None:
    ready, statuses = threading.Barrier(3), []

    def work() -> None:
        with intercept(sendpilot_factory()) as sandbox:
            ready.wait(timeout=10)
            statuses.append(_status(sandbox.api_key))
            ready.wait(timeout=10)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200, 200, 200]


def test_another_thread_cannot_intercept_for_another_server(sendpilot: Sandbox) -> None:
    errors: list[str] = []

    def work() -> None:
        try:
            with intercept():
                pass
        except RuntimeError as error:
            errors.append(str(error))

    with intercept(sendpilot):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    (error,) = errors
    assert "the thread 'MainThread' intercepts api.sendpilot.ai for another server" in error


def test_requests_of_other_threads_are_intercepted(sendpilot_intercepted: Sandbox) -> None:
    statuses: list[int] = []
    key = sendpilot_intercepted.api_key
    thread = threading.Thread(target=lambda: statuses.append(_status(key)))
    thread.start()
    thread.join()
    assert statuses == [200]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_goes_on_with_the_server_of_its_parent_and_may_have_its_own(
    sendpilot_intercepted: Sandbox,
) -> None:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_in_a_fork, args=(theirs, sendpilot_intercepted.api_key))
    child.start()
    try:
        assert ours.poll(20)
        assert ours.recv() == (200, 200)
        assert len(sendpilot_intercepted.requests) == 1
    finally:
        child.join(timeout=20)
        child.close()


def _in_a_fork(results: "multiprocessing.connection.Connection", key: str) -> None:
    first = _status(key)
    with intercept() as sandbox:
        results.send((first, _status(sandbox.api_key)))


# --- clients ------------------------------------------------------------------------------------


def test_a_client_that_is_imported_within_is_intercepted() -> None:
    code = """
        import sys
        import mock_sendpilot
        with mock_sendpilot.intercept() as sandbox:
            late = {"httpx", "httpx2", "aiohttp", "urllib3"} - set(sys.modules)
            import asyncio, aiohttp, httpx, urllib3
            url = "https://api.sendpilot.ai/v1/leads"
            async def get():
                async with aiohttp.ClientSession() as session:
                    async with session.get(url, headers=sandbox.headers) as reply:
                        return reply.status
            statuses = [httpx.get(url, headers=sandbox.headers).status_code, asyncio.run(get())]
            with urllib3.PoolManager() as pool:
                statuses.append(pool.request("GET", url, headers=sandbox.headers).status)
        print(sorted(late), statuses)
    """
    done = _python(code)
    assert done == "['aiohttp', 'httpx', 'httpx2', 'urllib3'] [200, 200, 200]"


def test_clients_are_not_imported_for_an_interception() -> None:
    code = """
        import sys
        from mock_sendpilot import no_leaks
        with no_leaks():
            names = {"flask", "httpcore", "httpcore2", "aiohttp", "urllib3", "requests", "asyncio"}
            print(sorted(names & set(sys.modules)))
    """
    assert _python(code) == "[]"


def test_a_connection_from_before_is_not_used(sendpilot: Sandbox) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    connection = http.client.HTTPSConnection("api.sendpilot.ai")
    connection.sock = socket.create_connection(listening.getsockname())  # as if of the vendor
    with intercept(sendpilot):
        connection.request("GET", "/v1/leads", headers=sendpilot.headers)
        assert connection.getresponse().status == 200
    assert vars(connection)["sock"] is None
    listening.close()


def test_a_client_that_is_not_intercepted_is_refused(sendpilot: Sandbox) -> None:
    with pytest.raises(LeakedRequest, match="this client is not intercepted"), intercept(sendpilot):
        socket.create_connection(("api.sendpilot.ai", 443))


def test_tls_that_is_left_out_warns_of_nothing(sendpilot_intercepted: Sandbox) -> None:
    with urllib3.PoolManager() as pool:  # a warning would be an error
        response = pool.request("GET", f"{VENDOR}/leads", headers=sendpilot_intercepted.headers)
    assert response.status == 200


# --- in pytest ----------------------------------------------------------------------------------


def test_the_marker_the_settings_and_the_fixtures_work_in_a_project(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(app=APP)
    pytester.makeini(
        """
        [pytest]
        sendpilot_api_key = sp_live_of_the_app
        sendpilot_hosts =
            api.eu.example
            api.us.example
        sendpilot_no_leaks = true
        """
    )
    pytester.makepyfile(
        """
        import unittest
        import pytest, requests
        import app

        def test_the_fixture_intercepts(sendpilot_intercepted, sendpilot):
            assert sendpilot_intercepted is sendpilot
            assert app.leads() == 200

        @pytest.mark.sendpilot("live", intercept=True, api_key="sp_other")
        @pytest.mark.parametrize("number", [1, 2])
        def test_the_marker_intercepts(sendpilot, number):
            assert sendpilot.workspace.contract.name == "live"
            headers = {"X-API-Key": "sp_other"}
            url = "https://api.us.example/v1/campaigns"
            assert requests.get(url, headers=headers, timeout=10).status_code == 200

        class Test(unittest.TestCase):
            @pytest.mark.sendpilot(intercept=True)
            def test_a_test_case_is_intercepted(self):
                assert app.leads() == 200

        @pytest.mark.sendpilot(intercept=True)
        class TestNearest:
            @pytest.mark.sendpilot(intercept=False)
            def test_the_nearest_marker_counts(self):
                with pytest.raises(AssertionError, match="leaked to the real host"):
                    raise AssertionError(self.message())

            def message(self):
                from mock_sendpilot import LeakedRequest, no_leaks
                try:
                    with no_leaks():
                        app.leads()
                except LeakedRequest as error:
                    return str(error)

            @pytest.mark.sendpilot("live")
            def test_a_marker_of_other_things_leaves_it_on(self, sendpilot):
                assert app.leads(sendpilot.api_key) == 400
        """
    )
    run(pytester).assert_outcomes(passed=6)


LEAKS = {
    "app": APP,
    "test_leaks": """
        import threading
        import pytest, requests
        import app
        import mock_sendpilot

        def test_raised():
            app.leads()

        def test_swallowed():
            app.leads_or_none()

        def test_swallowed_and_failed():
            assert app.leads_or_none() == 200

        def test_in_a_thread():
            thread = threading.Thread(target=app.leads_or_none)
            thread.start()
            thread.join()

        def test_in_an_interception(sendpilot_intercepted):
            import socket
            try:
                socket.getaddrinfo("api.sendpilot.ai", 443)
            except AssertionError:
                pass

        def test_a_block_that_was_not_ended():
            mock_sendpilot.intercept().__enter__()

        def test_that_does_not_leak():
            assert requests.__name__

        def test_with_the_url(sendpilot):
            url = sendpilot.base_url + "/leads"
            assert requests.get(url, headers=sendpilot.headers, timeout=10).status_code == 200
    """,
}


def test_a_leak_fails_the_test_that_leaks_by_name(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**LEAKS)
    pytester.makeini("[pytest]\nsendpilot_no_leaks = true")

    result = run(pytester, "-p", "no:randomly")

    result.assert_outcomes(passed=3, failed=5, errors=1)
    for name in ("raised", "swallowed", "in_a_thread"):
        result.stdout.fnmatch_lines(
            [f"E *leaked to the real host: api.sendpilot.ai at app.py:5 in *::test_{name}; give *"]
        )
    result.stdout.fnmatch_lines(
        [
            "*_ ERROR at teardown of test_a_block_that_was_not_ended _*",
            "E *RuntimeError: *::test_a_block_that_was_not_ended has begun an interception*",
            "*_ test_swallowed_and_failed _*",
            "*sendpilot leaks*",
            "leaked to the real host: api.sendpilot.ai at app.py:5 in *_swallowed_and_failed;*",
            "*_ test_in_an_interception _*",
            "E *leaked to the real host: *test_leaks.py:*::test_in_an_interception; this client *",
        ]
    )


def test_a_wrong_option_of_the_marker_is_refused_in_words(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.sendpilot(intercept="yes")
        def test_a(sendpilot_intercepted): pass

        @pytest.mark.sendpilot(intercepted=True)
        def test_b(sendpilot): pass

        @pytest.mark.sendpilot(intercept=True, hosts="http://x")
        def test_c(sendpilot): pass
        """
    )
    result = run(pytester, "-p", "no:randomly")
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(
        [
            "E *@pytest.mark.sendpilot: intercept: expected True or False, got 'yes'*",
            "E *@pytest.mark.sendpilot of *: unknown option 'intercepted'; did you mean *",
            "E *hosts: expected names without scheme and port*got 'http://x'*",
        ]
    )


def test_interceptions_work_with_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(app=APP)
    pytester.makepyfile(
        """
        import pytest
        import app

        @pytest.mark.sendpilot(api_key="sp_live_of_the_app")
        @pytest.mark.parametrize("number", range(8))
        def test_alone(sendpilot_intercepted, number):
            assert app.leads() == 200
            sendpilot_intercepted.assert_requested("leads.list", times=1)
        """
    )
    run(pytester, "-n", "2", beside=["xdist", "xdist.looponfail"]).assert_outcomes(passed=8)


def _python(code: str) -> str:
    lines = "\n".join(line[8:] for line in code.splitlines())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", lines],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
