"""`/_emulate/clock`: show it, freeze it, turn it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.control.expect import assert_invalid
from tests.support import Api, in_process
from tests.webhooks.conftest import seed_of_one_lead

START = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
CLOCK = "/_emulate/clock"
NOTHING = {"tasks": 0, "events": {}, "attempts": {"succeeded": 0, "failed": 0, "exhausted": 0}}


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as made:
        yield made


@pytest.fixture
def frozen(receiver: WebhookReceiver) -> Iterator[Api]:
    """A workspace with one lead and one endpoint, whose clock is frozen."""
    emulator = Emulator(random_seed="tests")
    workspace = emulator.add_workspace(seed_of_one_lead(), clock=ManualClock(START))
    emulator.outbox(workspace).endpoints.add(receiver.url)
    send = in_process(create_app(emulator).test_client())
    yield Api(lambda method, path, headers, body: send(
        method, path, key="key_1", body=body,
        headers={name: text for name, text in headers.items() if name != "X-API-Key"},
    ))  # fmt: skip
    emulator.close()


def test_the_next_task_is_named_without_the_query_of_its_url(
    frozen: Api, receiver: WebhookReceiver
) -> None:
    endpoint = frozen("GET", "/_emulate/endpoints").json["endpoints"][0]
    url = {"url": f"{receiver.url}?token=of-the-receiver"}
    assert frozen("PATCH", f"/_emulate/endpoints/{endpoint['id']}", json=url).status == 200
    frozen("PATCH", "/v1/leads/lead_1/status", json={"status": "DONE"})

    next_due = frozen("GET", CLOCK).json["nextDue"]
    assert next_due == f"attempt 1 of lead.status.changed to {receiver.url}"


def test_a_clock_runs_at_first(api: Api) -> None:
    clock = api("GET", CLOCK).json

    assert list(clock) == ["now", "frozen", "advancing", "running", "nextDueAt", "nextDue"]
    assert (clock["frozen"], clock["nextDueAt"]) == (False, None)


def test_freezing_stops_it_and_resuming_lets_it_run(api: Api) -> None:
    frozen = api("POST", CLOCK, json={"freeze": True}).json
    still = api("GET", CLOCK).json

    assert (still["now"], still["frozen"]) == (frozen["now"], True)
    assert api("POST", CLOCK, json={"resume": True}).json["frozen"] is False


def test_an_exhausted_schedule_takes_the_time_of_six_posts(
    frozen: Api, receiver: WebhookReceiver
) -> None:
    receiver.respond(503, times=6)
    frozen("PATCH", "/v1/leads/lead_1/status", json={"status": "DONE"})
    due_at_once = frozen("GET", CLOCK).json["nextDueAt"]
    answer = frozen("POST", CLOCK, json={"advance": "2h"}).json

    assert due_at_once == "2026-06-01T09:00:00.000Z"
    assert answer == {
        "now": "2026-06-01T11:00:00.000Z",
        "frozen": True,
        "advancing": False,
        "running": [],
        "nextDueAt": None,
        "nextDue": None,
        "deferred": False,
        "elapsed": {
            "tasks": 6,
            "events": {},
            "attempts": {"succeeded": 0, "failed": 6, "exhausted": 1},
        },
        "left": None,
        "failure": None,
    }
    assert len(receiver.received) == 6


def test_a_clock_has_the_next_task(frozen: Api, receiver: WebhookReceiver) -> None:
    receiver.respond(503)
    frozen("PATCH", "/v1/leads/lead_1/status", json={"status": "DONE"})
    answer = frozen("POST", CLOCK, json={"advance": "0s"}).json

    assert answer["nextDueAt"] == "2026-06-01T09:00:05.000Z"
    assert answer["nextDue"].startswith("attempt 2 of lead.status.changed to http://127.0.0.1:")


def test_a_clock_can_be_set(frozen: Api) -> None:
    answer = frozen("POST", CLOCK, json={"set": "2027-01-01T00:00:00Z"}).json

    assert answer == {
        "now": "2027-01-01T00:00:00.000Z", "frozen": True, "advancing": False, "running": [],
        "nextDueAt": None, "nextDue": None, "deferred": False, "elapsed": NOTHING, "left": None,
        "failure": None,
    }  # fmt: skip


def test_a_clock_can_be_frozen_and_advanced_at_once(api: Api) -> None:
    assert api("POST", CLOCK, json={"freeze": True, "advance": "1d"}).json["frozen"] is True


def test_a_clock_that_runs_stays_running_when_it_is_advanced(api: Api) -> None:
    assert api("POST", CLOCK, json={"advance": "1d"}).json["frozen"] is False


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({}, "expected one of freeze, set, advance, resume", id="nothing"),
        pytest.param({"freeze": False}, "expected one of", id="nothing to do"),
        pytest.param({"advance": "soon"}, "advance: expected a duration such", id="no duration"),
        pytest.param({"advance": 60}, "advance: expected a duration", id="a number"),
        pytest.param({"set": "tomorrow"}, "set: expected a time such as", id="no time"),
        pytest.param({"set": "1969-01-01T00:00:00Z"}, "cannot go back before 1970", id="back"),
        pytest.param({"advance": "9999999w"}, "advance: expected a duration", id="too long"),
        pytest.param({"set": "9001-01-01T00:00:00Z"}, "before the year 9000", id="far"),
        pytest.param(
            {"set": "2027-01-01T00:00:00Z", "advance": "1h"}, "got both", id="set and advance"
        ),
        pytest.param({"frezee": True}, "did you mean 'freeze'?", id="unknown"),
    ],
)
def test_an_invalid_turn_is_refused(frozen: Api, body: object, says: str) -> None:
    assert_invalid(frozen("POST", CLOCK, json=body), says)


def test_a_clock_can_be_set_back_before_anything_has_happened(frozen: Api) -> None:
    answer = frozen("POST", CLOCK, json={"set": "2020-01-01T00:00:00Z", "resume": True}).json

    assert answer["now"].startswith("2020-01-01T00:00")
    assert answer["frozen"] is False


def test_a_clock_cannot_be_set_back_after_something_has_happened(frozen: Api) -> None:
    frozen("PATCH", "/v1/leads/lead_1/status", json={"status": "DONE"})
    reply = frozen("POST", CLOCK, json={"set": "2020-01-01T00:00:00Z"})

    assert_invalid(reply, "cannot go back once something has happened: expected 2026-")


def test_a_refused_turn_turns_nothing(api: Api) -> None:
    api("PATCH", "/v1/leads/lead_abc123/status", json={"status": "DONE"})
    reply = api("POST", CLOCK, json={"freeze": True, "set": "2000-01-01T00:00:00Z"})

    assert reply.status == 400
    assert api("GET", CLOCK).json["frozen"] is False


@pytest.mark.parametrize(("after", "is_frozen"), [("freeze", True), ("resume", False)])
@pytest.mark.parametrize("how", [{"advance": "1h"}, {"set": "2090-01-01T00:00:00Z"}])
def test_a_clock_can_be_frozen_or_resumed_after_an_advance(
    api: Api, how: dict[str, str], after: str, *, is_frozen: bool
) -> None:
    assert api("POST", CLOCK, json={**how, after: True}).json["frozen"] is is_frozen


class Advancing:
    """A running clock that is being advanced: a receiver holds the webhook that it sends."""

    def __init__(self, api: Api, receiver: WebhookReceiver) -> None:
        self.api = api
        api("POST", "/_emulate/endpoints", json={"url": receiver.url})
        delayed = {"kind": "delay", "seconds": 1800}
        api("POST", "/_emulate/disruptions", json=delayed)
        api("PATCH", "/v1/leads/lead_abc123/status", json={"status": "DONE"})
        turn = {"advance": "1h"}
        self.thread = threading.Thread(target=lambda: api("POST", CLOCK, json=turn))
        self.thread.start()
        receiver.wait_for(count=1, timeout=5)


@pytest.mark.parametrize("freezes", [True, False])
def test_a_clock_that_is_frozen_during_an_advance_stays_frozen(
    api: Api, receiver: WebhookReceiver, *, freezes: bool
) -> None:
    with receiver.hold_responses():
        advancing = Advancing(api, receiver)
        assert api("GET", CLOCK).json["frozen"] is False
        if freezes:
            assert api("POST", CLOCK, json={"freeze": True}).json["frozen"] is True
    advancing.thread.join(10)

    assert api("GET", CLOCK).json["frozen"] is freezes


def test_a_workspace_is_not_idle_while_its_clock_is_advanced(
    api: Api, receiver: WebhookReceiver
) -> None:
    waited: list[int] = []
    wanted = {"eventType": "lead.status.changed", "timeoutSeconds": 10}
    with receiver.hold_responses():
        advancing = Advancing(api, receiver)
        waiting = threading.Thread(
            target=lambda: waited.append(api("POST", "/_emulate/wait", json=wanted).status)
        )
        waiting.start()
        waiting.join(0.1)
        assert waited == []
    waiting.join(10)
    advancing.thread.join(10)

    assert waited == [200]


def test_each_workspace_has_a_clock_of_its_own(api: Api) -> None:
    api("POST", CLOCK, json={"freeze": True})

    assert api("GET", CLOCK, key="YOUR_OTHER_API_KEY").json["frozen"] is False


def test_quotas_and_credits_follow_the_clock(frozen: Api) -> None:
    frozen("POST", CLOCK, json={"advance": "1d"})

    assert frozen("GET", "/v1/credits").json["used"] == 0


# --- limits of an advance -------------------------------------------------------------------------


def test_an_advance_that_takes_too_long_is_409_with_what_is_left(
    frozen: Api, receiver: WebhookReceiver
) -> None:
    with receiver.hold_responses():
        frozen("PATCH", "/v1/leads/lead_1/status", json={"status": "DONE"})
        frozen("PATCH", "/v1/leads/lead_1/status", json={"status": "PENDING"})
        reply = frozen("POST", CLOCK, json={"advance": "1h", "timeoutSeconds": 0.1})

    assert reply.status == 409
    assert reply.json["now"] == "2026-06-01T09:00:00.000Z"
    assert reply.json["elapsed"]["tasks"] == 1
    assert reply.json["left"]["tasks"] == 2
    (held_up_by,) = reply.json["left"]["heldUpBy"]
    assert held_up_by == f"attempt 1 of lead.status.changed to {receiver.url}"
    assert held_up_by in reply.json["failure"]


def test_freezing_during_an_advance_says_that_it_counts_afterwards(
    frozen: Api, receiver: WebhookReceiver
) -> None:
    frozen("PATCH", "/v1/leads/lead_1/status", json={"status": "DONE"})
    with ThreadPoolExecutor(1) as pool, receiver.hold_responses():
        advanced = pool.submit(frozen, "POST", CLOCK, json={"advance": "1h", "resume": True})
        receiver.wait_for(count=1)
        clock = frozen("GET", CLOCK).json
        frozen_now = frozen("POST", CLOCK, json={"freeze": True}).json

    assert (clock["advancing"], clock["frozen"]) == (True, False)
    assert (frozen_now["deferred"], frozen_now["advancing"], frozen_now["frozen"]) == (
        True,
        True,
        True,
    )
    assert advanced.result().json["now"] == "2026-06-01T10:00:00.000Z"
    assert frozen("GET", CLOCK).json["frozen"] is True
