"""The pytest plugin in a stranger's project."""

import gc
import re
import weakref

import pytest
import requests

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.sandbox import SandboxFactory
from tests.testing.strangers import run

APP_TEST = """
import flask
import requests

def test_a_change_is_seen(sendpilot):
    lead = sendpilot.add_lead(status="REPLY_RECEIVED")
    url = f"{sendpilot.base_url}/leads/{lead.id}/status"
    reply = requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
    assert reply.json()["previousStatus"] == "REPLY_RECEIVED"
    event = sendpilot.events.wait_for("lead.status.changed", lead_id=lead.id, timeout=2)
    assert event.data["newStatus"] == sendpilot.lead(lead.id).status == "DONE"
"""


def test_it_works_without_any_setting_beside_all_that_is_installed(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(APP_TEST)
    # pytest-asyncio warns in each suite that does not set its options.
    pytester.runpytest_subprocess("-W", "error", "-p", "no:asyncio").assert_outcomes(passed=1)


def test_it_works_beside_pytest_flask_with_an_app_of_the_users_own(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        import flask, pytest, requests

        @pytest.fixture
        def app(sendpilot):
            app = flask.Flask("users_own")

            @app.post("/close/<lead_id>")
            def close(lead_id):
                url = f"{sendpilot.base_url}/leads/{lead_id}/status"
                reply = requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
                return reply.json(), reply.status_code

            return app
        """
    )
    pytester.makepyfile(
        """
        def test_the_users_app_calls_the_emulator(client, sendpilot):
            lead = sendpilot.add_lead()
            assert client.post(f"/close/{lead.id}").json["status"] == "DONE"
            sendpilot.events.wait_for("lead.status.changed", lead_id=lead.id)

        def test_pytest_flask_keeps_its_own_fixtures(app, client, config, sendpilot):
            assert app.name == "users_own"
            assert client.application is app
            assert config is app.config
        """
    )
    run(pytester, "-p", "pytest_flask", beside=["flask"]).assert_outcomes(passed=2)


def test_it_works_with_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, requests

        @pytest.mark.parametrize("number", range(8))
        def test_alone(sendpilot, number):
            lead = sendpilot.add_lead(lead_id="lead_same")
            url = f"{sendpilot.base_url}/leads/{lead.id}/status"
            requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
            sendpilot.events.wait_for("lead.status.changed", lead_id=lead.id)
            assert len(sendpilot.events) == 1
        """
    )
    run(pytester, "-n", "2", beside=["xdist", "xdist.looponfail"]).assert_outcomes(passed=8)


# A suite of a stranger: each file is one subject, and all of them are one run.
SUITE = {
    "conftest": """
        import threading

        def pytest_sessionfinish():
            threads = [one for one in threading.enumerate() if one.name != "MainThread"]
            for thread in threads:
                thread.join(10)  # one that ends may be there a moment longer
            names = [one.name for one in threads if one.is_alive()]
            print(f"threads after the fixtures: {sorted(names)}")
    """,
    "test_workspaces": """
        import requests
        import pytest

        KEYS = []

        @pytest.mark.parametrize("number", range(2))
        def test_a_workspace_is_fresh(sendpilot, number):
            assert sendpilot.leads() == []
            sendpilot.add_lead(lead_id="lead_1")
            KEYS.append(sendpilot.api_key)

        def test_the_keys_of_other_tests_are_gone(sendpilot):
            for key in KEYS:
                reply = requests.get(sendpilot.base_url + "/leads", headers={"X-API-Key": key})
                assert reply.status_code == 401
    """,
    "test_marker": """
        import pytest, requests

        @pytest.mark.sendpilot(contract="live", patch_reply="example")
        def test_the_marker_chooses_the_contract(sendpilot):
            lead = sendpilot.add_lead()
            url = f"{sendpilot.base_url}/leads/{lead.id}/status"
            reply = requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
            assert list(reply.json())[0] == "id"
            sendpilot.events.wait_for("lead.updated", new_status="DONE")

        @pytest.mark.sendpilot(starts_at="2025-03-01T12:00:00Z", frozen=True)
        def test_the_marker_starts_the_clock(sendpilot):
            assert sendpilot.clock.now.isoformat() == "2025-03-01T12:00:00+00:00"
            assert sendpilot.clock.is_frozen
            webhook = sendpilot.trigger("lead.status.changed", lead_id=sendpilot.add_lead())
            assert webhook.json["timestamp"].startswith("2025-03-01T12:00:00")
    """,
    "test_factory": """
        import pytest

        @pytest.fixture(scope="module")
        def world(sendpilot_factory):
            with sendpilot_factory("live", patch_reply="example", starts_at="2025-03-01") as world:
                yield world

        @pytest.fixture(scope="session")
        def key(sendpilot_factory):
            return sendpilot_factory().api_key

        def test_a_workspace_of_a_module_is_made(world):
            world.add_lead(lead_id="lead_1")
            assert world.clock.now.year == 2025

        def test_it_is_the_same_in_the_next_test(world, sendpilot):
            assert world.workspace.contract.name == "live+patch_reply=example"
            assert world.lead("lead_1").id == "lead_1"
            assert sendpilot.leads() == []

        def test_no_other_workspace_is_left(world, key, sendpilot_server):
            assert key != world.api_key
            assert len(sendpilot_server.emulator.workspaces()) == 2
    """,
    "test_webhooks": """
        import freezegun, requests, threading

        @freezegun.freeze_time("2001-02-03")
        def test_frozen_time_does_not_stop_webhooks(sendpilot, sendpilot_receiver):
            sendpilot.add_endpoint(sendpilot_receiver.url)
            lead = sendpilot.add_lead()
            url = f"{sendpilot.base_url}/leads/{lead.id}/status"
            requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
            sendpilot_receiver.wait_for("lead.status.changed", lead_id=lead.id)
            sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead.id)

        def test_a_retry_is_due_in_an_hour(sendpilot, sendpilot_receiver):
            sendpilot.add_endpoint(sendpilot_receiver.url, retry_delays=[3600])
            sendpilot_receiver.respond(503)
            sendpilot.trigger("lead.status.changed", lead_id=sendpilot.add_lead())
            sendpilot.webhooks.wait_for("lead.status.changed")
            assert any("worker" in thread.name for thread in threading.enumerate())
    """,
}


def test_the_fixtures_work_in_a_suite_and_leave_no_thread(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**SUITE)
    result = run(pytester, "-s", "--strict-markers")

    result.assert_outcomes(passed=10)
    result.stdout.fnmatch_lines(["*threads after the fixtures: []*"])


def test_a_marker_that_cannot_be_read_is_an_error_in_words(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.sendpilot("live", "example")
        def test_it(sendpilot):
            pass
        """
    )
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["E  *InvalidInput: @pytest.mark.sendpilot of test_*.py::test_it: expected one *"]
    )
    result.stdout.no_fnmatch_line("*TypeError*")


def test_a_suite_that_does_not_use_the_fixtures_does_not_import_the_package(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_imported():
            heavy = {"flask", "marshmallow", "requests", "waitress", "blinker"} & set(sys.modules)
            assert not heavy, heavy
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_a_first_request_imports_nothing_that_it_does_not_need(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        import requests

        def test_it(sendpilot_intercepted):
            lead = sendpilot_intercepted.add_lead(status="MESSAGE_SENT")
            url = f"https://api.sendpilot.ai/v1/leads/{lead.id}/status"
            headers = sendpilot_intercepted.headers
            response = requests.patch(url, json={"status": "DONE"}, headers=headers, timeout=5)
            assert response.status_code == 200
            names = ("api.inbox", "app", "control.faults", "world.people_data", "world.samples")
            heavy = {"flask", *(f"mock_sendpilot.{name}" for name in names)}
            assert not heavy & set(sys.modules), heavy & set(sys.modules)
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_a_test_that_is_over_leaves_no_sandbox_behind(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import gc
        import weakref

        found = []

        def test_first(sendpilot):
            found.append(weakref.ref(sendpilot))

        def test_second():
            gc.collect()
            assert found[0]() is None
        """
    )
    run(pytester).assert_outcomes(passed=2)


def test_time_that_is_frozen_from_the_start_of_the_session_does_not_stop_webhooks(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        import freezegun, pytest

        @pytest.fixture(scope="session", autouse=True)
        def frozen():
            with freezegun.freeze_time("2001-02-03"):
                yield
        """
    )
    pytester.makepyfile(
        """
        import pytest, requests

        def test_frozen(sendpilot, sendpilot_receiver):
            sendpilot.add_endpoint(sendpilot_receiver.url)
            lead = sendpilot.add_lead()
            url = f"{sendpilot.base_url}/leads/{lead.id}/status"
            requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
            webhook = sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead.id)
            assert webhook.json["timestamp"] > "2026"
            with pytest.raises(AssertionError):
                sendpilot.webhooks.wait_for("lead.status.changed", lead_id="x", timeout=0.1)
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_the_plugin_can_be_named_again(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("pytest_plugins = ['mock_sendpilot.testing.pytest_plugin']")
    pytester.makepyfile("def test_it(sendpilot): pass")
    names = ("-p", "mock_sendpilot", "-p", "mock_sendpilot.testing.pytest_plugin")
    run(pytester, *names).assert_outcomes(passed=1)


def test_the_plugin_can_be_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(sendpilot): pass")
    result = run(pytester, "-p", "no:mock_sendpilot")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'sendpilot' not found*"])


def test_no_fixture_can_clash_with_those_of_others(pytester: pytest.Pytester) -> None:
    listed = run(pytester, "--fixtures").stdout.str()
    fixtures = re.findall(r"^(\w+).* -- .*\bmock_sendpilot.testing.", listed, re.MULTILINE)

    assert len(fixtures) >= 4
    assert all(name.startswith("sendpilot") for name in fixtures)


def test_a_workspace_of_a_factory_ends_with_its_block(
    sendpilot_factory: SandboxFactory,
) -> None:
    with sendpilot_factory() as sandbox:
        key = sandbox.api_key
        reply = requests.get(f"{sandbox.base_url}/me", headers=sandbox.headers, timeout=10)
        assert reply.status_code == 200

    url = f"{sandbox.base_url}/me"
    assert requests.get(url, headers={"X-API-Key": key}, timeout=10).status_code == 401


def test_a_factory_keeps_no_sandbox_that_is_closed(sendpilot_factory: SandboxFactory) -> None:
    with sendpilot_factory() as sandbox:
        closed = weakref.ref(sandbox)
    del sandbox
    with sendpilot_factory():
        gc.collect()
        assert closed() is None


def test_a_factory_refuses_an_unknown_contract(sendpilot_factory: SandboxFactory) -> None:
    with pytest.raises(InvalidInput, match="unknown contract 'life'; did you mean 'live'"):
        sendpilot_factory("life")


def test_the_report_of_a_failed_test_alone_lists_the_failed_attempts(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import flask, pytest, requests

        @pytest.fixture(autouse=True)
        def attempted(sendpilot):
            sendpilot.add_endpoint(flask.Flask("without_a_route"))
            lead = sendpilot.add_lead()
            url = f"{sendpilot.base_url}/leads/{lead.id}/status"
            requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
            sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead.id)

        def test_that_passes():
            pass

        def test_that_waits_in_vain(sendpilot):
            sendpilot.webhooks.wait_for("message.sent", timeout=0.05)

        def test_that_fails():
            assert False
        """
    )
    result = run(pytester, "-rA")

    result.assert_outcomes(passed=1, failed=2)
    attempt = "attempt 1 of lead.status.changed to http://127.0.0.1:*/webhooks failed: *404*"
    result.stdout.fnmatch_lines(["*_ test_that_fails _*", "*failed webhook attempts*", attempt])
    assert result.stdout.str().count("failed webhook attempts") == 1
