"""The timeline in the report of a failed test."""

import re

import pytest
import requests

from mock_sendpilot import Sandbox, WebhookReceiver
from mock_sendpilot.testing.failures import timeline
from tests.testing.strangers import run


def timeline_of(sandbox: Sandbox) -> list[str]:
    lines = timeline(sandbox.backend.view(), sandbox.backend.journal)
    return [re.sub(r"evt_\d+_\w+|127.0.0.1:\d+|\d+ ms", "…", line) for line in lines]


def change(sandbox: Sandbox, lead_id: str) -> None:
    requests.patch(
        f"{sandbox.base_url}/leads/{lead_id}/status",
        json={"status": "DONE"},
        headers=sandbox.headers,
        timeout=10,
    )


@pytest.mark.sendpilot(starts_at="2026-03-01T09:00:00Z", frozen=True)
def test_events_follow_the_requests_that_caused_them(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot_receiver.respond(500)
    for lead_id in ("lead_1", "lead_2"):
        change(sendpilot, sendpilot.add_lead(lead_id=lead_id).id)
    sendpilot.clock.advance(seconds=1)

    assert timeline_of(sendpilot)[:-1] == [
        '09:00:00.000  req_1 PATCH /v1/leads/lead_1/status {"status": "DONE"} -> 200 (…)',
        "09:00:00.000    lead.status.changed … lead_1",
        '09:00:00.000  req_2 PATCH /v1/leads/lead_2/status {"status": "DONE"} -> 200 (…)',
        "09:00:00.001    lead.status.changed … lead_2",
        "09:00:00.000      attempt 1 of lead.status.changed … to http://…/webhooks -> 500",
        "09:00:00.000      attempt 1 of lead.status.changed … to http://…/webhooks -> 200",
    ]
    assert timeline_of(sendpilot)[-1].startswith("the clock is frozen at 2026-03-01T09:00:01.000Z")


def test_a_duplicate_and_a_resend_are_no_attempts_of_the_schedule(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.disrupt("duplicate")
    change(sendpilot, sendpilot.add_lead().id)
    sendpilot.wait_until_idle()
    sendpilot.resend(sendpilot.webhooks[0])
    sendpilot.wait_until_idle()

    attempts = [line.partition(" of ")[0].split("  ")[-1] for line in timeline_of(sendpilot)[2:-1]]
    assert attempts == ["attempt 1", "duplicate", "resend"]


@pytest.mark.sendpilot(starts_at="2026-03-01T09:00:00Z", frozen=True)
def test_a_webhook_without_a_response_has_a_line(sendpilot: Sandbox) -> None:
    endpoint = sendpilot.add_endpoint("http://127.0.0.1:9/webhooks")
    change(sendpilot, sendpilot.add_lead(lead_id="lead_1").id)

    line = f"09:00:00.000      no response yet to lead.status.changed … from {endpoint.id}"
    assert timeline_of(sendpilot)[2] == line


@pytest.mark.sendpilot(starts_at="2026-03-01T09:00:00Z", frozen=True)
def test_an_event_without_a_request_has_a_line_of_its_own(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(lead_id="lead_1")
    sendpilot.simulate("done", lead)

    assert timeline_of(sendpilot) == [
        "09:00:00.000    lead.status.changed … lead_1: no endpoint",
        "the clock is frozen at 2026-03-01T09:00:00.000Z; nothing is due",
    ]


def test_the_timeline_says_that_nothing_happened(sendpilot: Sandbox) -> None:
    first, _ = timeline_of(sendpilot)
    assert first == "no request with the key of this workspace, and no event"


def test_the_timeline_has_the_latest_lines(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    for _ in range(45):
        change(sendpilot, lead.id)
    lines = timeline_of(sendpilot)
    assert lines[0] == "6 earlier lines are left out"
    assert len(lines) == 42


FAILING = """
    import requests

    def test_failing(sendpilot):
        requests.get(sendpilot.base_url + "/leads", headers=sendpilot.headers)
        assert False
"""


def test_the_report_of_a_failed_test_has_a_timeline(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILING)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*sendpilot timeline*", "*req_1 GET /v1/leads -> 200*"])


def test_the_line_about_requests_without_a_known_key_is_short_and_has_no_secret(
    sendpilot: Sandbox,
) -> None:
    secret = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="
    body = {"secret": secret, "text": "x" * 1000}
    url = f"{sendpilot.base_url}/leads"
    requests.post(url, json=body, headers={"X-API-Key": "other"}, timeout=10)

    (line,) = sendpilot.requests.without_key()
    assert secret not in line
    assert len(line) < 220


def test_the_timeline_has_a_line_about_requests_without_a_known_key(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(FAILING.replace("headers=sendpilot.headers", 'headers={"X-API-Key": "x"}'))
    line = "requests without a known API key: 1, last GET /v1/leads -> 401"
    run(pytester).stdout.fnmatch_lines(["*sendpilot timeline*", line])


FAILING_BACK = """
    import requests

    def test_it(sendpilot):
        def app(environ, start_response):
            url = f"{sendpilot.base_url}/leads/{lead.id}"
            own = {"X-Request-Id": environ["HTTP_SVIX_ID"]}
            requests.get(url, headers={"X-API-Key": "wrong", **own})
            start_response("204 No Content", [])
            return []

        lead = sendpilot.add_lead()
        sendpilot.add_endpoint(app)
        url = f"{sendpilot.base_url}/leads/{lead.id}/status"
        requests.patch(url, headers=sendpilot.headers, json={"status": "DONE"})
        sendpilot.wait_until_idle()
        assert False
"""


def test_the_report_has_the_trace_of_a_receiver_whose_request_failed(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(FAILING_BACK)
    run(pytester).stdout.fnmatch_lines(
        [
            "*sendpilot trace of failures*",
            "*+0 ms req_1 PATCH /v1/leads/*/status*-> 200 (*)",
            "* evt_* lead.status.changed *",
            "* dlv_* to http://127.0.0.1:*: succeeded",
            "* attempt 1 -> 204 (*)",
            "* nokey_* GET /v1/leads/* -> 401 (*) [[]joined by X-Request-Id]",
        ]
    )


def test_the_report_has_no_trace_if_nothing_failed_but_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILING)
    run(pytester).stdout.no_fnmatch_line("*sendpilot trace*")


@pytest.mark.parametrize(
    "end", ["assert True", "__import__('pytest').skip()", "sendpilot.close(); assert False"]
)
def test_other_tests_have_no_timeline(pytester: pytest.Pytester, end: str) -> None:
    pytester.makepyfile(FAILING.replace("assert False", end))
    run(pytester).stdout.no_fnmatch_line("*sendpilot timeline*")
