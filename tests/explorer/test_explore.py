"""`sendpilot.explore`: what it finds, how it tells it, and what it leaves behind."""

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mock_sendpilot import InvalidInput, NotDelivered, Sandbox, explore
from mock_sendpilot.testing.aio import EventLoopBlocked
from tests.explorer import receivers as r
from tests.support import SECRET

SEED = "a"


def test_the_smallest_schedule_is_told_as_a_story(sendpilot: Sandbox) -> None:
    receiver = r.CountsEveryDelivery()
    exploration = sendpilot.explore(
        receiver, probe=receiver.view, secret=SECRET, random_seed=SEED, timeout=0.25
    )

    assert exploration.found is not None
    assert not exploration.passed
    story = exploration.found.story
    assert story.startswith("1. ")
    assert "the app does not agree with the emulator" in story
    assert "lead_1: " in story
    assert "It became inevitable with step" in story
    assert f"random seed {SEED!r}" in str(exploration)


def test_a_fault_that_needs_no_disruption_is_told_as_such(
    sendpilot: Sandbox, tmp_path: Path
) -> None:
    receiver = r.RemembersByLead()
    schedule = tmp_path / "schedule.json"
    steps = [{"step": "change", "lead": 1, "status": one} for one in ("DONE", "OPPORTUNITY")]
    schedule.write_text(json.dumps({"steps": steps}), encoding="utf-8")
    exploration = sendpilot.explore(
        receiver, probe=receiver.view, secret=SECRET, replay=schedule, timeout=0.25
    )

    assert exploration.found is not None
    assert exploration.found.inevitable_step == 0
    assert "It needs no disruption" in exploration.found.story


def test_a_diagram_has_the_requests_and_their_responses(sendpilot: Sandbox) -> None:
    receiver = r.CrashesOnUnknownEvents()
    exploration = sendpilot.explore(
        receiver, probe=receiver.view, secret=SECRET, random_seed=SEED, timeout=0.25
    )

    assert exploration.found is not None
    lines = exploration.found.diagram.splitlines()
    assert lines[0].split() == ["SendPilot", "the", "app"]
    assert max(map(len, lines)) <= 80
    (request, *_) = [line for line in lines if "(unknown_event)" in line]
    assert request.strip().startswith("|-- #1 campaign.started (unknown_event) -")
    assert " 500 --|" in exploration.found.diagram
    assert exploration.found.svg.startswith("<svg ")
    assert "campaign.started (unknown_event)" in exploration.found.svg


def test_the_same_seed_finds_the_same(sendpilot: Sandbox) -> None:
    found = []
    for _ in range(2):
        receiver = r.RejectsOlderEvents()
        exploration = sendpilot.explore(
            receiver, probe=receiver.view, secret=SECRET, random_seed=SEED, timeout=0.25
        )
        assert exploration.found is not None
        # Not the number of examples: of two webhooks at once either may be first.
        found.append((exploration.found.steps, exploration.found.sentences))

    assert found[0] == found[1]


def test_an_invariant_of_the_test_is_checked(sendpilot: Sandbox) -> None:
    receiver = r.Receiver()

    def nobody_is_done(_sandbox: Sandbox) -> bool:
        return "DONE" not in receiver.statuses.values()

    exploration = sendpilot.explore(
        receiver,
        probe=receiver.view,
        secret=SECRET,
        invariants=[nobody_is_done],
        random_seed=SEED,
        examples=50,
    )

    assert exploration.found is not None
    assert "nobody_is_done does not hold" in exploration.found.problem


def test_the_app_can_be_reset_before_each_schedule(sendpilot: Sandbox) -> None:
    receiver = r.Receiver()
    sendpilot.explore(
        receiver,
        probe=receiver.view,
        secret=SECRET,
        reset=receiver.forget,
        random_seed=SEED,
        examples=5,
    )

    assert len(receiver.view()) <= 2


