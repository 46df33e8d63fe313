"""`sendpilot.disrupt` and `sendpilot.chaos`: deliveries made hostile in a test."""

import logging
from typing import Any

import pytest

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.webhooks.disruption_kinds import KINDS
from mock_sendpilot.webhooks.disruptions import Disruption
from tests.testing.strangers import run

EVENT = "lead.status.changed"
QUICK = ("duplicate", "wrong_secret", "missing_signature", "extra_fields", "unknown_event")


def close(sendpilot: Sandbox, lead_id: str | None = None, status: str = "DONE") -> str:
    found = lead_id or sendpilot.add_lead().id
    sendpilot.workspace.store.set_lead_status(found, status=status)
    return found


# --- disrupt ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_armed_for_one_delivery(sendpilot: Sandbox, kind: str) -> None:
    disruption = sendpilot.disrupt(kind)

    assert (disruption.kind, disruption.times, disruption.state) == (kind, 1, "armed")


def test_numbers_of_the_kind_and_values_of_data_are_told_apart(sendpilot: Sandbox) -> None:
    disruption = sendpilot.disrupt(
        "stale_timestamp", seconds=60, attempts=2, lead_id="lead_1", newStatus="DONE"
    )

    assert disruption.options == {"seconds": 60, "attempts": 2}
    assert disruption.pattern.values == {"lead_id": "lead_1", "newStatus": "DONE"}


