"""`POST /_emulate/wait` for events: at once, when they come, or with what came instead."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.api.expect import STATUS
from tests.control.expect import assert_invalid
from tests.support import OTHER_KEY, Api, Reply

WAIT = "/_emulate/wait"
EVENT = "lead.status.changed"
LEAD = "lead_abc123"


@pytest.fixture
def receiver(emulator: Emulator) -> Iterator[WebhookReceiver]:
    """Gets what the demo workspace sends."""
    with WebhookReceiver() as made:
        emulator.outbox(emulator.workspaces()[0]).endpoints.add(made.url)
        yield made


def change(api: Api, *statuses: str) -> None:
    for status in statuses:
        assert api("PATCH", STATUS, json={"status": status}).status == 200


def wait(api: Api, *, timeout: float = 10, key: str | None = None, **wanted: Any) -> Reply:
    body = {"timeoutSeconds": timeout, **wanted}
    return api("POST", WAIT, json=body) if key is None else api("POST", WAIT, key=key, json=body)


def statuses(reply: Reply) -> list[str]:
    return [event["body"]["data"]["newStatus"] for event in reply.json["events"]]


class Waiting:
    """A wait in a thread of its own."""

    def __init__(self, api: Api, **wanted: Any) -> None:
        self._replies: list[Reply] = []
        self._thread = threading.Thread(
            target=lambda: self._replies.append(wait(api, timeout=30, **wanted))
        )
        self._thread.start()
        self._thread.join(0.05)
        assert not self._replies

    def reply(self) -> Reply:
        self._thread.join(10)
        return self._replies[0]


# --- events that come ---------------------------------------------------------------------------


def test_the_wait_for_a_past_event_ends_at_once(api: Api, receiver: WebhookReceiver) -> None:
    change(api, "DONE")
    receiver.wait_for(count=1)
    reply = wait(api, eventType=EVENT)

    assert reply.status == 200
    assert list(reply.json) == [
        "events",
        "failure",
        "now",
        "frozen",
        "advancing",
        "running",
        "nextDueAt",
        "nextDue",
    ]
    assert reply.json["failure"] is None
    (event,) = reply.json["events"]
    assert event == api("GET", f"/_emulate/events/{event['id']}").json


def test_an_event_without_an_endpoint_has_come_when_it_is_recorded(api: Api) -> None:
    change(api, "DONE")

    assert wait(api, eventType=EVENT, timeout=0).status == 200


def test_the_wait_ends_when_the_event_comes(api: Api) -> None:
    waiting = Waiting(api, eventType=EVENT, match={"newStatus": "DONE"})
    change(api, "PENDING", "DONE")
    reply = waiting.reply()

    assert (reply.status, statuses(reply)) == (200, ["DONE"])


def test_the_wait_includes_the_first_attempt(api: Api, receiver: WebhookReceiver) -> None:
    with receiver.hold_responses():
        change(api, "DONE")
        receiver.wait_for(count=1)
        waiting = Waiting(api, eventType=EVENT)
    reply = waiting.reply()

    assert reply.json["events"][0]["deliveries"][0]["attemptCount"] == 1


def test_an_attempt_that_fails_counts_too(api: Api, receiver: WebhookReceiver) -> None:
    receiver.respond(503)
    change(api, "DONE")
    (event,) = wait(api, eventType=EVENT).json["events"]

    assert (event["deliveries"][0]["state"], event["deliveries"][0]["lastOutcome"]) == (
        "pending",
        503,
    )


def test_the_wait_can_be_for_several_events(api: Api) -> None:
    change(api, "DONE")
    waiting = Waiting(api, eventType=EVENT, count=3)
    change(api, "PENDING", "OPPORTUNITY", "NOT_INTERESTED")
    reply = waiting.reply()

    assert (reply.status, statuses(reply)) == (200, ["DONE", "PENDING", "OPPORTUNITY"])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({"match": {"newStatus": "PENDING"}}, ["PENDING"], id="value"),
        pytest.param({"match": {"new_status": "PENDING"}}, ["PENDING"], id="snake case"),
        pytest.param({"eventType": EVENT}, ["DONE"], id="the first of its type"),
        pytest.param({"count": 2}, ["DONE", "PENDING"], id="count alone"),
        pytest.param({"match": {}}, ["DONE"], id="anything"),
        pytest.param(
            {"match": {"leadId": LEAD, "previousStatus": "PENDING"}},
            ["OPPORTUNITY"],
            id="two values",
        ),
        pytest.param({"idle": False, "eventType": EVENT}, ["DONE"], id="idle is false"),
    ],
)
def test_a_matching_event_is_found(api: Api, wanted: dict[str, Any], found: list[str]) -> None:
    change(api, "DONE", "PENDING", "OPPORTUNITY")

    assert statuses(wait(api, **wanted)) == found


# --- events that do not come --------------------------------------------------------------------


def test_a_missing_event_is_reported_with_the_nearest_miss(api: Api) -> None:
    change(api, "DONE", "PENDING")
    api("POST", "/_emulate/events", json={"eventType": "message.sent", "leadId": LEAD})
    match = {"leadId": LEAD, "newStatus": "OPPORTUNITY", "previousStatus": "REPLY_RECEIVED"}
    reply = wait(api, timeout=0.05, eventType=EVENT, match=match)

    assert (reply.status, reply.json["events"]) == (409, [])
    lines = reply.json["failure"].splitlines()
    assert lines[0] == (
        f"no webhook '{EVENT}', leadId='{LEAD}', newStatus='OPPORTUNITY', "
        "previousStatus='REPLY_RECEIVED' within 0.05 s"
    )
    assert '"newStatus":"DONE"' in lines[1]
    assert lines[2:4] == ["    data.newStatus is 'DONE', not 'OPPORTUNITY'", "  came:"]
    assert [line.split()[0] for line in lines[4:]] == [EVENT, EVENT, "message.sent"]


def test_after_an_event_only_later_ones_count(api: Api) -> None:
    change(api, "DONE")
    first = wait(api, eventType=EVENT).json["events"][0]["id"]
    change(api, "PENDING")

    assert statuses(wait(api, eventType=EVENT, after=first)) == ["PENDING"]
    assert wait(api, timeout=0, count=2, after=first).status == 409
    assert wait(api, after="evt_none").status == 404


def test_the_failure_says_that_nothing_came(api: Api) -> None:
    reply = wait(api, timeout=0.05, eventType=EVENT)

    assert reply.status == 409
    assert reply.json["failure"].endswith("within 0.05 s\n  nothing came")


def test_too_few_events_are_counted_and_listed(api: Api) -> None:
    change(api, "DONE", "PENDING")
    reply = wait(api, timeout=0.05, eventType=EVENT, count=3)

    assert (reply.status, statuses(reply)) == (409, ["DONE", "PENDING"])
    assert "  2 of 3 came" in reply.json["failure"].splitlines()


def test_the_failure_names_an_event_on_its_way(api: Api, receiver: WebhookReceiver) -> None:
    with receiver.hold_responses():
        change(api, "DONE")
        reply = wait(api, timeout=0.05, eventType=EVENT)

    assert (reply.status, reply.json["events"]) == (409, [])
    assert "  1 more waits for its first attempt" in reply.json["failure"].splitlines()


def test_events_of_another_workspace_do_not_come(api: Api) -> None:
    change(api, "DONE")

    assert wait(api, timeout=0, key=OTHER_KEY, count=1).status == 409


# --- frozen time --------------------------------------------------------------------------------


def test_a_frozen_clock_is_not_waited_for_and_the_failure_says_what_is_due(
    api: Api, receiver: WebhookReceiver
) -> None:
    now = api("POST", "/_emulate/clock", json={"freeze": True}).json["now"]
    change(api, "DONE")
    began = time.perf_counter()
    reply = wait(api, timeout=60, eventType=EVENT)

    assert time.perf_counter() - began < 30
    assert (reply.status, reply.json["frozen"], receiver.received) == (409, True, [])
    assert reply.json["failure"].splitlines()[2] == (
        f"  the clock is frozen at {now}; due at {now} is attempt 1 of {EVENT} to "
        f"{receiver.url}: advance it"
    )
    assert reply.json["nextDue"] == f"attempt 1 of {EVENT} to {receiver.url}"


def test_a_past_event_is_found_with_a_frozen_clock(api: Api, receiver: WebhookReceiver) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    change(api, "DONE")
    api("POST", "/_emulate/clock", json={"advance": "0s"})

    assert wait(api, timeout=60, eventType=EVENT).status == 200


# --- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(
            {"idle": True, "eventType": EVENT}, "expected idle, or what events have, got both",
            id="both",
        ),
        pytest.param({"idle": True, "count": 1}, "got both", id="idle and count"),
        pytest.param({"idle": True, "match": {}}, "got both", id="idle and match"),
        pytest.param(
            {"eventType": "lead.status.change"}, "did you mean 'lead.status.changed'?", id="unknown"
        ),
        pytest.param(
            {"eventType": "lead.updated"}, "by the name 'lead.status.changed'", id="other contract"
        ),
        pytest.param({"count": 0}, "count: expected a whole number from 1 to 5000", id="none"),
        pytest.param({"count": 5001}, "count: expected a whole number from 1", id="too many"),
        pytest.param({"match": []}, "match: expected a JSON object", id="match"),
        pytest.param({"match": {"newStatsu": "DONE"}}, "did you mean 'newStatus'?", id="no key"),
        pytest.param({"matches": {}}, "did you mean 'match'?", id="unknown field"),
    ],
)  # fmt: skip
def test_an_invalid_wait_is_refused(api: Api, body: dict[str, Any], says: str) -> None:
    assert_invalid(api("POST", WAIT, json=body), says)
