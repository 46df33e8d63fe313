"""`mock-sendpilot listen`: events and attempts as they happen; with a URL, forwarded to it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import click
import orjson

from mock_sendpilot.cli.control import (
    NoAnswer,
    Server,
    ask,
    ask_for,
    control_options,
    fail,
    json_option,
    print_json,
    segment,
)
from mock_sendpilot.cli.forward import Forwarding
from mock_sendpilot.cli.options import wants_colour

_WAIT_SECONDS = 20
_LONGEST_DATA = 300
_MOST_SEEN = 10_000  # more than the server's log keeps


class _Told(Exception):
    """Somebody asked the process to end."""


@click.command(
    epilog="Examples: mock-sendpilot listen | mock-sendpilot listen "
    "--forward-to http://127.0.0.1:9000/webhooks --print-secret"
)
@click.option(
    "--forward-to",
    metavar="RECEIVER",
    help="Have the events sent to this URL, from here, until this ends. "
    "Example: --forward-to http://127.0.0.1:9000/webhooks",
)
@click.option("--event", multiple=True, help="Forward only this event; may be repeated.")
@click.option("--secret", help="Sign what is forwarded with this secret instead of a new one.")
@click.option("--print-secret", is_flag=True, help="Print the signing secret first.")
@json_option
@control_options
def listen(
    *,
    forward_to: str | None,
    event: tuple[str, ...],
    secret: str | None,
    print_secret: bool,
    wants_json: bool,
    server: Server,
) -> None:
    """Print events and attempts as they happen, until Ctrl+C.

    With --forward-to there is an endpoint until this ends, signed and retried like any other; the
    requests are made from here, wherever the server is. With --json each event and each attempt is
    a line of JSON.
    """
    if forward_to is None and (event or secret or print_secret):
        raise click.UsageError("--event, --secret and --print-secret go with --forward-to")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        latest = ask(server, "GET", "/events/changes")["latest"]
        if forward_to is None:
            if not wants_json:
                click.echo(f"listening to {server.url}; Ctrl+C ends it")
            _follow(server, latest, None, wants_json=wants_json)
            return
        wanted = {"url": forward_to, "events": list(event) or None, "secret": secret}
        with _endpoint(server, {**wanted, "relayed": True}) as endpoint:
            _say_where(endpoint, print_secret=print_secret, wants_json=wants_json)
            _forward_and_follow(server, latest, endpoint["id"], wants_json=wants_json)
    except _Told:
        pass


def _stop(*_: object) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise _Told


@contextmanager
def _endpoint(server: Server, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An endpoint, as long as this listens."""
    endpoint = ask(server, "POST", "/endpoints", wanted)
    try:
        yield endpoint
    finally:
        # Nobody hears of this end but the server, if it is there.
        with suppress(NoAnswer):
            ask_for(server, "DELETE", f"/endpoints/{segment(endpoint['id'])}")


def _say_where(endpoint: dict[str, Any], *, print_secret: bool, wants_json: bool) -> None:
    if wants_json:
        secret = {"secret": endpoint["secret"]} if print_secret else {}
        facts = {"endpointId": endpoint["id"], "forwardTo": endpoint["url"]}
        print_json({"kind": "listening", **facts, **secret})
        return
    click.echo(f"forwarding to {endpoint['url']} as endpoint {endpoint['id']}; Ctrl+C ends it")
    if print_secret:
        click.echo(f"secret: {endpoint['secret']}")


def _forward_and_follow(server: Server, latest: int, endpoint_id: str, *, wants_json: bool) -> None:
    forwarding = Forwarding(server, endpoint_id)
    try:
        _follow(server, latest, endpoint_id, wants_json=wants_json)
    except _Told:
        if forwarding.end_reason is not None:
            fail(forwarding.end_reason)
        raise


def _follow(server: Server, latest: int, endpoint_id: str | None, *, wants_json: bool) -> None:
    """Print what is new, for ever."""
    seen: dict[str, set[tuple[str, int]]] = {}  # of each event, the attempts that were printed
    while True:
        path = f"/events/changes?since={latest}&waitSeconds={_WAIT_SECONDS}"
        answer = ask(server, "GET", path)
        latest = answer["latest"]
        for event in answer["events"]:
            if event["id"] not in seen:
                seen[event["id"]] = set()
                if len(seen) > _MOST_SEEN:
                    del seen[next(iter(seen))]
                _print_event(event, wants_json=wants_json)
            for delivery, attempt in _attempts(event, endpoint_id):
                key = (delivery["id"], attempt["number"])
                if key not in seen[event["id"]]:
                    seen[event["id"]].add(key)
                    _print_attempt(event, delivery, attempt, wants_json=wants_json)


def _attempts(
    event: dict[str, Any], endpoint_id: str | None
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for delivery in event["deliveries"]:
        if endpoint_id in {None, delivery["endpointId"]}:
            yield from ((delivery, attempt) for attempt in delivery["attempts"])


def _print_event(event: dict[str, Any], *, wants_json: bool) -> None:
    if wants_json:
        facts = {key: event[key] for key in ("id", "eventType", "occurredAt", "origin", "body")}
        print_json({"kind": "event", **facts})
        return
    data = orjson.dumps(event["body"]["data"]).decode()
    short = data if len(data) <= _LONGEST_DATA else f"{data[:_LONGEST_DATA]}…"
    when, name = event["occurredAt"][11:23], _coloured(event["eventType"], "cyan")
    click.echo(f"{when}  {name}  {event['id']}  {short}")


def _print_attempt(
    event: dict[str, Any], delivery: dict[str, Any], attempt: dict[str, Any], *, wants_json: bool
) -> None:
    if wants_json:
        facts = {"eventId": event["id"], "deliveryId": delivery["id"]}
        print_json({"kind": "attempt", **facts, **attempt, "state": delivery["state"]})
        return
    outcome = _coloured(str(attempt["outcome"]), "green" if attempt["success"] else "red")
    which = "resent" if attempt["resend"] else f"attempt {attempt['number']}"
    notes = [f"disrupted: {attempt['disruption']}"] if attempt["disruption"] else []
    if delivery["nextAttemptAt"] and attempt is delivery["attempts"][-1]:
        notes.append(f"next at {delivery['nextAttemptAt']}")
    text = f"POST {attempt['url']}  {which}, {attempt['durationMs']:g} ms"
    click.echo(f"{attempt['at'][11:23]}    {outcome}  {'; '.join([text, *notes])}")


def _coloured(text: str, colour: str) -> str:
    return click.style(text, fg=colour) if wants_colour() else text