def test_a_disruption_meets_matching_deliveries_alone(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    wanted, other = sendpilot.add_lead(), sendpilot.add_lead()
    disruption = sendpilot.disrupt("extra_fields", event_type=EVENT, times=2, lead_id=wanted.id)
    for lead in (other, wanted, other):
        close(sendpilot, lead.id, "DONE" if lead.status != "DONE" else "PENDING")
    sendpilot.wait_until_idle()
    now = sendpilot.disruption(disruption)

    hostile = [one for one in sendpilot_receiver.received if "emulatorExtra" in one.json]
    assert [one.json["data"]["leadId"] for one in hostile] == [wanted.id]
    assert (now.state, now.match_count) == ("armed", 1)


def test_a_disruption_lists_its_matches(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    disruption = sendpilot.disrupt("missing_signature")
    close(sendpilot)
    webhook = sendpilot.webhooks.wait_for(EVENT)
    now = sendpilot.disruption(disruption)

    assert (now.state, disruption.state) == ("consumed", "armed")
    (match,) = now.matches
    assert (match.event_id, match.kind) == (webhook.event_id, "missing_signature")
    assert match.delivery_id == webhook.deliveries[0].id
    assert "svix-id" not in sendpilot_receiver.received[0].headers


def test_a_disruption_can_be_for_one_endpoint(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint("http://127.0.0.1:9/webhooks", retry_delays=[])
    endpoint = sendpilot.add_endpoint(sendpilot_receiver.url)
    disruption = sendpilot.disrupt("extra_fields", endpoint=endpoint)
    close(sendpilot)
    sendpilot.wait_until_idle()
    (match,) = sendpilot.disruption(disruption).matches

    assert "emulatorExtra" in sendpilot_receiver.received[0].json
    assert match.delivery_id == sendpilot.webhooks[0].deliveries[1].id


def test_a_disruption_without_times_is_for_ever(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.disrupt("extra_fields", times=None)
    for _ in range(3):
        close(sendpilot)
    sendpilot.wait_until_idle()

    assert ["emulatorExtra" in one.json for one in sendpilot_receiver.received] == [True] * 3


def test_a_delivery_that_is_queued_already_is_not_disrupted(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot)
    disruption = sendpilot.disrupt("extra_fields")
    sendpilot.clock.advance()

    assert "emulatorExtra" not in sendpilot_receiver.received[0].json
    assert sendpilot.disruption(disruption).match_count == 0


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        pytest.param("duplicat", {}, "did you mean 'duplicate'?", id="kind"),
        pytest.param("drop", {"seconds": 3}, "seconds is no option of 'drop'", id="option"),
        pytest.param("delay", {"seconds": -3}, "seconds of 'delay': expected 0", id="number"),
        pytest.param("drop", {"event_type": "lead.update"}, "did you mean", id="event"),
        pytest.param("drop", {"event_type": "lead.updated"}, EVENT, id="other contract"),
        pytest.param("drop", {"times": 0}, "times: expected a whole number from 1", id="no times"),
        pytest.param(
            "drop", {"times": True}, "times: expected a whole number from 1", id="no count"
        ),
    ],
)
def test_an_impossible_disruption_is_refused(
    sendpilot: Sandbox, kind: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says.replace("?", r"\?")):
        sendpilot.disrupt(kind, **options)


def test_an_endpoint_that_is_gone_is_not_found(sendpilot: Sandbox) -> None:
    other = sendpilot.add_endpoint("http://127.0.0.1:9/webhooks")
    sendpilot.backend.view().outbox.remove_endpoint(other.id)
    with pytest.raises(NotFound, match="Webhook endpoint not found"):
        sendpilot.disrupt("drop", endpoint=other)


def test_a_removed_disruption_is_not_found(sendpilot: Sandbox) -> None:
    disruption = sendpilot.disrupt("drop")
    sendpilot.backend.view().outbox.disruptions.remove(disruption.id)
    with pytest.raises(NotFound, match="Disruption not found"):
        sendpilot.disruption(disruption)


# --- chaos --------------------------------------------------------------------------------------


def kinds_drawn(
    sendpilot: Sandbox, receiver: WebhookReceiver, disruption: Disruption
) -> list[tuple[int, str]]:
    """The disruption of each of the next twenty events."""
    endpoint = sendpilot.add_endpoint(receiver.url)
    first = len(sendpilot.webhooks)
    for _ in range(20):
        close(sendpilot)
    sendpilot.wait_until_idle(timeout=20)
    ids = [webhook.event_id for webhook in sendpilot.webhooks[first:]]
    sendpilot.set_enabled(endpoint, enabled=False)
    matches = sendpilot.disruption(disruption).matches
    return [(ids.index(match.event_id), match.kind) for match in matches]


def test_the_same_seed_and_events_give_the_same_mix(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    mixes = []
    for seed in ("a", "a", "b"):
        disruption = sendpilot.chaos(0.5, random_seed=seed, kinds=QUICK)
        mixes.append(kinds_drawn(sendpilot, sendpilot_receiver, disruption))
        sendpilot.backend.view().outbox.disruptions.remove(disruption.id)

    assert mixes[0] == mixes[1] != mixes[2]
    assert 2 < len(mixes[0]) < 18
    assert len({kind for _, kind in mixes[0]}) > 1


def test_the_seed_is_by_default_the_name_of_the_test(
    sendpilot: Sandbox, request: pytest.FixtureRequest
) -> None:
    assert sendpilot.chaos().random_seed == request.node.nodeid


def test_the_seed_is_logged(sendpilot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    sendpilot.chaos(0.25, random_seed="seven")
    found = [record for record in caplog.records if "chaos" in record.message]

    assert [(one.levelno, one.message) for one in found] == [
        (logging.WARNING, "chaos at rate 0.25, seed 'seven'")
    ]


@pytest.mark.parametrize(("rate", "count"), [(0, 0), (1, 20)])
def test_the_rate_is_the_share_of_deliveries(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, rate: float, count: int
) -> None:
    disruption = sendpilot.chaos(rate, kinds=["extra_fields"])

    assert len(kinds_drawn(sendpilot, sendpilot_receiver, disruption)) == count


def test_chaos_can_be_for_one_endpoint(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    other = sendpilot.add_endpoint("http://127.0.0.1:9/webhooks", retry_delays=[])
    disruption = sendpilot.chaos(1, kinds=["extra_fields"], endpoint=other)
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot)
    sendpilot.wait_until_idle()

    assert "emulatorExtra" not in sendpilot_receiver.received[0].json
    assert sendpilot.disruption(disruption).match_count == 1


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        pytest.param(["duplicat"], "did you mean 'duplicate'", id="unknown"),
        pytest.param([], "kinds: expected one at least", id="none"),
    ],
)
def test_an_invalid_mix_is_refused(
    sendpilot: Sandbox, caplog: pytest.LogCaptureFixture, kinds: list[str], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        sendpilot.chaos(kinds=kinds)

    assert caplog.messages == []


def test_a_mix_can_be_one_kind(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> None:
    disruption = sendpilot.chaos(1, kinds="extra_fields")

    drawn = {kind for _, kind in kinds_drawn(sendpilot, sendpilot_receiver, disruption)}
    assert drawn == {"extra_fields"}


# --- in a stranger's project --------------------------------------------------------------------

CHAOS_TEST = """
import requests

def test_chaos(sendpilot, sendpilot_receiver):
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(sendpilot_receiver.url)
    chaos = sendpilot.chaos(0.5, kinds=["duplicate", "wrong_secret", "extra_fields"])
    ids = {}
    for number in range(20):
        lead = sendpilot.add_lead()
        ids[lead.id] = number
        url = f"{sendpilot.base_url}/leads/{lead.id}/status"
        requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers)
    sendpilot.clock.advance(minutes=1)
    numbers = {one.event_id: ids[one.data["leadId"]] for one in sendpilot.webhooks}
    mix = [(numbers[one.event_id], one.kind) for one in sendpilot.disruption(chaos).matches]
    assert False, f"the mix: {mix}"
"""


def test_a_test_that_fails_shows_the_seed_and_fails_again_alike(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_it=CHAOS_TEST)
    results = [run(pytester) for _ in range(2)]
    mixes = [
        next(line for line in result.outlines if line.startswith("E") and "the mix" in line)
        for result in results
    ]

    for result in results:
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*chaos at rate 0.5, seed 'test_it.py::test_chaos'*"])
    assert mixes[0] == mixes[1]
    assert "(" in mixes[0]
