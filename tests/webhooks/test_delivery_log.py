"""The bounds of the delivery log, which never drops a pending delivery."""

from dataclasses import replace

import pytest

from mock_sendpilot.errors import NotFound
from mock_sendpilot.webhooks.deliveries import (
    Attempt,
    Delivery,
    DeliveryFilter,
    DeliveryLog,
    DeliveryState,
    Response,
)
from tests.webhooks.conftest import START


def delivery(name: str, *, state: DeliveryState = "succeeded", body: bytes = b"") -> Delivery:
    response = Response(status_code=200, headers={}, body=body, is_truncated=False)
    attempt = Attempt(
        number=1,
        sent_at=START,
        signed_at=START,
        started_at=START,
        duration_seconds=0.1,
        url="http://127.0.0.1:9000/",
        request_headers={},
        response=response,
    )
    return Delivery(
        id=name,
        endpoint_id="ep_1",
        event_id="evt_1",
        message_id="msg_1",
        event_type="lead.updated",
        lead_id="lead_1",
        body=b"{}",
        created_at=START,
        sequence=1,
        state=state,
        attempts=(attempt,),
    )


def _ids(log: DeliveryLog) -> list[str]:
    return [one.id for one in log.select(DeliveryFilter())]


def test_deliveries_are_listed_newest_first() -> None:
    log = DeliveryLog()
    for name in "abc":
        log.put(delivery(name))
    assert _ids(log) == ["c", "b", "a"]


def test_the_oldest_finished_delivery_is_dropped_first() -> None:
    log = DeliveryLog(max_finished=2)
    for name in "abc":
        log.put(delivery(name))
    assert _ids(log) == ["c", "b"]


def test_a_pending_delivery_is_never_dropped() -> None:
    log = DeliveryLog(max_finished=1)
    log.put(delivery("a", state="pending"))
    for name in "bcd":
        log.put(delivery(name))
    assert _ids(log) == ["d", "a"]
    assert log.pending_count == 1


def test_response_bodies_of_more_than_32_mb_drop_the_oldest_delivery() -> None:
    log = DeliveryLog()
    for name in "abcd":
        log.put(delivery(name, body=b"x" * 10_000_000))
    assert _ids(log) == ["d", "c", "b"]


def test_a_pending_delivery_does_not_drop_finished_ones() -> None:
    log = DeliveryLog()
    for number in range(4):
        log.put(delivery(f"p{number}", state="pending", body=b"x" * 10_000_000))
    log.put(delivery("done", body=b"x" * 1000))
    assert log.find("done") is not None


def test_a_delivery_that_changes_keeps_its_place() -> None:
    log = DeliveryLog()
    first = delivery("a", state="pending")
    log.put(first)
    log.put(delivery("b"))
    log.put(replace(first, state="succeeded"))
    assert _ids(log) == ["b", "a"]
    assert log.pending_count == 0


def test_a_dropped_delivery_is_not_found() -> None:
    with pytest.raises(NotFound, match="Delivery not found"):
        DeliveryLog().get("dlv_1")
