"""`mock-sendpilot listen`: print events and attempts as they happen, and forward webhooks."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

import click
import orjson

from mock_sendpilot.cli.client import Client
from mock_sendpilot.cli.formatting import attempt_name, fail, print_json, shorten, uses_color
from mock_sendpilot.cli.listener import (
    ConnectionLost,
    ConnectionRestored,
    EventsChanged,
    Listener,
    ListeningEnded,
    WebhookReceived,
)
from mock_sendpilot.cli.options import (
    EXAMPLE_SECRET,
    NonEmpty,
    client_options,
    header_option,
    json_option,
)
from mock_sendpilot.cli.stopping import StopRequested, raise_on_stop_signal

_RECEIVED_URL = "http://listen.invalid/webhooks"  # no request is made to it
_MAX_DATA_LENGTH = 300
_MAX_EVENTS = 10_000  # more than the server's log keeps
_DISRUPTION_TEXTS: Mapping[str, str] = {
    "drop": "never sent",
    "delay": "delayed",
    "reorder": "sent after the next one",
}
"""The kinds of disruptions that concern the delivery as a whole, and show in no attempt."""


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot listen\n"
    "  mock-sendpilot listen --receive\n"
    "  mock-sendpilot listen --forward-to http://127.0.0.1:9000/webhooks --print-secret"
)
@click.option(
    "--forward-to",
    metavar="RECEIVER",
    help="Add an endpoint for as long as this runs, and send its webhooks to this URL from here. "
    "Example: --forward-to http://127.0.0.1:9000/webhooks",
)
@click.option(
    "--receive",
    "receives",
    is_flag=True,
    help="Be the receiver: add an endpoint for as long as this runs, print each signed request in "
    "full, and answer 200. Example: --receive",
)
@click.option(
    "--event",
    multiple=True,
    metavar="EVENT",
    type=NonEmpty(),
    help="Forward only events of this type; may be repeated. Example: --event lead.status.changed",
)
@click.option(
    "--secret",
    help="Signing secret of the endpoint, instead of a new one. "
    f"Example: --secret {EXAMPLE_SECRET}",
)
@header_option
@click.option(
    "--print-secret", is_flag=True, help="Print the signing secret first. Example: --print-secret"
)
@click.option(
    "--all",
    "shows_all",
    is_flag=True,
    help="Also print webhooks to other endpoints. Example: --all",
)
@json_option
@client_options
def listen(
    *,
    forward_to: str | None,
    receives: bool,
    event: tuple[str, ...],
    secret: str | None,
    headers: dict[str, str],
    print_secret: bool,
    shows_all: bool,
    as_json: bool,
    client: Client,
) -> None:
    """Print events and attempts as they happen, until Ctrl+C.

    With --forward-to the server has an endpoint for as long as this runs, signed and retried like
    any other. Its requests are made from here, wherever the server runs, and only they are printed.
    With --receive no receiver is needed: the requests are printed in full and answered with 200.
    With --json each event, each attempt and each delivery that is dropped, delayed or reordered on
    purpose is a line of JSON.

    A lost server is tried until it answers again. Events recorded in the meantime follow; a server
    that was restarted gets the endpoint with the same secret.
    """
    if receives and (forward_to is not None or shows_all):
        raise click.UsageError("--receive excludes --forward-to and --all")
    if receives:
        forward_to = _RECEIVED_URL
    if forward_to is None and (event or secret or headers or print_secret or shows_all):
        options = "--event, --secret, --header, --print-secret and --all"
        raise click.UsageError(f"{options} require --forward-to")
    settings: dict[str, Any] | None = None
    if forward_to is not None:
        settings = {"url": forward_to, "events": list(event) or None, "secret": secret}
        settings |= {"forwarded": True, "headers": headers}
    raise_on_stop_signal()
    listener = Listener(client, settings, receives=receives)
    try:
        listener.start()
        _print_start(client, listener.endpoint, print_secret=print_secret, as_json=as_json)
        printer = EventPrinter(
            None if listener.endpoint is None else listener.endpoint["id"],
            after_sequence=listener.after_sequence,
            as_json=as_json,
            shows_all=shows_all,
        )
        _follow(client, listener, printer, as_json=as_json)
    except StopRequested:
        pass
    finally:
        listener.stop()


def _print_start(
    client: Client, endpoint: Mapping[str, Any] | None, *, print_secret: bool, as_json: bool
) -> None:
    if as_json:
        if endpoint is not None:
            secret = {"secret": endpoint["secret"]} if print_secret else {}
            facts = {"endpointId": endpoint["id"], "forwardTo": endpoint["url"]}
            print_json({"kind": "listening", **facts, **secret})
        return
    if endpoint is None:
        click.echo(f"listening to {client.url}; Ctrl+C stops it")
        return
    action = "receiving" if endpoint["url"] == _RECEIVED_URL else f"forwarding to {endpoint['url']}"
    click.echo(f"{action} as endpoint {endpoint['id']}; Ctrl+C stops it")
    if print_secret:
        click.echo(f"secret: {endpoint['secret']}")


def _follow(
    client: Client, listener: Listener, printer: "EventPrinter", *, as_json: bool
) -> NoReturn:
    """Print updates forever."""
    while True:
        update = listener.next_update()
        if isinstance(update, WebhookReceived):
            _print_request(update, as_json=as_json)
        elif isinstance(update, EventsChanged):
            for event in update.events:
                printer.print_changes(event)
        elif isinstance(update, ConnectionLost):
            click.echo(f"mock-sendpilot: {update.reason}; trying again until it answers", err=True)
        elif isinstance(update, ListeningEnded):
            fail(update.reason)
        else:
            _resume(client, update, printer, as_json=as_json)


def _print_request(request: WebhookReceived, *, as_json: bool) -> None:
    body = request.body.decode("utf-8", "replace")
    if as_json:
        print_json({"kind": "request", "headers": request.headers, "body": body})
        return
    with suppress(orjson.JSONDecodeError):  # an altered body may be anything
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    click.echo(_colored("POST", "cyan"))
    for name, value in request.headers.items():
        click.echo(f"{name}: {value}")
    click.echo(f"\n{body}\n")


def _resume(
    client: Client, update: ConnectionRestored, printer: "EventPrinter", *, as_json: bool
) -> None:
    """Go on with a server that answers again."""
    text = "was restarted" if update.is_restarted else "answers again"
    if update.is_restarted and update.endpoint is not None:
        text += f"; forwarding as endpoint {update.endpoint['id']} with the same secret"
    click.echo(f"mock-sendpilot: {client.url} {text}", err=True)
    if update.is_restarted:
        printer.restart(None if update.endpoint is None else update.endpoint["id"])
        if as_json:
            _print_start(client, update.endpoint, print_secret=False, as_json=True)


class EventPrinter:
    """Prints events, their disruptions and their attempts, each of them once.

    Args:
        endpoint_id: print only webhooks to this endpoint; None is for all.
        after_sequence: print only events with a higher number.
        as_json: print lines of JSON.
        shows_all: also print webhooks to other endpoints.
    """

    def __init__(
        self,
        endpoint_id: str | None,
        *,
        after_sequence: int = 0,
        as_json: bool,
        shows_all: bool = False,
    ) -> None:
        self._endpoint_id = endpoint_id
        self._after_sequence = after_sequence
        self._as_json = as_json
        self._shows_all = shows_all or endpoint_id is None
        self._printed: dict[str, set[tuple[str, object]]] = {}  # by event id

    def restart(self, endpoint_id: str | None) -> None:
        """Begin with the events of a new log, and with a new endpoint."""
        self._endpoint_id = endpoint_id
        self._after_sequence = 0
        self._printed.clear()

    def print_changes(self, event: dict[str, Any]) -> None:
        """Print what has not been printed of an event."""
        deliveries = [
            delivery
            for delivery in event["deliveries"]
            if self._shows_all or delivery["endpointId"] == self._endpoint_id
        ]
        is_wanted = deliveries or self._shows_all
        if event["sequence"] <= self._after_sequence or not is_wanted:
            return
        if event["id"] not in self._printed:
            self._printed[event["id"]] = set()
            if len(self._printed) > _MAX_EVENTS:
                del self._printed[next(iter(self._printed))]  # the oldest: a dict keeps its order
            self._print_event(event)
        for delivery in deliveries:
            kind: str = (delivery["disruption"] or {}).get("kind", "")
            if kind in _DISRUPTION_TEXTS and self._is_new(event, delivery, kind):
                self._print_disruption(event, delivery, kind)
            for attempt in delivery["attempts"]:
                if self._is_new(event, delivery, attempt["number"]):
                    self._print_attempt(event, delivery, attempt)

    def _is_new(self, event: dict[str, Any], delivery: dict[str, Any], part: object) -> bool:
        key, printed = (delivery["id"], part), self._printed[event["id"]]
        is_new = key not in printed
        printed.add(key)
        return is_new

    def _print_event(self, event: dict[str, Any]) -> None:
        if self._as_json:
            facts = {key: event[key] for key in ("id", "eventType", "occurredAt", "origin", "body")}
            print_json({"kind": "event", **facts})
            return
        data = shorten(orjson.dumps(event["body"]["data"]).decode(), _MAX_DATA_LENGTH)
        event_type = _colored(event["eventType"], "cyan")
        click.echo(f"{_time_of_day(event['occurredAt'])}  {event_type}  {event['id']}  {data}")

    def _print_disruption(self, event: dict[str, Any], delivery: dict[str, Any], kind: str) -> None:
        due_at = None if delivery["attempts"] else delivery["nextAttemptAt"]
        if self._as_json:
            print_json(
                {
                    "kind": "disruption",
                    "eventId": event["id"],
                    "deliveryId": delivery["id"],
                    "endpointId": delivery["endpointId"],
                    "disruption": delivery["disruption"],
                    "state": delivery["state"],
                    "nextAttemptAt": due_at,
                }
            )
            return
        latest = " the latest at" if kind == "reorder" else ""
        when = f", at{latest} {due_at}" if due_at else ""
        text = f"to {delivery['endpointId']}: {_DISRUPTION_TEXTS[kind]}{when}"
        prefix = f"{_time_of_day(event['occurredAt'])}    {_colored(kind, 'red')}"
        click.echo(f"{prefix}  {event['eventType']}  {event['id']}  {delivery['id']}  {text}")

    def _print_attempt(
        self, event: dict[str, Any], delivery: dict[str, Any], attempt: dict[str, Any]
    ) -> None:
        if self._as_json:
            ids = {"eventId": event["id"], "deliveryId": delivery["id"]}
            print_json({"kind": "attempt", **ids, **attempt, "state": delivery["state"]})
            return
        outcome = _colored(str(attempt["outcome"]), "green" if attempt["success"] else "red")
        parts = [f"POST {attempt['url']}  {attempt_name(attempt)}, {attempt['durationMs']:g} ms"]
        if attempt["disruption"]:
            parts.append(f"disrupted: {attempt['disruption']}")
        if attempt is delivery["attempts"][-1]:  # the next one follows from the latest
            parts += [f"next at {delivery['nextAttemptAt']}"] if delivery["nextAttemptAt"] else []
            parts += ["given up"] if delivery["state"] == "exhausted" else []
        prefix = f"{_time_of_day(attempt['at'])}    {outcome}"
        text = "; ".join(parts)
        click.echo(f"{prefix}  {event['eventType']}  {event['id']}  {delivery['id']}  {text}")


def _time_of_day(timestamp: str) -> str:
    return timestamp[11:23]


def _colored(text: str, color: str) -> str:
    return click.style(text, fg=color) if uses_color() else text
