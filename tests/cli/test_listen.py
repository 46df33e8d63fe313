"""`mock-sendpilot listen`: the events and attempts that it prints, and the webhooks it forwards.

Most tests run it in a thread of this process, and those of signals as a process of its own.
"""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import click
import freezegun
import pytest
import time_machine
from svix.webhooks import Webhook

from mock_sendpilot.cli import listen as listen_command
from mock_sendpilot.cli import main
from mock_sendpilot.cli.listener import Listener, ListeningEnded, Update
from mock_sendpilot.cli.stopping import StopRequested
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks import triggers
from mock_sendpilot.webhooks.deliveries import DeliveryFilter
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace
from tests.cli.commands import EVENT, LEAD, NOWHERE, PROGRAM, Process, environment, invoke
from tests.support import SECRET, eventually, reserved_port

_SECONDS = 20
_STOP = ListeningEnded("stopped")


class StoppableListener(Listener):
    """A listener that is stopped by an update, as the command is by a signal."""

    def next_update(self) -> Update:
        update = super().next_update()
        if update is _STOP:
            raise StopRequested
        return update


class Listening:
    """The command in a thread of this process; `lines` are those it has printed so far."""

    def __init__(self, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._listener: StoppableListener | None = None
        self._exit_code: object = None
        monkeypatch.setattr(listen_command, "Listener", self._make_listener)
        monkeypatch.setattr(click, "echo", self._echo)
        self._thread = threading.Thread(target=self._run, args=(arguments,))
        self._thread.start()

    def line(self, text: str) -> str:
        """Wait for the first line that has a text."""
        eventually(lambda: [one for one in self.lines if text in one], timeout=_SECONDS)
        return next(one for one in self.lines if text in one)

    def json(self, kind: str) -> dict[str, Any]:
        """Wait for the first line of JSON of this kind."""
        value: dict[str, Any] = json.loads(self.line(f'"kind":"{kind}"'))
        return value

    def stop(self) -> tuple[object, str]:
        """End it as a signal does; return exit code and standard error."""
        if self._listener is not None:
            self._listener._updates.put(_STOP)
        return self.ended()

    def ended(self) -> tuple[object, str]:
        """Wait for the end; return exit code and standard error."""
        self._thread.join(_SECONDS)
        return self._exit_code, "\n".join(self.errors)

    def _make_listener(self, *arguments: Any, **options: Any) -> StoppableListener:
        self._listener = StoppableListener(*arguments, **options)
        return self._listener

    def _echo(self, text: str | bytes, *, err: bool = False, **_: Any) -> None:
        lines = self.errors if err else self.lines
        lines += (text.decode() if isinstance(text, bytes) else text).splitlines()

    def _run(self, arguments: list[str]) -> None:
        try:
            main.main(arguments, prog_name="mock-sendpilot")
        except SystemExit as error:
            self._exit_code = error.code


Listen = Callable[..., Listening]


@pytest.fixture(autouse=True)
def _no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the signals of this process alone."""
    monkeypatch.setattr(listen_command, "raise_on_stop_signal", lambda: None)


@pytest.fixture
def listen(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listen]:
    """Listen to the server until the end of the test."""
    started: list[Listening] = []

    def begin(*arguments: str) -> Listening:
        command = ["listen", *arguments, "--url", server.origin]
        started.append(Listening(command, monkeypatch))
        if "--json" not in arguments:
            started[-1].line("Ctrl+C stops it")
        return started[-1]

    yield begin
    for one in started:
        one.stop()
    answer_all(server)


@pytest.fixture
def listen_process(server: EmulatorServer) -> Iterator[Callable[..., Process]]:
    """Listen to the server in processes."""
    started: list[Process] = []

    def begin(*arguments: str) -> Process:
        started.append(Process("listen", *arguments, "--url", server.origin))
        started[-1].line("Ctrl+C stops it")
        return started[-1]

    yield begin
    for one in started:
        one.kill()
    answer_all(server)


def answer_all(server: EmulatorServer) -> None:
    """Have the server answer the requests of listeners that are gone, since something changes."""
    outbox = server.emulator.outbox(server.emulator.workspaces()[0])
    for endpoint in outbox.endpoints.all():
        outbox.remove_endpoint(endpoint.id)
    change(server, "IRRELEVANT")


def change(server: EmulatorServer, status: str = "DONE") -> None:
    server.emulator.workspaces()[0].store.set_lead_status(LEAD, status=status)


# --- printing ------------------------------------------------------------------------------------


def test_an_event_and_its_attempt_are_printed(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    receiver.respond(503)
    outbox.disruptions.arm("extra_fields")
    listening = listen("--forward-to", receiver.url)
    change(server)
    attempt = listening.line(f"POST {receiver.url}")
    (event,) = outbox.events.all()

    when = event.json["timestamp"][11:23]
    data = event.body.decode().partition('"data":')[2][:-1]
    # No color, since no terminal is written to.
    assert listening.line(event.event_id) == f"{when}  {EVENT}  {event.event_id}  {data}"
    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d\.\d{{3}}    503  {EVENT}  {event.event_id}  {event.deliveries[0].id}  "
        rf"POST {receiver.url}  attempt 1, [\d.]+ ms; "
        r"disrupted: extra_fields; next at 20\S+Z",
        attempt,
    )


def test_a_listener_without_a_url_prints_attempts_at_all_endpoints(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    endpoint = outbox.endpoints.add(receiver.url)
    listening = listen()
    change(server)

    assert f"    200  {EVENT}  evt_" in listening.line(f"POST {receiver.url}  attempt 1")
    assert outbox.endpoints.all() == [endpoint]


def test_an_attempt_outside_the_schedule_is_printed_with_its_trigger(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    outbox.disruptions.arm("duplicate", options={"copies": 2})
    listening = listen("--forward-to", receiver.url)
    change(server)
    eventually(lambda: len(receiver.received) == 3, timeout=_SECONDS)
    outbox.resend_event(outbox.events.all()[0].event_id)

    assert f"  POST {receiver.url}  resent, " in listening.line("resent")
    assert sum("  duplicate, " in line for line in listening.lines) == 2
    assert sum(LEAD in line for line in listening.lines) == 1


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("drop", "never sent", id="drop"),
        pytest.param("delay", r"delayed, at 20\S+Z", id="delay"),
        pytest.param("reorder", r"sent after the next one, at the latest at 20\S+Z", id="reorder"),
    ],
)
def test_a_delivery_that_is_disrupted_as_a_whole_is_printed_once(
    server: EmulatorServer, listen: Listen, outbox: Outbox, kind: str, text: str
) -> None:
    server.emulator.workspaces()[0].scheduler.freeze()
    endpoint = outbox.endpoints.add(NOWHERE)
    outbox.disruptions.arm(kind)
    listening = listen()
    change(server, "OPPORTUNITY")
    line = listening.line(f"    {kind}  ")
    change(server, "IRRELEVANT")
    listening.line("IRRELEVANT")
    (disrupted,) = [one for one in outbox.log.select(DeliveryFilter()) if one.disruption]

    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d\.\d{{3}}    {kind}  {EVENT}  {disrupted.event_id}  {disrupted.id}  "
        rf"to {endpoint.id}: {text}",
        line,
    )
    assert sum(f"    {kind}  " in one for one in listening.lines) == 1


@pytest.mark.parametrize(
    ("options", "prints_others"),
    [pytest.param([], False, id="by default"), pytest.param(["--all"], True, id="all")],
)
def test_webhooks_to_other_endpoints_are_printed_only_with_the_option(
    server: EmulatorServer,
    receiver: WebhookReceiver,
    listen: Listen,
    outbox: Outbox,
    options: list[str],
    *,
    prints_others: bool,
) -> None:
    workspace = server.emulator.workspaces()[0]
    outbox.endpoints.add(NOWHERE)
    listening = listen("--forward-to", receiver.url, "--event", "message.sent", *options)
    change(server)
    request = triggers.TriggerRequest(event_type="message.sent", lead_id=LEAD)
    triggers.trigger_event(workspace, outbox, request)
    listening.line(f"POST {receiver.url}")
    workspace.scheduler.wait_until_idle(timeout_seconds=_SECONDS)
    change(server, "OPPORTUNITY")
    triggers.trigger_event(workspace, outbox, request)
    eventually(
        lambda: sum(f"POST {receiver.url}" in one for one in listening.lines) == 2,
        timeout=_SECONDS,
    )

    assert any(EVENT in line for line in listening.lines) is prints_others
    assert any(f"POST {NOWHERE}  attempt 1" in line for line in listening.lines) is prints_others


def test_earlier_events_and_their_attempts_are_not_printed(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    outbox.endpoints.add(receiver.url)
    change(server, "OPPORTUNITY")
    receiver.wait_for(count=1, timeout=_SECONDS)
    listening = listen()
    outbox.resend_event(outbox.events.all()[0].event_id)
    receiver.wait_for(count=2, timeout=_SECONDS)
    change(server, "DONE")
    listening.line("attempt 1")

    (line,) = [line for line in listening.lines if LEAD in line]
    assert '"newStatus":"DONE"' in line
    assert not any("resent" in line for line in listening.lines)


def test_long_data_is_cut_short(workspace: Workspace, listen: Listen) -> None:
    listening = listen()
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
def test_a_server_in_a_test_that_freezes_time_is_followed_until_the_end(
    server: EmulatorServer,
    workspace: Workspace,
    receiver: WebhookReceiver,
    listen_process: Callable[..., Process],
    travel: Callable[[], AbstractContextManager[object]],
) -> None:
    process = listen_process("--forward-to", receiver.url)
    with travel():
        change(server)
        receiver.wait_for(count=1, timeout=_SECONDS)
        workspace.scheduler.wait_until_idle(timeout_seconds=_SECONDS)
    process.line("attempt 1")

    assert process.end() == (0, "")


# --- JSON ----------------------------------------------------------------------------------------


def test_events_and_attempts_are_lines_of_json(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url, "--json")
    start = listening.json("listening")
    change(server)
    attempt = listening.json("attempt")
    event = listening.json("event")
    (sent,) = outbox.events.all()
    (delivery,) = sent.deliveries

    kinds = [json.loads(line)["kind"] for line in listening.lines]
    assert kinds == ["listening", "event", "attempt"]
    assert start == {
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


def test_a_disrupted_delivery_is_a_line_of_json(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    armed = outbox.disruptions.arm("drop")
    listening = listen("--forward-to", receiver.url, "--json")
    listening.json("listening")
    change(server)
    line = listening.json("disruption")
    delivery = outbox.log.get(line["deliveryId"])

    assert line == {
        "kind": "disruption",
        "eventId": delivery.event_id,
        "deliveryId": delivery.id,
        "endpointId": delivery.endpoint_id,
        "disruption": {"id": armed.id, "kind": "drop", "options": {}},
        "state": "dropped",
        "nextAttemptAt": None,
    }


def test_the_first_line_of_json_has_the_secret_with_the_option(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url, "--json", "--print-secret")

    assert listening.json("listening")["secret"] == outbox.endpoints.all()[0].secret


# --- forwarding ----------------------------------------------------------------------------------


def test_forwarded_webhooks_are_signed_with_the_secret_that_is_printed(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen
) -> None:
    listening = listen("--forward-to", receiver.url, "--print-secret")
    secret = listening.line("secret: ").removeprefix("secret: ")
    change(server)
    received = receiver.wait_for(EVENT, timeout=_SECONDS)

    Webhook(secret).verify(received.body, dict(received.headers))
    assert secret.startswith("whsec_")
    assert received.data["leadId"] == LEAD


def test_the_secret_is_not_printed_without_the_option(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url)
    (endpoint,) = outbox.endpoints.all()

    assert listening.lines == [
        f"forwarding to {receiver.url} as endpoint {endpoint.id}; Ctrl+C stops it"
    ]


def test_options_set_the_secret_the_events_and_the_headers_of_the_endpoint(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    events = ("--event", "message.sent", "--event", "campaign.paused")
    headers = ("--header", "X-Env: ci", "--header", "X-Trace: a b")
    listen("--forward-to", receiver.url, "--secret", SECRET, *events, *headers)
    (endpoint,) = outbox.endpoints.all()

    assert endpoint.secret == SECRET
    assert endpoint.event_types == ("message.sent", "campaign.paused")
    assert endpoint.settings.headers == {"X-Env": "ci", "X-Trace": "a b"}


def test_forwarded_webhooks_have_the_headers_of_the_endpoint(
    server: EmulatorServer, listen: Listen, receiver: WebhookReceiver
) -> None:
    listen("--forward-to", receiver.url, "--header", "X-Env: ci")
    change(server)

    assert receiver.wait_for(EVENT, timeout=_SECONDS).headers["x-env"] == "ci"


@pytest.mark.parametrize("failure", ["a 503", "a lost response"])
def test_a_failed_webhook_is_retried_by_the_schedule(
    server: EmulatorServer,
    receiver: WebhookReceiver,
    listen: Listen,
    outbox: Outbox,
    failure: str,
) -> None:
    if failure == "a 503":
        receiver.respond(503)
    else:
        outbox.disruptions.arm("lost_response")
    listening = listen("--forward-to", receiver.url)
    outbox.update_endpoint(outbox.endpoints.all()[0].id, {"retry_delays_seconds": (0.1,)})
    change(server)
    listening.line("attempt 2")
    first, second = receiver.received

    assert first.body == second.body
    assert outbox.events.all()[0].deliveries[0].state == "succeeded"
    lost = "the response was lost on purpose; it was 200" in listening.line("attempt 1")
    assert lost is (failure == "a lost response")


# --- receiving -----------------------------------------------------------------------------------


def test_a_received_webhook_is_printed_with_its_signature(
    server: EmulatorServer, listen: Listen
) -> None:
    listening = listen("--receive", "--secret", SECRET, "--json")
    listening.json("listening")
    change(server)
    request = listening.json("request")

    Webhook(SECRET).verify(request["body"], request["headers"])
    assert listening.json("attempt")["outcome"] == 200


def test_a_received_webhook_is_printed_with_an_indented_body(
    server: EmulatorServer, listen: Listen
) -> None:
    listening = listen("--receive")
    listening.line("receiving as endpoint ep_")
    change(server)

    listening.line("svix-signature: v1,")
    listening.line(f'    "leadId": "{LEAD}",')


def test_a_received_webhook_with_a_lost_response_is_printed(
    server: EmulatorServer, listen: Listen, outbox: Outbox
) -> None:
    outbox.disruptions.arm("lost_response")
    listening = listen("--receive", "--json")
    listening.json("listening")
    change(server)

    assert listening.json("attempt")["outcome"] == "the response was lost on purpose; it was 200"
    assert listening.json("request")["body"]


# --- a lost server, and the end ------------------------------------------------------------------


def test_a_lost_server_is_mentioned_once_and_missed_events_follow(
    server: EmulatorServer, receiver: WebhookReceiver, listen: Listen
) -> None:
    listening = listen("--forward-to", receiver.url)
    server.stop()
    change(server, "OPPORTUNITY")
    with EmulatorServer(server.emulator, port=server._http.port):
        listening.line("attempt 1")
        code, errors = listening.stop()

    assert code == 0
    assert '"newStatus":"OPPORTUNITY"' in listening.line(EVENT)
    lost, restored = errors.splitlines()
    assert lost.startswith(f"mock-sendpilot: {server.origin} does not answer: ")
    assert lost.endswith("; trying again until it answers")
    assert restored == f"mock-sendpilot: {server.origin} answers again"


def test_a_restarted_server_gets_the_endpoint_again(
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
        received = receiver.wait_for(EVENT, timeout=_SECONDS)
        listening.json("attempt")
        (endpoint,) = restarted.emulator.outbox(restarted.emulator.workspaces()[0]).endpoints.all()
        code, errors = listening.stop()

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


def test_a_deleted_endpoint_ends_it_with_1(
    receiver: WebhookReceiver, listen: Listen, outbox: Outbox
) -> None:
    listening = listen("--forward-to", receiver.url)
    outbox.remove_endpoint(outbox.endpoints.all()[0].id)
    code, errors = listening.ended()

    assert code == 1
    assert errors.startswith("mock-sendpilot: Webhook endpoint not found")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("forwards", [True, False], ids=["forwarding", "printing"])
def test_a_signal_ends_it_with_0_and_deletes_its_endpoint(
    receiver: WebhookReceiver,
    listen_process: Callable[..., Process],
    outbox: Outbox,
    number: int,
    forwards: bool,
) -> None:
    other = outbox.endpoints.add(NOWHERE, event_types=["message.sent"])
    process = listen_process(*(("--forward-to", receiver.url) if forwards else ()))
    count = len(outbox.endpoints.all())

    assert process.end(number) == (0, "")
    assert count == (2 if forwards else 1)
    assert outbox.endpoints.all() == [other]


def test_a_signal_ends_it_after_the_server_was_lost(
    server: EmulatorServer, receiver: WebhookReceiver, listen_process: Callable[..., Process]
) -> None:
    process = listen_process("--forward-to", receiver.url)
    server.stop()
    code, errors = process.end()

    assert (code, "Traceback" in errors) == (0, False)


def test_a_closed_pipe_ends_it_and_deletes_its_endpoint(
    server: EmulatorServer, receiver: WebhookReceiver, outbox: Outbox
) -> None:
    command = [*PROGRAM, "listen", "--forward-to", receiver.url, "--url", server.origin]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        change(server)
        process.wait(_SECONDS)
        errors = process.stderr.read()
    endpoints = outbox.endpoints.all()
    answer_all(server)

    assert b"Traceback" not in errors
    assert endpoints == []


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        pytest.param(["--event", EVENT], 2, "require --forward-to", id="event alone"),
        pytest.param(["--secret", SECRET], 2, "require --forward-to", id="secret alone"),
        pytest.param(["--print-secret"], 2, "require --forward-to", id="print alone"),
        pytest.param(["--all"], 2, "require --forward-to", id="all alone"),
        pytest.param(["--receive", "--all"], 2, "excludes --forward-to", id="receive and all"),
        pytest.param(["--url", "ftp://a.b"], 2, "--url: expected a URL", id="url"),
        pytest.param(["--forward-to", "nope"], 1, "absolute http or https URL", id="receiver"),
        pytest.param(
            ["--forward-to", NOWHERE, "--event", "lead.update"],
            1,
            "unknown event type 'lead.update'; did you mean",
            id="event",
        ),
        pytest.param(["--api-key", "nope"], 1, "no workspace has this key", id="key"),
    ],
)
def test_an_option_is_refused_with_a_reason(
    server: EmulatorServer, outbox: Outbox, arguments: list[str], code: int, reason: str
) -> None:
    result = invoke("listen", "--url", server.origin, *arguments)

    assert (result.exit_code, result.stdout) == (code, "")
    assert reason in result.stderr
    assert outbox.endpoints.all() == []


def test_a_server_that_does_not_answer_ends_it_with_1() -> None:
    with reserved_port() as port:
        url = f"http://127.0.0.1:{port}"
        result = invoke("listen", "--url", url)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"mock-sendpilot: {url} does not answer: ")
    assert result.stderr.endswith("or name another one with --url\n")
