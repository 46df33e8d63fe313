"""`GET /_emulate/events`, one of them, and those that have changed."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.api.expect import STATUS, assert_error
from tests.control.expect import assert_invalid
from tests.support import OTHER_KEY, Api, eventually

EVENTS = "/_emulate/events"
CHANGES = f"{EVENTS}/changes"
LEAD, OTHER_LEAD = "lead_abc123", "lead_az4fr5"


@pytest.fixture
def receiver(emulator: Emulator) -> Iterator[WebhookReceiver]:
    """Gets what the demo workspace sends."""
    with WebhookReceiver() as made:
        emulator.outbox(emulator.workspaces()[0]).endpoints.add(made.url)
        yield made


def trigger(api: Api, event_type: str = "message.sent", **wanted: Any) -> str:
    """The id of a new event."""
    body = {"eventType": event_type, "leadId": LEAD, **wanted}
    return str(api("POST", EVENTS, json=body).json["id"])


def close(api: Api, status: str = "DONE") -> None:
    assert api("PATCH", STATUS, json={"status": status}).status == 200


def wait_until_idle(api: Api) -> None:
    assert api("POST", "/_emulate/wait", json={"timeoutSeconds": 10}).status == 200


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api("GET", f"{EVENTS}{query}").json["events"]
    return rows


def changes(api: Api, since: int | None = None, **query: int) -> dict[str, Any]:
    parameters = {**({} if since is None else {"since": since}), **query}
    text = "&".join(f"{name}={value}" for name, value in parameters.items())
    answer: dict[str, Any] = api("GET", f"{CHANGES}?{text}").json
    assert answer.pop("log")  # of which log `latest` is a number
    return answer


# --- the list -----------------------------------------------------------------------------------


@pytest.fixture
def five(api: Api) -> list[str]:
    """The ids of five events: two messages, a status by hand, one by PATCH, one of a campaign."""
    first = [trigger(api), trigger(api, leadId=OTHER_LEAD), trigger(api, "lead.updated")]
    close(api)
    newest = listed(api)[0]["id"]
    body = {"eventType": "campaign.paused", "campaignId": "camp_xyz789"}
    return [*first, newest, api("POST", EVENTS, json=body).json["id"]]


def test_a_workspace_without_events_has_an_empty_list(api: Api) -> None:
    answer = api("GET", EVENTS).json

    assert answer["events"] == []
    assert answer["pagination"]["total"] == 0


def test_the_newest_event_is_first(api: Api, five: list[str]) -> None:
    rows = listed(api)

    assert [row["id"] for row in rows] == five[::-1]
    assert [row["sequence"] for row in rows] == [5, 4, 3, 2, 1]


def test_a_row_has_no_body(api: Api, five: list[str]) -> None:
    row = listed(api)[1]

    assert list(row) == [
        "id", "eventType", "sequence", "occurredAt", "leadId", "origin", "cause",
        "deliveries",
    ]  # fmt: skip
    assert (row["eventType"], row["leadId"]) == ("lead.status.changed", LEAD)
    cause = {"kind": "request", "id": "req_1"}
    assert (row["origin"], row["cause"], row["deliveries"]) == ("change", cause, [])


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        pytest.param("?eventType=message.sent", [2, 1], id="event type"),
        pytest.param("?eventType=lead.status.changed", [4, 3], id="another event type"),
        pytest.param(f"?leadId={LEAD}", [4, 3, 1], id="lead"),
        pytest.param("?leadId=lead_x", [], id="unknown lead"),
        pytest.param("?origin=change", [4], id="origin"),
        pytest.param("?origin=test", [], id="origin of none"),
        pytest.param(f"?leadId={LEAD}&origin=trigger", [3, 1], id="two at once"),
        pytest.param("?limit=2", [5, 4], id="limit"),
        pytest.param("?limit=2&page=3", [1], id="last page"),
        pytest.param("?limit=2&page=4", [], id="beyond the last page"),
        pytest.param("?eventType=message.sent&limit=1&page=2", [1], id="filter and page"),
    ],
)
def test_filters_and_pages_select_events(
    api: Api, five: list[str], query: str, numbers: list[int]
) -> None:
    assert [row["sequence"] for row in listed(api, query)] == numbers


def test_pages_count_matching_events(api: Api, five: list[str]) -> None:
    answer = api("GET", f"{EVENTS}?leadId={LEAD}&limit=2").json

    assert answer["pagination"] == {"total": 3, "page": 1, "limit": 2, "totalPages": 2}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("?lead=x", "unknown field 'lead'; did you mean 'leadId'?", id="unknown"),
        pytest.param("?origin=hand", "origin: expected one of", id="origin"),
        pytest.param("?eventType=lead.updated", "by the name 'lead.status.changed'", id="contract"),
        pytest.param("?limit=101", "limit: expected a whole number from 1 to 100", id="limit"),
        pytest.param("?page=0", "page: expected a whole number from 1", id="page"),
        pytest.param("/changes?from=1", "unknown field 'from'", id="unknown, of changes"),
        pytest.param("/changes?since=-1", "since: expected a whole number", id="since"),
        pytest.param(
            "/changes?waitSeconds=31",
            "waitSeconds: expected a whole number from 0 to 30",
            id="wait",
        ),
    ],
)
def test_an_invalid_query_is_refused(api: Api, query: str, says: str) -> None:
    assert_invalid(api("GET", f"{EVENTS}{query}"), says)


@pytest.mark.parametrize("path", [EVENTS, CHANGES, f"{EVENTS}/evt_x"])
def test_a_key_is_needed(api: Api, path: str) -> None:
    assert api("GET", path, key=None).status == 401


def test_another_workspace_has_none_of_the_events(api: Api, five: list[str]) -> None:
    assert api("GET", EVENTS, key=OTHER_KEY).json["events"] == []
    assert_error(api("GET", f"{EVENTS}/{five[0]}", key=OTHER_KEY), 404, "Event not found")
    theirs = api("GET", f"{CHANGES}?since=0", key=OTHER_KEY).json
    assert (theirs["events"], theirs["latest"]) == ([], 0)
    assert theirs["log"] != api("GET", CHANGES).json["log"]


# --- a single one -------------------------------------------------------------------------------


def test_an_event_has_the_body_that_was_sent(api: Api, receiver: WebhookReceiver) -> None:
    event_id = trigger(api, overrides={"messagePreview": "Grüße ☀", "campaignId": None})
    (received,) = receiver.wait_for(count=1)
    wait_until_idle(api)
    event = api("GET", f"{EVENTS}/{event_id}").json

    assert event["body"] == received.json
    assert list(event["body"]["data"]) == list(received.json["data"])
    (delivery,) = event["deliveries"]
    assert (delivery["state"], delivery["attemptCount"]) == ("succeeded", 1)
    assert delivery["lastOutcome"] == 200


def test_an_event_has_a_delivery_for_each_endpoint_that_wants_it(
    api: Api, receiver: WebhookReceiver
) -> None:
    second = api("POST", "/_emulate/endpoints", json={"url": receiver.url}).json["id"]
    other = {"url": receiver.url, "events": ["campaign.paused"]}
    api("POST", "/_emulate/endpoints", json=other)
    event_id = trigger(api)
    wait_until_idle(api)
    deliveries = api("GET", f"{EVENTS}/{event_id}").json["deliveries"]

    assert len(deliveries) == 2
    assert deliveries[1]["endpointId"] == second
    assert {delivery["eventId"] for delivery in deliveries} == {event_id}


@pytest.mark.parametrize("event_id", ["evt_x", "a%2Fb", "changes%20"])
def test_an_unknown_event_is_not_found(api: Api, event_id: str) -> None:
    assert_error(api("GET", f"{EVENTS}/{event_id}"), 404, "Event not found")


# --- changes since an event ---------------------------------------------------------------------


def test_nothing_has_changed_from_now_on(api: Api) -> None:
    trigger(api)
    answer = changes(api)

    assert answer["events"] == []
    assert answer["latest"] > 0


def test_everything_has_changed_since_the_beginning_oldest_first(api: Api) -> None:
    ids = [trigger(api) for _ in range(3)]

    assert [event["id"] for event in changes(api, since=0)["events"]] == ids


def test_a_change_comes_only_once(api: Api) -> None:
    trigger(api)
    latest = changes(api)["latest"]
    newer = trigger(api)
    answer = changes(api, since=latest)

    assert [event["id"] for event in answer["events"]] == [newer]
    assert answer["latest"] > latest
    assert changes(api, since=answer["latest"]) == {"events": [], "latest": answer["latest"]}


def test_a_changed_event_has_its_body(api: Api) -> None:
    event_id = trigger(api)
    (event,) = changes(api, since=0)["events"]

    assert event["body"] == api("GET", f"{EVENTS}/{event_id}").json["body"]
    assert (event["eventType"], event["origin"]) == ("message.sent", "trigger")


def test_an_event_comes_again_with_each_attempt(api: Api, receiver: WebhookReceiver) -> None:
    receiver.respond(503)
    trigger(api)
    wait_until_idle(api)
    first = changes(api, since=0)
    api("POST", "/_emulate/clock", json={"advance": "5s"})
    second = changes(api, since=first["latest"])
    attempts = [
        event["deliveries"][0]["attempts"] for event in (*first["events"], *second["events"])
    ]

    assert [[one["outcome"] for one in made] for made in attempts] == [[503], [503, 200]]
    assert second["events"][0]["deliveries"][0]["state"] == "succeeded"
    assert second["latest"] > first["latest"]


def test_a_changed_event_has_a_summary_of_each_attempt(api: Api, receiver: WebhookReceiver) -> None:
    receiver.respond(503)
    trigger(api)
    wait_until_idle(api)
    ((delivery,),) = [event["deliveries"] for event in changes(api, since=0)["events"]]
    (attempt,) = delivery["attempts"]

    assert (delivery["state"], delivery["reason"]) == ("pending", None)
    assert delivery["nextAttemptAt"] > attempt["at"]
    assert attempt.pop("durationMs") >= 0
    assert attempt == {
        "number": 1,
        "trigger": "schedule",
        "disruption": None,
        "url": receiver.url,
        "at": attempt["at"],
        "success": False,
        "outcome": 503,
    }


def test_a_changed_event_has_the_disruption_of_a_delivery(
    api: Api, receiver: WebhookReceiver
) -> None:
    trigger(api)
    armed = api("POST", "/_emulate/disruptions", json={"kind": "delay", "seconds": 7}).json
    trigger(api)
    events = sorted(changes(api, since=0)["events"], key=lambda event: event["sequence"])
    plain, delayed = (event["deliveries"][0] for event in events)

    assert plain["disruption"] is None
    assert delayed["disruption"] == {"id": armed["id"], "kind": "delay", "options": {"seconds": 7}}


def test_cancelling_a_delivery_is_a_change(api: Api, receiver: WebhookReceiver) -> None:
    receiver.respond(503)
    trigger(api)
    wait_until_idle(api)
    before = changes(api, since=0)
    endpoint_id = before["events"][0]["deliveries"][0]["endpointId"]
    api("DELETE", f"/_emulate/endpoints/{endpoint_id}")
    (event,) = changes(api, since=before["latest"])["events"]

    assert event["deliveries"][0]["state"] == "cancelled"


def test_a_request_for_changes_waits_for_an_event(api: Api) -> None:
    latest = changes(api)["latest"]
    answers: list[dict[str, Any]] = []

    def watch() -> None:
        answers.append(changes(api, since=latest, waitSeconds=30))

    watching = threading.Thread(target=watch)
    watching.start()
    watching.join(0.05)
    assert answers == []
    event_id = trigger(api)
    watching.join(10)

    eventually(lambda: answers)
    assert event_id in [event["id"] for event in answers[0]["events"]]


def test_a_request_for_changes_waits_for_an_attempt(api: Api, receiver: WebhookReceiver) -> None:
    answers: list[dict[str, Any]] = []
    with receiver.hold_responses():
        trigger(api)
        receiver.wait_for(count=1)
        latest = changes(api)["latest"]
        watching = threading.Thread(
            target=lambda: answers.append(changes(api, since=latest, waitSeconds=30))
        )
        watching.start()
        watching.join(0.05)
        assert answers == []
    watching.join(10)

    assert answers[0]["events"][0]["deliveries"][0]["state"] == "succeeded"


def test_a_request_for_changes_that_times_out_is_empty(api: Api) -> None:
    trigger(api)
    latest = changes(api)["latest"]

    assert changes(api, since=latest, waitSeconds=1) == {"events": [], "latest": latest}
