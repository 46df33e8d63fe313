"""The causes of events: requests, simulations, and tasks with what led to them."""

import threading
from collections.abc import Callable

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.states.serialization import dump_states, load_states
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.causes import SIMULATED, Cause, Causes, Work
from tests.support import DEMO_KEY, Api
from tests.world.outreach_world import DAY, HOUR, REPLIES, World, make_world, word_for

REQUEST = Cause("request", "req_1", "00-traceparent")


def chain(world: World) -> list[tuple[str, str, str | None]]:
    """Return each event in a word, with the kind of its cause and the event that led to it."""
    words = {event.id: word_for(event.change) for event in world.events}
    return [
        (words[event.id], event.cause.kind, words.get(event.cause.id or ""))
        for event in world.events
        if event.cause is not None
    ]


def test_each_step_and_response_leads_to_the_event_that_it_follows_from() -> None:
    world = make_world(behaviors={"lead_1": REPLIES})
    world.workspace.advance(30 * DAY)
    assert chain(world) == [
        ("request", "step", None),
        ("CONNECTION_SENT", "step", None),
        ("acceptance", "response", "CONNECTION_SENT"),
        ("CONNECTION_ACCEPTED", "response", "CONNECTION_SENT"),
        ("message 2", "step", "acceptance"),
        ("MESSAGE_SENT", "step", "acceptance"),
        ("reply", "response", "MESSAGE_SENT"),
        ("REPLY_RECEIVED", "response", "MESSAGE_SENT"),
        ("campaign.finished", "response", "MESSAGE_SENT"),
    ]


def test_the_first_step_leads_to_the_start_of_the_campaign() -> None:
    world = make_world(status="draft", enrolls="new")
    with world.workspace.causes.working_for(REQUEST):
        world.act("start")
    world.workspace.advance(HOUR)
    start, request, _ = world.events
    assert (start.cause, word_for(request.change)) == (REQUEST, "request")
    assert request.cause == Cause("step", start.id, "00-traceparent")


def test_a_start_by_python_code_has_no_cause_and_is_that_of_the_first_step() -> None:
    world = make_world(status="draft", enrolls="new")
    world.act("start")
    world.workspace.advance(HOUR)
    start, request, _ = world.events
    assert (start.cause, request.cause) == (None, Cause("step", start.id))


def test_a_step_that_was_held_back_leads_to_the_resume() -> None:
    world = make_world()
    world.act("pause")
    world.workspace.advance(2 * HOUR)
    world.act("resume")
    world.workspace.advance()
    _, resume, request, _ = world.events
    assert request.cause == Cause("step", resume.id)


def test_a_task_that_only_plans_another_one_passes_its_cause_on() -> None:
    causes, planned = Causes(), []
    with causes.working_for(REQUEST):
        task = causes.task("step", lambda: planned.append(causes.task("step", print).cause))
    task()
    assert planned == [Cause("step", "req_1", "00-traceparent")]


def test_a_cause_ends_with_its_block_also_after_an_exception() -> None:
    causes = Causes()
    with causes.working_for(REQUEST):
        with pytest.raises(KeyError), causes.working_for(SIMULATED):
            raise KeyError
        assert _cause(causes) == REQUEST
    assert causes.current() is None


def test_the_cause_of_one_thread_is_not_that_of_another() -> None:
    causes = Causes()
    found: list[Work | None] = []
    with causes.working_for(REQUEST):
        thread = threading.Thread(target=lambda: found.append(causes.current()))
        thread.start()
        thread.join()
    assert found == [None]


def _cause(causes: Causes) -> Cause | None:
    work = causes.current()
    return None if work is None else work.cause


# --- in an emulator ---------------------------------------------------------------------------


@pytest.fixture
def latest(emulator: Emulator) -> Callable[[], SentWebhook]:
    """The latest event of the demo world."""
    events = emulator.outbox(emulator.keys.open(DEMO_KEY).workspace).events
    return lambda: events.all()[-1]


@pytest.mark.parametrize(
    ("call", "body", "kind"),
    [
        pytest.param("PATCH /v1/leads/{lead}/status", {"status": "DONE"}, "request", id="request"),
        pytest.param(
            "POST {control}/leads/{lead}/simulate", {"action": "done"}, "simulate", id="simulate"
        ),
        pytest.param(
            "POST {control}/events", {"eventType": "lead.updated"}, "trigger", id="trigger"
        ),
        pytest.param(
            "POST {control}/campaigns/camp_xyz789/simulate",
            {"action": "pause"},
            "simulate",
            id="a campaign",
        ),
    ],
)
def test_an_event_has_the_kind_of_its_cause(
    api: Api, call: str, body: dict[str, str], kind: str
) -> None:
    method, path = call.format(lead="lead_abc123", control="/_emulate").split()
    assert api(method, path, json=body).status < 300
    cause = api("GET", "/_emulate/events").json["events"][0]["cause"]
    assert cause == {"kind": kind, "id": "req_1" if kind == "request" else None}


def test_the_end_of_a_search_leads_to_the_request_that_started_it(
    api: Api, emulator: Emulator, latest: Callable[[], SentWebhook]
) -> None:
    emulator.keys.open(DEMO_KEY).workspace.scheduler.freeze()
    body = {"name": "S", "filters": {"job_titles": ["CTO"]}, "limit": 1}
    assert api("POST", "/v1/lead-database/searches", json=body).status == 201
    emulator.keys.open(DEMO_KEY).workspace.advance(HOUR)
    assert latest().cause == Cause("job", "req_1")


def test_a_test_event_says_so(api: Api, latest: Callable[[], SentWebhook]) -> None:
    made = api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/", "enabled": True})
    assert api("POST", f"/_emulate/endpoints/{made.json['id']}/test", json={}).status < 300
    assert latest().cause == Cause("test")


def test_causes_of_events_and_planned_tasks_are_in_a_state(emulator: Emulator, api: Api) -> None:
    workspace = emulator.keys.open(DEMO_KEY).workspace
    workspace.scheduler.freeze()
    body = {"name": "S", "filters": {"job_titles": ["CTO"]}, "limit": 1}
    api("POST", "/v1/lead-database/searches", json=body)
    api("PATCH", "/v1/leads/lead_abc123/status", json={"status": "DONE"})
    (state,) = load_states(dump_states([emulator.take_snapshot(workspace).state]))
    restored = emulator.restore(workspace, state)
    restored.advance(HOUR)
    causes = [one.cause for one in emulator.outbox(restored).events.all()]
    assert causes[-2:] == [Cause("request", "req_2"), Cause("job", "req_1")]
