"""The client of the CRM: retries, back-off, paging, timeouts and idempotency, without a sleep."""

from collections.abc import Iterator
from typing import Any

import pytest
from crm_client import RequestFailed, SendPilotClient

from mock_sendpilot import Sandbox

IDA = "https://www.linkedin.com/in/ida-holm"


@pytest.fixture
def pauses() -> list[float]:
    """Return the seconds that the client has waited before each further attempt."""
    return []


@pytest.fixture
def client(sendpilot: Sandbox, pauses: list[float]) -> Iterator[SendPilotClient]:
    made = SendPilotClient(
        sendpilot.base_url, sendpilot.api_key, timeout=0.5, per_page=2, sleep=pauses.append
    )
    yield made
    made.close()


def statuses(sendpilot: Sandbox) -> list[int | None]:
    return [request.status for request in sendpilot.requests]


# --- paging ---------------------------------------------------------------------------------------


def test_the_leads_of_all_pages_are_read(sendpilot: Sandbox, client: SendPilotClient) -> None:
    added = [sendpilot.add_lead().id for _ in range(5)]

    assert [lead["id"] for lead in client.leads()] == added
    sendpilot.assert_requested("leads.list", query={"page": 3, "limit": 2}, times=1)
    sendpilot.assert_requested("leads.list", times=3)


# --- retries and back-off -------------------------------------------------------------------------


def test_a_change_is_retried_while_the_service_is_down(
    sendpilot: Sandbox, client: SendPilotClient
) -> None:
    sendpilot.fail_next(503, times=2)
    lead = sendpilot.add_lead()

    client.set_status(lead.id, "DONE")

    assert statuses(sendpilot) == [503, 503, 200]
    assert sendpilot.lead(lead).status == "DONE"


def test_the_pauses_grow(sendpilot: Sandbox, client: SendPilotClient, pauses: list[float]) -> None:
    sendpilot.fail_next(502, times=3)

    client.set_status(sendpilot.add_lead().id, "DONE")

    assert pauses == [0.5, 1.0, 2.0]


def test_the_pause_is_as_long_as_the_service_asks_for(
    sendpilot: Sandbox, client: SendPilotClient, pauses: list[float]
) -> None:
    sendpilot.fail_next(429, retry_after=7)

    client.set_status(sendpilot.add_lead().id, "DONE")

    assert pauses == [7.0]


def test_the_client_gives_up_after_five_attempts(
    sendpilot: Sandbox, client: SendPilotClient
) -> None:
    with (
        sendpilot.fault("leads.updateStatus", status=500),
        pytest.raises(RequestFailed, match="500"),
    ):
        client.set_status(sendpilot.add_lead().id, "DONE")

    sendpilot.assert_requested("leads.updateStatus", times=5)


def test_a_request_that_is_wrong_is_not_retried(
    sendpilot: Sandbox, client: SendPilotClient
) -> None:
    with pytest.raises(RequestFailed, match="404"):
        client.set_status("lead_unknown", "DONE")

    assert statuses(sendpilot) == [404]


# --- timeouts and broken connections --------------------------------------------------------------


def test_an_answer_that_does_not_come_is_not_waited_for(
    sendpilot: Sandbox, client: SendPilotClient, pauses: list[float]
) -> None:
    sendpilot.add_lead()
    with sendpilot.fault("leads.list", latency=1.5, times=1):
        assert len(list(client.leads())) == 1

    assert pauses == [0.5]


@pytest.mark.parametrize(
    "effect", [{"reset": True}, {"empty": True}, {"truncate": True}, {"malformed": True}], ids=list
)
def test_a_broken_answer_is_asked_for_again(
    sendpilot: Sandbox, client: SendPilotClient, effect: dict[str, Any]
) -> None:
    sendpilot.add_lead()
    with sendpilot.fault("leads.list", times=1, **effect):
        assert len(list(client.leads())) == 1


# --- idempotency ----------------------------------------------------------------------------------


def test_a_message_whose_answer_is_lost_is_sent_once(
    sendpilot: Sandbox, client: SendPilotClient
) -> None:
    sendpilot.connect(IDA)
    sendpilot.fail_next(500, "inbox.sendMessage", after_effect=True)

    client.send_message(sendpilot.sender_id, IDA, "Hello Ida")

    sendpilot.assert_requested("inbox.sendMessage", json={"message": "Hello Ida"}, times=1)
    assert len(sendpilot.events.matching("message.sent")) == 1


def test_a_message_that_was_not_sent_is_sent_again(
    sendpilot: Sandbox, client: SendPilotClient
) -> None:
    sendpilot.connect(IDA)
    sendpilot.fail_next(503, "inbox.sendMessage")

    client.send_message(sendpilot.sender_id, IDA, "Hello Ida")

    sendpilot.assert_requested("inbox.sendMessage", times=2)
    assert len(sendpilot.events.matching("message.sent")) == 1


# --- all of it ------------------------------------------------------------------------------------


def test_every_lead_is_closed_once_however_bad_the_connection(
    sendpilot: Sandbox, client: SendPilotClient
) -> None:
    leads = [sendpilot.add_lead() for _ in range(10)]
    sendpilot.api_chaos(0.3, random_seed="a bad day")

    for lead in client.leads():
        client.set_status(lead["id"], "DONE")

    assert {lead.status for lead in sendpilot.leads()} == {"DONE"}
    assert len(sendpilot.events.matching("lead.status.changed")) == len(leads)


@pytest.mark.sendpilot(starts_at="2026-03-01T18:00:00Z", frozen=True)
def test_a_message_beyond_the_quota_of_the_day_is_sent_on_the_next(sendpilot: Sandbox) -> None:
    sendpilot.add_sender("sender_1", limits={"messages": 1}, connections=[IDA])

    def sleep(seconds: float) -> None:
        sendpilot.clock.advance(seconds=seconds)

    client = SendPilotClient(sendpilot.base_url, sendpilot.api_key, sleep=sleep)
    for text in ("Hello Ida", "Have you seen my message?"):
        client.send_message("sender_1", IDA, text)
    client.close()

    days = [event.json["timestamp"][:10] for event in sendpilot.events.matching("message.sent")]
    assert days == ["2026-03-01", "2026-03-02"]
