"""The pytest plugin in a stranger's project."""

import pytest

APP_TEST = """
import flask
import requests

def test_a_change_is_seen(sendpilot):
    lead = sendpilot.add_lead(status="REPLY_RECEIVED")
    url = f"{sendpilot.base_url}/leads/{lead.id}/status"
    reply = requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
    assert reply.json()["previousStatus"] == "REPLY_RECEIVED"
    webhook = sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead.id, within=2)
    assert webhook.data["newStatus"] == sendpilot.lead(lead.id).status == "DONE"
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    plugins = ("-p", "no:randomly", "-p", "no:cacheprovider")
    return pytester.runpytest_subprocess("-W", "error", *plugins, *arguments)


def test_it_works_without_any_setting(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(APP_TEST)
    run(pytester).assert_outcomes(passed=1)


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
            sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead.id)

        def test_pytest_flask_keeps_its_own_fixtures(app, client, config, sendpilot):
            assert app.name == "users_own"
            assert client.application is app
            assert config is app.config
        """
    )
    run(pytester, "-p", "pytest_flask").assert_outcomes(passed=2)


def test_it_works_with_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, requests

        @pytest.mark.parametrize("number", range(8))
        def test_alone(sendpilot, number):
            lead = sendpilot.add_lead(lead_id="lead_same")
            url = f"{sendpilot.base_url}/leads/{lead.id}/status"
            requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
            sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead.id)
            assert len(sendpilot.webhooks) == 1
        """
    )
    run(pytester, "-n", "2").assert_outcomes(passed=8)


def test_workspaces_of_two_tests_do_not_know_each_other(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests
        import pytest

        KEYS = []

        @pytest.mark.parametrize("number", range(2))
        def test_alone(sendpilot, number):
            assert sendpilot.leads() == []
            sendpilot.add_lead(lead_id="lead_1")
            KEYS.append(sendpilot.api_key)

        def test_the_keys_of_other_tests_are_gone(sendpilot):
            for key in KEYS:
                reply = requests.get(sendpilot.base_url + "/leads", headers={"X-API-Key": key})
                assert reply.status_code == 401
        """
    )
    run(pytester).assert_outcomes(passed=3)


def test_the_marker_chooses_the_contract(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, requests

        @pytest.mark.sendpilot(contract="live", patch_reply="example")
        def test_live(sendpilot):
            lead = sendpilot.add_lead()
            url = f"{sendpilot.base_url}/leads/{lead.id}/status"
            reply = requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
            assert list(reply.json())[0] == "id"
            sendpilot.webhooks.wait_for("lead.updated", new_status="DONE")
        """
    )
    run(pytester, "--strict-markers").assert_outcomes(passed=1)


def test_a_choice_that_cannot_be_is_told_in_the_test_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.sendpilot("life")
        def test_it(sendpilot):
            pass
        """
    )
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*unknown contract 'life'; did you mean 'live'?*"])


def test_the_package_is_not_imported_by_those_who_do_not_use_it(
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
    others = ("no:flask", "no:pytest_flask", "no:schemathesis")
    run(pytester, *(word for name in others for word in ("-p", name))).assert_outcomes(passed=1)


def test_freezing_the_time_in_a_users_test_does_not_stop_webhooks(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import freezegun, requests

        @freezegun.freeze_time("2001-02-03")
        def test_frozen(sendpilot, sendpilot_receiver):
            sendpilot.add_endpoint(sendpilot_receiver.url)
            lead = sendpilot.add_lead()
            url = f"{sendpilot.base_url}/leads/{lead.id}/status"
            requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
            sendpilot_receiver.wait_for("lead.status.changed", lead_id=lead.id)
            sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead.id)
        """
    )
    run(pytester).assert_outcomes(passed=1)


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
                sendpilot.webhooks.wait_for("lead.status.changed", lead_id="x", within=0.1)
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_at_the_end_of_the_session_no_thread_is_left(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import threading

        def pytest_sessionfinish():
            names = [one.name for one in threading.enumerate() if one.name != "MainThread"]
            print(f"threads after the fixtures: {sorted(names)}")
        """
    )
    pytester.makepyfile(
        """
        import threading

        def test_a_retry_is_due_in_an_hour(sendpilot, sendpilot_receiver):
            sendpilot.add_endpoint(sendpilot_receiver.url, retry_delays=[3600])
            sendpilot_receiver.respond(503)
            sendpilot.trigger("lead.status.changed", lead_id=sendpilot.add_lead())
            sendpilot.webhooks.wait_for("lead.status.changed")
            assert any("worker" in thread.name for thread in threading.enumerate())
        """
    )
    result = run(pytester, "-s", "-p", "no:xdist")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*threads after the fixtures: []*"])


def test_a_marker_with_too_many_arguments_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.sendpilot("live", "schema")
        def test_it(sendpilot):
            pass
        """
    )
    run(pytester).assert_outcomes(errors=1)
