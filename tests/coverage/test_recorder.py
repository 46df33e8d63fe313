"""The counts of the workspaces of a process."""

import pytest
import requests

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.contracts.watched import WatchedContract
from mock_sendpilot.coverage.recorder import Recorder
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.standalone import sandbox


def patch(made: Sandbox, lead_id: str, status: str, **headers: str) -> int:
    """Change a status, and return the status of the response."""
    url = f"{made.base_url}/leads/{lead_id}/status"
    sent = {**made.headers, **headers}
    return requests.patch(url, json={"status": status}, headers=sent, timeout=10).status_code


@pytest.mark.parametrize(
    ("lead_id", "status", "headers", "expected"),
    [
        pytest.param("lead_1", "DONE", {}, "2xx", id="accepted"),
        pytest.param("lead_1", "NO_STATUS", {}, "400", id="refused"),
        pytest.param("lead_1", "DONE", {"X-API-Key": "no"}, "401", id="without a known key"),
        pytest.param("no_lead", "DONE", {}, "404", id="unknown"),
    ],
)
def test_a_response_is_counted_by_operation_and_status(
    frozen: Sandbox,
    recorder: Recorder,
    *,
    lead_id: str,
    status: str,
    headers: dict[str, str],
    expected: str,
) -> None:
    frozen.add_lead(lead_id="lead_1")
    patch(frozen, lead_id, status, **headers)
    counts = recorder.counts()
    operations = {name for name in counts if name.startswith("operations/")}
    assert operations == {f"operations/leads.updateStatus/{expected}"}


@pytest.mark.parametrize("path", ["/nothing", "/leads/a/b/c"])
def test_a_request_that_no_operation_serves_is_not_counted(
    frozen: Sandbox, recorder: Recorder, path: str
) -> None:
    requests.get(f"{frozen.base_url}{path}", headers=frozen.headers, timeout=10)
    assert recorder.counts() == {}


def test_each_request_is_counted_also_after_a_reset(frozen: Sandbox, recorder: Recorder) -> None:
    for _ in range(3):
        patch(frozen, "no_lead", "DONE")
        frozen.reset()
    assert recorder.counts()["operations/leads.updateStatus/404"] == 3


def test_a_different_request_after_a_failure_is_no_retry(
    frozen: Sandbox, recorder: Recorder
) -> None:
    frozen.fail_next(503)
    requests.get(f"{frozen.base_url}/leads", headers=frozen.headers, timeout=10)
    requests.get(f"{frozen.base_url}/leads?page=2", headers=frozen.headers, timeout=10)
    assert not any(name.startswith("retries/") for name in recorder.counts())


def test_a_refusal_is_no_failure_after_which_a_request_is_made_again(
    frozen: Sandbox, recorder: Recorder
) -> None:
    for _ in range(2):
        patch(frozen, "no_lead", "DONE")
    assert not any(name.startswith("retries/") for name in recorder.counts())


# --- contract options -----------------------------------------------------------------------------


def options_met(recorder: Recorder) -> set[str]:
    """Return the values of contract options that were met."""
    names = (name.partition("/") for name in recorder.counts())
    return {rest for group, _, rest in names if group == "contract"}


def test_an_option_of_a_response_is_met_by_a_success_alone(
    frozen: Sandbox, recorder: Recorder
) -> None:
    frozen.add_lead(lead_id="lead_1")
    patch(frozen, "lead_1", "NO_STATUS")
    assert options_met(recorder) == {
        "patch_body/documented",
        "patch_statuses/documented",
        "validation_message/errors",
    }
    patch(frozen, "lead_1", "DONE")
    assert "patch_reply/documented" in options_met(recorder)


def test_an_error_that_a_fault_makes_meets_no_option(frozen: Sandbox, recorder: Recorder) -> None:
    frozen.fail_next(400)
    patch(frozen, "lead_1", "DONE")
    assert options_met(recorder) == set()


def test_the_value_of_the_own_contract_is_met(recorder: Recorder) -> None:
    with sandbox("live", patch_reply="example", frozen=True) as made:
        made.add_lead(lead_id="lead_1")
        patch(made, "lead_1", "DONE")
    assert {"patch_reply/example", "patch_body/live"} <= options_met(recorder)


def test_an_option_is_met_when_it_matters(frozen: Sandbox, recorder: Recorder) -> None:
    campaign = f"{frozen.base_url}/campaigns/{frozen.campaign_id}"
    for expected in (False, True):
        requests.patch(campaign, json={"action": "pause"}, headers=frozen.headers, timeout=10)
        assert ("repeat_action/documented" in options_met(recorder)) == expected


def test_the_names_of_events_are_met_with_an_event_that_arrives(
    frozen: Sandbox, recorder: Recorder
) -> None:
    with WebhookReceiver() as receiver:
        frozen.add_endpoint(receiver.url, events=["lead.status.changed"])
        lead = frozen.add_lead()
        assert "event_types/documented" not in options_met(recorder)
        patch(frozen, lead.id, "DONE")
        frozen.clock.advance()
    assert "event_types/documented" in options_met(recorder)


