"""`mock-sendpilot listen` as a process of its own, beside a server that runs."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import freezegun
import pytest
import time_machine
from svix.webhooks import Webhook

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks import triggers
from mock_sendpilot.webhooks.deliveries import DeliveryFilter
from mock_sendpilot.webhooks.outbox import Outbox
from tests.support import SECRET, eventually

COMMAND = [sys.executable, "-m", "mock_sendpilot", "listen"]
EVENT = "lead.status.changed"
LEAD = "lead_abc123"  # REPLY_RECEIVED
_SECONDS = 20


class Listening:
    """A process that listens; `lines` are what it has printed so far."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        plain = {k: v for k, v in os.environ.items() if not k.startswith("MOCK_SENDPILOT_")}
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=plain,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def line(self, words: str) -> str:
        """The first line that holds these words, as soon as it is printed."""
        eventually(lambda: [one for one in self.lines if words in one], timeout=_SECONDS)
        return next(one for one in self.lines if words in one)

    def json(self, kind: str) -> dict[str, Any]:
        """The first line of JSON of this kind."""
        found: dict[str, Any] = json.loads(self.line(f'"kind":"{kind}"'))
        return found

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and standard error, after a signal."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """The same of one that ends by itself."""
        self.process.wait(_SECONDS)
        self._reader.join()
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            return self.process.returncode, stream.read()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(_SECONDS)
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


Listen = Callable[..., Listening]


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


@pytest.fixture
def outbox(server: EmulatorServer) -> Outbox:
    return server.emulator.outbox(server.emulator.workspaces()[0])


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def let_go(server: EmulatorServer) -> None:
    """Have the server answer what a process that is gone has asked: something has changed."""
    workspace = server.emulator.workspaces()[0]
    outbox = server.emulator.outbox(workspace)
    for endpoint in outbox.endpoints.all():
        outbox.remove_endpoint(endpoint.id)
    workspace.store.set_lead_status(LEAD, status="IRRELEVANT")


@pytest.fixture
def listen(server: EmulatorServer) -> Iterator[Listen]:
    """Listen to the server; what has not ended by then is killed."""
    started: list[Listening] = []

    def begin(*arguments: str) -> Listening:
        started.append(Listening((*arguments, "--url", server.origin)))
        return started[-1]

    yield begin
    for one in started:
        one.kill()
    let_go(server)


def change(server: EmulatorServer, status: str = "DONE") -> None:
    server.emulator.workspaces()[0].store.set_lead_status(LEAD, status=status)


def change_until(server: EmulatorServer, condition: Callable[[], bool]) -> None:
    """Change something again and again until it is so."""
    statuses = ["DONE", "PENDING"]

    def is_so() -> bool:
        statuses.reverse()
        change(server, statuses[0])
        return condition()

    eventually(is_so, timeout=_SECONDS)


def change_until_seen(server: EmulatorServer, listening: Listening) -> None:
    """The process may still be starting: what has changed before is not printed."""
    change_until(server, lambda: any(LEAD in line for line in listening.lines))


# --- what is printed ----------------------------------------------------------------------------


def test_an_event_and_its_attempt_are_printed(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    receiver.respond(503)
    outbox.disruptions.arm("extra_fields")
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    change(server)
    attempt = listening.line(f"POST {receiver.url}")
    (event,) = outbox.events.all()

    when = event.json["timestamp"][11:23]
    data = outbox.events.all()[0].body.decode().partition('"data":')[2][:-1]
    assert listening.line(event.event_id) == f"{when}  {EVENT}  {event.event_id}  {data}"
    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d\.\d{{3}}    503  {EVENT}  {event.event_id}  {event.deliveries[0].id}  "
        rf"POST {receiver.url}  attempt 1, [\d.]+ ms; "
        r"disrupted: extra_fields; next at 20\S+Z",
        attempt,
    )


def test_without_a_url_it_only_watches(
    server: EmulatorServer, listen: Listen, outbox: Outbox
) -> None:
    listening = listen()
    change_until_seen(server, listening)

    assert outbox.endpoints.all() == []
    assert listening.end()[0] == 0


def test_attempts_at_all_endpoints_are_watched(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    outbox.endpoints.add(receiver.url)
    listening = listen()
    change_until_seen(server, listening)

    assert f"    200  {EVENT}  evt_" in listening.line(f"POST {receiver.url}  attempt 1")


def test_an_attempt_outside_the_schedule_is_printed_as_resent(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    change(server)
    listening.line("attempt 1")
    outbox.resend_event(outbox.events.all()[0].event_id)

    assert f"  POST {receiver.url}  resent, " in listening.line("resent")
    assert sum(LEAD in line for line in listening.lines) == 1


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        pytest.param("drop", "never sent", id="drop"),
        pytest.param("delay", r"delayed, at 20\S+Z", id="delay"),
        pytest.param("reorder", r"sent after the next one, at the latest at 20\S+Z", id="reorder"),
    ],
)
def test_what_befalls_a_delivery_before_any_attempt_is_told_once(
    server: EmulatorServer, listen: Listen, outbox: Outbox, kind: str, says: str
) -> None:
    server.emulator.workspaces()[0].scheduler.freeze()
    endpoint = outbox.endpoints.add("http://127.0.0.1:9/")
    listening = listen()
    change_until_seen(server, listening)
    outbox.disruptions.arm(kind)
    change(server, "OPPORTUNITY")
    line = listening.line(f"    {kind}  ")
    change(server, "IRRELEVANT")
    listening.line("IRRELEVANT")
    (disrupted,) = [one for one in outbox.log.select(DeliveryFilter()) if one.disruption]

    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d\.\d{{3}}    {kind}  {EVENT}  {disrupted.event_id}  {disrupted.id}  "
        rf"to {endpoint.id}: {says}",
        line,
    )
    assert sum(f"    {kind}  " in one for one in listening.lines) == 1


def test_it_is_told_in_json_too(server: EmulatorServer, listen: Listen, outbox: Outbox) -> None:
    outbox.endpoints.add("http://127.0.0.1:9/")
    armed = outbox.disruptions.arm("drop", times=None)
    listening = listen("--json")
    change_until_seen(server, listening)
    told = listening.json("disruption")
    delivery = outbox.log.get(told["deliveryId"])

    assert told == {
        "kind": "disruption",
        "eventId": delivery.event_id,
        "deliveryId": delivery.id,
        "endpointId": delivery.endpoint_id,
        "disruption": {"id": armed.id, "kind": "drop", "options": {}},
        "state": "dropped",
        "nextAttemptAt": None,
    }


def test_a_copy_is_not_told_as_resent(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    outbox.disruptions.arm("duplicate", options={"copies": 2})
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    change(server)
    eventually(lambda: len(copies(listening)) == 2, timeout=_SECONDS)
    outbox.resend_event(outbox.events.all()[0].event_id)

    assert "resent, " in listening.line("resent")
    assert len(copies(listening)) == 2


def copies(listening: Listening) -> list[str]:
    return [line for line in listening.lines if "  duplicate, " in line]


def test_with_a_receiver_of_its_own_attempts_at_others_are_not_printed(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    outbox.endpoints.add("http://127.0.0.1:9/")
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    change(server)
    listening.line(f"POST {receiver.url}  attempt 1")
    server.emulator.workspaces()[0].scheduler.wait_until_idle(timeout_seconds=_SECONDS)
    change(server, "OPPORTUNITY")
    listening.line('"newStatus":"OPPORTUNITY"')

    assert [line for line in listening.lines if "POST http://127.0.0.1:9/" in line] == []


@pytest.mark.parametrize(
    ("options", "prints_others"),
    [pytest.param([], False, id="by default"), pytest.param(["--all"], True, id="all")],
)
def test_what_goes_to_other_endpoints_is_printed_only_when_asked_for(
    server: EmulatorServer,
    receiver: WebhookReceiver,
    listen: Listen,
    outbox: Outbox,
    options: list[str],
    *,
    prints_others: bool,
) -> None:
    outbox.endpoints.add("http://127.0.0.1:9/")
    events = ("--event", "message.sent")
    listening = listen("--forward-to", receiver.url, *events, *options)
    listening.line("Ctrl+C stops it")
    change(server)
    workspace = server.emulator.workspaces()[0]
    request = triggers.TriggerRequest(event_type="message.sent", lead_id=LEAD)
    triggers.trigger_event(workspace, outbox, request)
    listening.line(f"POST {receiver.url}")

    assert any(EVENT in line for line in listening.lines) is prints_others
    if prints_others:
        listening.line("POST http://127.0.0.1:9/  attempt 1")
    else:
        assert not any("POST http://127.0.0.1:9/" in line for line in listening.lines)


def test_an_attempt_of_an_earlier_event_is_not_printed(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    outbox.endpoints.add(receiver.url)
    change(server, "OPPORTUNITY")
    receiver.wait_for(count=1, timeout=_SECONDS)
    listening = listen()
    listening.line("Ctrl+C stops it")
    outbox.resend_event(outbox.events.all()[0].event_id)
    receiver.wait_for(count=2, timeout=_SECONDS)
    change(server, "DONE")
    listening.line("attempt 1")

    assert not any("OPPORTUNITY" in line.partition("previousStatus")[0] for line in listening.lines)
    assert not any("resent" in line for line in listening.lines)


def test_an_answer_that_is_lost_on_purpose_comes_again(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    outbox.disruptions.arm("lost_answer")
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    outbox.update_endpoint(outbox.endpoints.all()[0].id, {"retry_delays_seconds": (0.1,)})
    change(server)
    listening.line("attempt 2")

    assert "the response was lost on purpose; it was 200" in listening.line("attempt 1")
    assert len(receiver.received) == 2


def test_what_was_before_is_not_printed(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    change(server, "OPPORTUNITY")
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    change(server, "DONE")
    listening.line("attempt 1")

    (line,) = [line for line in listening.lines if LEAD in line]
    assert '"newStatus":"DONE"' in line


def test_there_is_no_colour_where_no_person_looks(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen
) -> None:
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    change(server)
    listening.line("attempt 1")

    assert "\x1b" not in "".join(listening.lines)


def test_long_data_is_cut(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen
) -> None:
    workspace = server.emulator.workspaces()[0]
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    workspace.scheduler.freeze()
    search = workspace.searches.start(name="x" * 400, limit=1, filters={})
    workspace.searches.complete(search.id)

    assert listening.line("lead_database.search.completed").endswith("xxx…")


@pytest.mark.parametrize(
    "travel",
    [
        pytest.param(lambda: freezegun.freeze_time("2001-02-03"), id="freezegun"),
        pytest.param(lambda: time_machine.travel("2001-02-03", tick=False), id="time-machine"),
    ],
)
def test_in_a_test_that_freezes_time_it_hears_of_everything_and_ends(
    server: EmulatorServer,
    receiver: WebhookReceiver,
    listen: Listen,
    travel: Callable[[], AbstractContextManager[object]],
) -> None:
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    with travel():
        change(server)
        receiver.wait_for(count=1, timeout=_SECONDS)
        server.emulator.workspaces()[0].scheduler.wait_until_idle(timeout_seconds=_SECONDS)

    listening.line("attempt 1")
    assert listening.end() == (0, "")


# --- JSON ---------------------------------------------------------------------------------------


def test_with_json_everything_is_a_line_of_json(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url, "--json")
    begun = listening.json("listening")
    change(server)
    attempt = listening.json("attempt")
    event = listening.json("event")
    (sent,) = outbox.events.all()
    (delivery,) = sent.deliveries

    assert [json.loads(line)["kind"] for line in listening.lines] == [
        "listening",
        "event",
        "attempt",
    ]
    assert begun == {
        "kind": "listening",
        "endpointId": delivery.endpoint_id,
        "forwardTo": receiver.url,
    }
    assert event == {
        "kind": "event",
        "id": sent.event_id,
        "eventType": EVENT,
        "occurredAt": sent.json["timestamp"],
        "origin": "change",
        "body": sent.json,
    }
    assert (attempt["eventId"], attempt["deliveryId"]) == (sent.event_id, delivery.id)
    assert (attempt["number"], attempt["outcome"], attempt["success"]) == (1, 200, True)
    assert (attempt["state"], attempt["disruption"], attempt["url"]) == (
        "succeeded",
        None,
        receiver.url,
    )


def test_with_json_the_secret_is_in_the_first_line(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url, "--json", "--print-secret")

    assert listening.json("listening")["secret"] == outbox.endpoints.all()[0].secret


def test_without_a_url_there_is_nothing_but_events(server: EmulatorServer, listen: Listen) -> None:
    listening = listen("--json")
    change_until_seen(server, listening)

    assert {json.loads(line)["kind"] for line in listening.lines} == {"event"}


# --- forwarding ---------------------------------------------------------------------------------


def test_the_secret_that_is_printed_is_right_for_what_comes(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen
) -> None:
    listening = listen("--forward-to", receiver.url, "--print-secret")
    secret = listening.line("secret: ").removeprefix("secret: ")
    change(server)
    (received,) = receiver.wait_for(count=1, timeout=_SECONDS)

    Webhook(secret).verify(received.body, dict(received.headers))
    assert secret.startswith("whsec_")
    assert received.json["data"]["leadId"] == LEAD


def test_the_secret_is_not_printed_unless_asked_for(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url)
    line = listening.line("Ctrl+C stops it")
    (endpoint,) = outbox.endpoints.all()

    assert line == f"forwarding to {receiver.url} as endpoint {endpoint.id}; Ctrl+C stops it"
    listening.end()
    assert endpoint.secret not in "".join(listening.lines)


def test_secret_and_events_can_be_given(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    events = ("--event", "message.sent", "--event", "campaign.paused")
    listening = listen("--forward-to", receiver.url, "--secret", SECRET, *events)
    listening.line("Ctrl+C stops it")
    (endpoint,) = outbox.endpoints.all()

    assert endpoint.secret == SECRET
    assert endpoint.event_types == ("message.sent", "campaign.paused")


def test_headers_can_be_given(
    server: EmulatorServer, listen: Listen, receiver: WebhookReceiver
) -> None:
    listen("--forward-to", receiver.url, "--header", "X-Env: ci", "--header", "X-Trace: a b")
    change_until(server, lambda: bool(receiver.received))

    headers = receiver.received[0].headers
    assert (headers["x-env"], headers["x-trace"]) == ("ci", "a b")


def test_a_receiver_that_fails_gets_it_again_by_the_schedule(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    receiver.respond(503)
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    outbox.update_endpoint(outbox.endpoints.all()[0].id, {"retry_delays_seconds": (0.1,)})
    change(server)
    listening.line("attempt 2")
    first, second = receiver.received

    assert first.body == second.body
    assert outbox.events.all()[0].deliveries[0].state == "succeeded"


# --- its end ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_endpoint(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox, number: int
) -> None:
    other = outbox.endpoints.add("http://127.0.0.1:9/", event_types=["message.sent"])
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    assert len(outbox.endpoints.all()) == 2
    code, errors = listening.end(number)

    assert (code, errors) == (0, "")
    assert outbox.endpoints.all() == [other]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_one_that_only_watches(
    server: EmulatorServer, listen: Listen, number: int
) -> None:
    listening = listen()
    change_until_seen(server, listening)

    assert listening.end(number) == (0, "")


def test_a_loss_is_said_in_one_line_and_what_came_meanwhile_follows(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen
) -> None:
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    server.stop()
    change(server, "OPPORTUNITY")
    with EmulatorServer(server.emulator, port=server._http.port):
        listening.line("attempt 1")
        code, errors = listening.end()

    assert code == 0  # since it was asked to end
    assert '"newStatus":"OPPORTUNITY"' in listening.line(EVENT)
    lost, back = errors.splitlines()
    assert lost.startswith(f"mock-sendpilot: {server.origin} does not answer: ")
    assert lost.endswith("; trying again until it answers")
    assert back == f"mock-sendpilot: {server.origin} answers again"


def test_a_server_that_was_restarted_gets_the_endpoint_again(
    server: EmulatorServer,
    receiver: WebhookReceiver,
    listen: Listen,
    make_emulator: Callable[..., Emulator],
) -> None:
    listening = listen("--forward-to", receiver.url, "--print-secret", "--json")
    secret = listening.json("listening")["secret"]
    server.stop()
    with EmulatorServer(make_emulator(), port=server._http.port) as restarted:
        eventually(lambda: len(listening.lines) == 2, timeout=_SECONDS)
        change(restarted)
        (received,) = receiver.wait_for(count=1, timeout=_SECONDS)
        listening.json("attempt")
        (endpoint,) = restarted.emulator.outbox(restarted.emulator.workspaces()[0]).endpoints.all()
        code, errors = listening.end()

    Webhook(secret).verify(received.body, dict(received.headers))
    assert json.loads(listening.lines[1]) == {
        "kind": "listening",
        "endpointId": endpoint.id,
        "forwardTo": receiver.url,
    }
    assert code == 0
    assert errors.splitlines()[1] == (
        f"mock-sendpilot: {server.origin} was restarted; "
        f"forwarding as endpoint {endpoint.id} with the same secret"
    )


def test_an_end_that_nobody_asked_for_is_1(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    outbox.remove_endpoint(outbox.endpoints.all()[0].id)
    code, errors = listening.ended()

    assert code == 1
    assert errors.startswith("mock-sendpilot: Webhook endpoint not found")


def test_a_signal_ends_one_that_has_lost_its_server(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen
) -> None:
    listening = listen("--forward-to", receiver.url)
    listening.line("Ctrl+C stops it")
    server.stop()
    code, errors = listening.end()

    assert code == 0
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_ends_it_and_its_endpoint(
    server: EmulatorServer, receiver: WebhookReceiver, outbox: Outbox
) -> None:
    arguments = [*COMMAND, "--forward-to", receiver.url, "--url", server.origin]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        change_until(server, lambda: process.poll() is not None)
        errors = process.stderr.read()
    left = outbox.endpoints.all()
    let_go(server)

    assert b"Traceback" not in errors
    assert left == []


# --- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["--event", EVENT], 2, "require --forward-to", id="event alone"),
        pytest.param(["--secret", SECRET], 2, "require --forward-to", id="secret alone"),
        pytest.param(["--print-secret"], 2, "require --forward-to", id="print alone"),
        pytest.param(["--all"], 2, "require --forward-to", id="all alone"),
        pytest.param(["--receive", "--all"], 2, "excludes --forward-to", id="receive and all"),
        pytest.param(["--url", "ftp://a.b"], 2, "--url: expected a URL", id="url"),
        pytest.param(["--forward-to", "nope"], 1, "absolute http or https URL", id="receiver"),
        pytest.param(
            ["--forward-to", "http://127.0.0.1:9/", "--event", "lead.update"],
            1,
            "unknown event type 'lead.update'; did you mean",
            id="event",
        ),
        pytest.param(["--api-key", "nope"], 1, "no workspace has this key", id="key"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    listen: Listen, outbox: Outbox, arguments: list[str], code: int, says: str
) -> None:
    if "--url" in arguments:
        listening = Listening(tuple(arguments))
        found, errors = listening.ended()
        listening.kill()
    else:
        listening = listen(*arguments)
        found, errors = listening.ended()

    assert (found, listening.lines) == (code, [])
    assert says in errors
    assert "Traceback" not in errors
    assert outbox.endpoints.all() == []


def test_a_server_that_does_not_answer_is_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    listening = Listening(("--url", url))
    code, errors = listening.ended()
    listening.kill()

    assert (code, listening.lines) == (1, [])
    assert errors.startswith(f"mock-sendpilot: {url} does not answer: ")
    assert errors.endswith("or name another one with --url\n")


# --- receiving ----------------------------------------------------------------------------------


def test_a_webhook_that_it_receives_is_printed_with_its_signature(
    server: EmulatorServer, listen: Listen
) -> None:
    listening = listen("--receive", "--secret", SECRET, "--json")
    listening.json("listening")
    change(server)
    request = listening.json("request")

    Webhook(SECRET).verify(request["body"], request["headers"])
    assert listening.json("attempt")["outcome"] == 200


def test_a_webhook_that_it_receives_is_printed_to_be_read(
    server: EmulatorServer, listen: Listen
) -> None:
    listening = listen("--receive")
    listening.line("receiving as endpoint ep_")
    change(server)

    listening.line("svix-signature: v1,")
    listening.line(f'    "leadId": "{LEAD}",')


def test_a_webhook_whose_answer_is_lost_is_printed(
    server: EmulatorServer, listen: Listen, outbox: Outbox
) -> None:
    outbox.disruptions.arm("lost_answer")
    listening = listen("--receive", "--json")
    listening.json("listening")
    change(server)

    assert listening.json("attempt")["outcome"] == "the response was lost on purpose; it was 200"
    assert listening.json("request")["body"]
