"""`mock-sendpilot listen`: events and attempts as they happen; with a URL, forwarded to it."""

from collections.abc import Mapping
from typing import Any, NoReturn

import click

from mock_sendpilot.cli.control import Server, control_options, fail, json_option, print_json
from mock_sendpilot.cli.feed import Feed
from mock_sendpilot.cli.listener import Back, Ended, Heard, Listener, Lost
from mock_sendpilot.cli.stopping import Told, raise_when_told
from mock_sendpilot.cli.values import NonEmpty, header_option

_SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="


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
@header_option
@click.option(
    "--print-secret", is_flag=True, help="Print the signing secret first. Example: --print-secret"
)
@click.option(
    "--all",
    "wants_all",
    is_flag=True,
    help="Print what goes to other endpoints, too. Example: --all",
)
@json_option
@control_options
def listen(
    *,
    forward_to: str | None,
    event: tuple[str, ...],
    secret: str | None,
    headers: dict[str, str],
    print_secret: bool,
    wants_all: bool,
    wants_json: bool,
    server: Server,
) -> None:
    """Print events and attempts as they happen from now on, until Ctrl+C.

    With --forward-to there is an endpoint until this ends, signed and retried like any other; the
    requests are made from here, wherever the server is, and only what goes to it is printed. With
    --json each event, each attempt and each delivery that is dropped, delayed or reordered on
    purpose is a line of JSON.

    A server that is lost is tried until it answers again. Events that came meanwhile follow; one
    that was restarted gets the endpoint with the same secret.
    """
    if forward_to is None and (event or secret or headers or print_secret or wants_all):
        options = "--event, --secret, --header, --print-secret and --all"
        raise click.UsageError(f"{options} go with --forward-to")
    wanted: dict[str, Any] | None = None
    if forward_to is not None:
        wanted = {"url": forward_to, "events": list(event) or None, "secret": secret}
        wanted |= {"forwarded": True, "headers": headers}
    raise_when_told()
    listener = Listener(server, wanted)
    try:
        listener.begin()
        _say_where(server, listener.endpoint, print_secret=print_secret, wants_json=wants_json)
        feed = Feed(
            None if listener.endpoint is None else listener.endpoint["id"],
            after_sequence=listener.after_sequence,
            wants_json=wants_json,
            wants_all=wants_all,
        )
        _follow(server, listener, feed, wants_json=wants_json)
    except Told:
        pass
    finally:
        listener.end()


def _say_where(
    server: Server, endpoint: Mapping[str, Any] | None, *, print_secret: bool, wants_json: bool
) -> None:
    if endpoint is None:
        if not wants_json:
            click.echo(f"listening to {server.url}; Ctrl+C ends it")
        return
    if wants_json:
        secret = {"secret": endpoint["secret"]} if print_secret else {}
        facts = {"endpointId": endpoint["id"], "forwardTo": endpoint["url"]}
        print_json({"kind": "listening", **facts, **secret})
        return
    click.echo(f"forwarding to {endpoint['url']} as endpoint {endpoint['id']}; Ctrl+C ends it")
    if print_secret:
        click.echo(f"secret: {endpoint['secret']}")


def _follow(server: Server, listener: Listener, feed: Feed, *, wants_json: bool) -> NoReturn:
    """Print what is new, for ever."""
    while True:
        news = listener.next_news()
        if isinstance(news, Heard):
            for event in news.events:
                feed.show(event)
        elif isinstance(news, Lost):
            click.echo(f"mock-sendpilot: {news.reason}; trying again until it answers", err=True)
        elif isinstance(news, Ended):
            fail(news.reason)
        else:
            _say_that_it_is_back(server, news)
            if news.is_restarted:
                feed.restart(None if news.endpoint is None else news.endpoint["id"])
                if wants_json:
                    _say_where(server, news.endpoint, print_secret=False, wants_json=True)


def _say_that_it_is_back(server: Server, news: Back) -> None:
    how = "answers again"
    if news.is_restarted:
        how = "was restarted"
        if news.endpoint is not None:
            how += f"; forwarding as endpoint {news.endpoint['id']} with the same secret"
    click.echo(f"mock-sendpilot: {server.url} {how}", err=True)