def test_a_workspace_is_afterwards_as_it_was(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(lead_id="lead_mine")
    receiver = r.Receiver()
    sendpilot.explore(receiver, probe=receiver.view, secret=SECRET, random_seed=SEED, examples=3)

    assert sendpilot.leads() == [lead]
    assert not sendpilot.clock.is_frozen
    assert sendpilot.events.matching() == []


def test_nothing_is_written_or_logged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    receiver = r.RejectsOlderEvents()
    with caplog.at_level(logging.WARNING):
        exploration = explore(receiver, probe=receiver.view, secret=SECRET, timeout=0.25)

    assert exploration.found
    assert list(tmp_path.iterdir()) == []
    assert caplog.text == ""
    assert capsys.readouterr() == ("", "")


def test_an_exploration_in_an_event_loop_is_awaited(sendpilot: Sandbox) -> None:
    receiver = r.Receiver()
    options = {"probe": receiver.view, "secret": SECRET, "random_seed": SEED, "examples": 3}

    async def wait() -> bool:
        with pytest.raises(EventLoopBlocked, match=r"await sendpilot\.aio\.explore"):
            sendpilot.explore(receiver, **options)  # type: ignore[arg-type]
        exploration = await sendpilot.aio.explore(receiver, **options)  # type: ignore[arg-type]
        return exploration.passed

    assert asyncio.run(wait())


@pytest.mark.parametrize(
    ("remembers", "is_right"),
    [pytest.param(True, True, id="right"), pytest.param(False, False, id="wrong")],
)
def test_an_asgi_app_is_explored(sendpilot: Sandbox, *, remembers: bool, is_right: bool) -> None:
    replies: dict[str, int] = {}
    known: set[str] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, is_over = b"", False
        while not is_over:
            message = await receive()
            body += message.get("body", b"")
            is_over = not message.get("more_body")
        event = json.loads(body)
        if event["eventType"] == "message.received" and event["eventId"] not in known:
            lead_id = event["data"]["leadId"]
            replies[lead_id] = replies.get(lead_id, 0) + 1
            known.update({event["eventId"]} if remembers else ())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    exploration = sendpilot.explore(
        app,
        path="/hook",
        probe=lambda: [{"id": one, "replies": count} for one, count in replies.items()],
        events=["message.received"],
        kinds=["duplicate", "delay"],
        random_seed=SEED,
        timeout=0.5,
        examples=20 if is_right else 100,
    )

    assert exploration.passed is is_right, str(exploration)
    if exploration.found is not None:
        assert "/hook" in exploration.found.test


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"examples": 0}, "examples: expected a whole number", id="examples"),
        pytest.param({"max_steps": 99}, "max_steps: expected a whole number", id="steps"),
        pytest.param({"kinds": ["no"]}, "unknown kind 'no'", id="kinds"),
        pytest.param({"timeout": -1}, "timeout: ", id="timeout"),
        pytest.param({"probe": lambda: 7}, "the probe: expected a view", id="probe"),
        pytest.param({"replay": "no.json"}, "no.json: cannot be read", id="replay"),
    ],
)
def test_an_invalid_option_is_refused(
    sendpilot: Sandbox, options: dict[str, object], message: str
) -> None:
    receiver = r.Receiver()
    chosen = {"probe": receiver.view, "examples": 2, "secret": SECRET, **options}

    with pytest.raises(InvalidInput, match=message):
        sendpilot.explore(receiver, **chosen)  # type: ignore[arg-type]


def test_hypothesis_is_named_where_it_is_missing() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None; import mock_sendpilot\n"
        "mock_sendpilot.explore('http://127.0.0.1:9/', probe=dict)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    expected = "exploring needs hypothesis: pip install 'mock_sendpilot[explore]'"
    assert done.stderr.strip().splitlines()[-1].endswith(f"InvalidInput: {expected}")


def test_webhooks_at_once_arrive_together(sendpilot: Sandbox) -> None:
    receiver = r.LooksUpBeforeItInserts()
    sendpilot.add_endpoint(receiver, secret=SECRET)
    count = 20
    for number in range(count):
        lead = sendpilot.add_lead(lead_id=f"lead_{number}", status="MESSAGE_SENT")
        with sendpilot.at_once():
            sendpilot.simulate("reply", lead)
            sendpilot.resend(sendpilot.webhooks.matching("message.received", lead_id=lead)[-1])

    # Sent one after the other it would never be twice; by plain threads it often is not.
    assert sum(receiver.replies.values()) > count * 1.5
    assert not sendpilot.clock.is_frozen


def test_everything_is_delivered_at_the_end(sendpilot: Sandbox) -> None:
    receiver = r.Receiver()
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(receiver, secret=SECRET)
    lead = sendpilot.add_lead(lead_id="lead_1", status="MESSAGE_SENT")
    sendpilot.disrupt("drop", event_type="message.received")
    sendpilot.disrupt("delay", event_type="lead.status.changed", seconds=1000)
    sendpilot.simulate("reply", lead)

    sendpilot.deliver_all()

    assert receiver.view()["lead_1"] == {"status": "REPLY_RECEIVED", "replies": 1, "messages": 0}


def test_a_webhook_that_is_never_acknowledged_is_named(sendpilot: Sandbox) -> None:
    receiver = r.CrashesOnUnknownEvents()
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(receiver, secret=SECRET)
    sendpilot.trigger("campaign.started", campaign_id=sendpilot.campaign_id)

    with pytest.raises(NotDelivered, match="1 webhook was never acknowledged") as caught:
        sendpilot.deliver_all()
    assert "500" in str(caught.value)
