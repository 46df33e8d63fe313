"""`mock-sendpilot listen`: events and attempts as they happen; with a URL, forwarded to it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import click

from mock_sendpilot.cli.control import (
    NoAnswer,
    Server,
    ask,
    control_options,
    fail,
    json_option,
    print_json,
    segment,
    tell,
)
from mock_sendpilot.cli.feed import Feed
from mock_sendpilot.cli.forward import Forwarding
from mock_sendpilot.cli.stopping import Told, raise_when_told
from mock_sendpilot.cli.values import NonEmpty

_WAIT_SECONDS = 20
_SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="  # noqa: S105 - an example


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot listen\n"
    "  mock-sendpilot listen --forward-to http://127.0.0.1:9000/webhooks --print-secret"
)
@click.option(
    "--forward-to",
    metavar="RECEIVER",
    help="Have the events sent to this URL, from here, until this ends. "
    "Example: --forward-to http://127.0.0.1:9000/webhooks",
)
@click.option(
    "--event",
    multiple=True,
    metavar="EVENT",
    type=NonEmpty(),
    help="Forward only this event; may be repeated. Example: --event lead.status.changed",
)
@click.option(
    "--secret",
    help="Sign what is forwarded with this secret instead of a new one. "
    f"Example: --secret {_SECRET}",
)
@click.option(
    "--print-secret", is_flag=True, help="Print the signing secret first. Example: --print-secret"
)
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
    requests are made from here, wherever the server is, and of the attempts those to it alone are
    printed. With --json each event, each attempt and each delivery that is dropped, delayed or
    reordered on purpose is a line of JSON.
    """
    if forward_to is None and (event or secret or print_secret):
        raise click.UsageError("--event, --secret and --print-secret go with --forward-to")
    raise_when_told()
    try:
        latest = ask(server, "GET", "/events/changes")["latest"]
        if forward_to is None:
            if not wants_json:
                click.echo(f"listening to {server.url}; Ctrl+C ends it")
            _follow(server, latest, Feed(None, wants_json=wants_json))
        wanted = {"url": forward_to, "events": list(event) or None, "secret": secret}
        with _endpoint(server, {**wanted, "relayed": True}) as endpoint:
            _say_where(endpoint, print_secret=print_secret, wants_json=wants_json)
            _forward_and_follow(server, latest, endpoint["id"], wants_json=wants_json)
    except Told:
        pass


@contextmanager
def _endpoint(server: Server, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An endpoint, as long as this listens."""
    endpoint = ask(server, "POST", "/endpoints", wanted)
    try:
        yield endpoint
    finally:
        # Nobody hears of this end but the server, if it is there.
        with suppress(NoAnswer):
            tell(server, "DELETE", f"/endpoints/{segment(endpoint['id'])}")


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
        _follow(server, latest, Feed(endpoint_id, wants_json=wants_json))
    except Told:
        if forwarding.end_reason is not None:
            fail(forwarding.end_reason)
        raise


def _follow(server: Server, latest: int, feed: Feed) -> NoReturn:
    """Print what is new, for ever."""
    while True:
        path = f"/events/changes?since={latest}&waitSeconds={_WAIT_SECONDS}"
        answer = ask(server, "GET", path)
        latest = answer["latest"]
        for event in answer["events"]:
            feed.show(event)