# --- deliveries -----------------------------------------------------------------------------------


def outcomes_met(recorder: Recorder) -> set[str]:
    """Return the outcomes of deliveries that were met."""
    names = (name.partition("/") for name in recorder.counts())
    return {rest for group, _, rest in names if group == "deliveries"}


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([200], {"first_attempt"}, id="accepted"),
        pytest.param([302, 200], {"3xx", "retry"}, id="a redirect"),
        pytest.param([404, 200], {"4xx", "retry"}, id="refused"),
        pytest.param([410, 200], {"410", "retry"}, id="gone"),
        pytest.param([500, 200], {"5xx", "retry"}, id="failed"),
        pytest.param([503] * 2, {"5xx", "exhausted"}, id="failed to the end"),
    ],
)
def test_the_outcome_of_a_delivery_is_counted(
    frozen: Sandbox, recorder: Recorder, statuses: list[int], expected: set[str]
) -> None:
    with WebhookReceiver() as receiver:
        frozen.add_endpoint(receiver.url, retry_delays=[1])
        for status in statuses:
            receiver.respond(status)
        frozen.trigger("lead.updated", lead_id=frozen.add_lead())
        frozen.clock.advance(minutes=1)
    assert outcomes_met(recorder) == expected


def test_a_delivery_that_nobody_takes_is_counted(frozen: Sandbox, recorder: Recorder) -> None:
    endpoint = frozen.add_endpoint("http://127.0.0.1:9/")
    frozen.trigger("lead.updated", lead_id=frozen.add_lead())
    frozen.clock.advance()
    assert outcomes_met(recorder) == {"no_connection"}
    frozen.set_enabled(endpoint, enabled=False)
    assert outcomes_met(recorder) == {"no_connection", "cancelled"}


def test_a_delivery_that_takes_too_long_is_counted(frozen: Sandbox, recorder: Recorder) -> None:
    with WebhookReceiver() as receiver, receiver.hold_responses():
        frozen.add_endpoint(receiver.url, timeout=0.1)
        frozen.trigger("lead.updated", lead_id=frozen.add_lead())
        frozen.clock.advance()
    assert outcomes_met(recorder) == {"timeout"}


def test_a_resend_that_succeeds_is_counted(frozen: Sandbox, recorder: Recorder) -> None:
    with WebhookReceiver() as receiver:
        frozen.add_endpoint(receiver.url)
        webhook = frozen.trigger("lead.updated", lead_id=frozen.add_lead())
        frozen.clock.advance()
        frozen.resend(webhook)
        frozen.clock.advance()
    assert outcomes_met(recorder) == {"first_attempt", "resend"}


def test_a_disruption_is_no_outcome_of_the_receiver(frozen: Sandbox, recorder: Recorder) -> None:
    with WebhookReceiver() as receiver:
        frozen.add_endpoint(receiver.url)
        frozen.disrupt("broken_connection")
        frozen.trigger("lead.updated", lead_id=frozen.add_lead())
        frozen.clock.advance()
    assert outcomes_met(recorder) == set()
    assert recorder.counts()["disruptions/broken_connection"] == 1


def test_an_event_that_was_refused_was_not_delivered(frozen: Sandbox, recorder: Recorder) -> None:
    with WebhookReceiver() as receiver:
        frozen.add_endpoint(receiver.url)
        receiver.respond(500)
        frozen.trigger("lead.updated", lead_id=frozen.add_lead())
        frozen.clock.advance()
    assert not any(name.startswith("events/") for name in recorder.counts())


# --- start and end --------------------------------------------------------------------------------


def test_an_attempt_in_flight_at_the_end_is_waited_for(recorder: Recorder) -> None:
    with WebhookReceiver() as receiver:
        with receiver.hold_responses(), sandbox() as made:
            made.add_endpoint(receiver.url)
            made.trigger("lead.updated", lead_id=made.add_lead())
            receiver.wait_for("lead.status.changed")
            assert outcomes_met(recorder) == set()
        recorder.wait_for_attempts(timeout_seconds=10)
    assert outcomes_met(recorder) == {"first_attempt"}


def test_nothing_is_counted_after_the_end(frozen: Sandbox, recorder: Recorder) -> None:
    recorder.stop()
    patch(frozen, "no_lead", "DONE")
    assert recorder.counts() == {}


def test_a_workspace_has_a_plain_contract_unless_somebody_counts() -> None:
    with sandbox() as made:
        assert made.workspace.contract is CONTRACTS["documented"]


def test_a_workspace_that_is_counted_has_a_watched_contract(frozen: Sandbox) -> None:
    assert isinstance(frozen.workspace.contract, WatchedContract)
    assert frozen.backend.contract is CONTRACTS["documented"]
