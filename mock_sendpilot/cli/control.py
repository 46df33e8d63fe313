"""Asking a server that runs: where it is, with which key, and what it answers."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import click
import orjson

from mock_sendpilot.cli.exchange import Answer, NoAnswer, address, exchange
from mock_sendpilot.cli.options import DEFAULT_PORT, PREFIX, Port, printable
from mock_sendpilot.cli.values import encodable

__all__ = ["NoAnswer", "Refused"]  # what `ask` raises

_ANSWER_SECONDS = 65.0
_TOKEN_OPTION = "--control-token"
_OK = range(200, 300)
_MOVED = range(300, 400)
_REFUSALS = frozenset(range(400, 500)) - {HTTPStatus.TOO_MANY_REQUESTS}

Command = TypeVar("Command", bound=Callable[..., Any])


def _default_url() -> str:
    """This machine, at the port that the server's variable says."""
    text = os.environ.get(f"{PREFIX}PORT") or str(DEFAULT_PORT)
    try:
        port = Port(1, 65535).convert(text, None, None)
    except click.BadParameter as error:
        raise click.UsageError(
            f"{PREFIX}PORT: {error.message} Say with --url where the server is."
        ) from error
    return f"http://127.0.0.1:{port}"


def _url(_ctx: click.Context, _parameter: click.Parameter, url: str) -> str:
    """Return the URL without credentials, which are never sent and would stand in messages."""
    try:
        address(url)
    except ValueError as error:
        from mock_sendpilot.redaction import redacted_url

        wanted = "http://127.0.0.1:7363 or https://sendpilot.staging.example"
        found = redacted_url(url)
        raise click.UsageError(f"--url must be such as {wanted}, not {found!r}") from error
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def url_option(command: Command) -> Command:
    """Give a command `--url`."""
    return click.option(
        "--url",
        default=_default_url,
        show_default=f"http://127.0.0.1:{DEFAULT_PORT}, or the port of {PREFIX}PORT",
        envvar=f"{PREFIX}URL",
        show_envvar=True,
        callback=_url,
        help="Where the server is; http or https. Example: --url http://127.0.0.1:8080",
    )(command)


@dataclass(frozen=True, slots=True)
class Server:
    """A server and what it takes to ask its control API."""

    url: str
    api_key: str
    control_token: str | None


def control_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that tell of a server; it gets them as one `server`."""

    @wraps(command)
    def with_server(*, url: str, api_key: str, control_token: str | None, **rest: Any) -> Any:
        return command(server=Server(url, api_key, control_token), **rest)

    token = click.option(
        "--control-token",
        envvar=f"{PREFIX}CONTROL_TOKEN",
        show_envvar=True,
        callback=printable,
        help="The server's control token, if it has one. Example: --control-token s3cret",
    )
    key = click.option(
        "--api-key",
        default="YOUR_API_KEY",
        show_default=True,
        envvar=f"{PREFIX}API_KEY",
        show_envvar=True,
        callback=printable,
        help="A key of the workspace it is about. Example: --api-key YOUR_OTHER_API_KEY",
    )
    return url_option(key(token(with_server)))


def json_option(command: Command) -> Command:
    """Give a command `--json`; it gets `wants_json`."""
    text = "Print the answer as JSON. Example: --json"
    return click.option("--json", "wants_json", is_flag=True, help=text)(command)


def print_json(answer: object) -> None:
    """A line of JSON on standard output."""
    click.echo(orjson.dumps(answer))  # bytes: UTF-8 whatever the terminal has


def segment(text: str) -> str:
    """An id as a segment of a path."""
    return quote(encodable(text), safe="")


class Refused(NoAnswer):
    """The server is there and refuses: asking again would not help."""


class Reply(dict[str, Any]):
    """A JSON object that a server answered; one that lacks a key is not of such a server.

    Args:
        url: the server's.
    """

    def __init__(self, url: str, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self._url = url

    def __missing__(self, key: str) -> NoReturn:
        raise Refused(
            f"{self._url} is no mock_sendpilot, or one of another version: "
            f"its answer has no {key!r}"
        )


def ask(
    server: Server,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    accepted: Sequence[int] = (),
    seconds: float | None = _ANSWER_SECONDS,
) -> Reply:
    """What the control API answers where it answers an object: see `ask_for`."""
    answer = ask_for(server, method, path, body, accepted=accepted, seconds=seconds)
    if answer is None:
        raise NoAnswer(_not_ours(server, HTTPStatus.NO_CONTENT))
    return answer


def tell(server: Server, method: str, path: str) -> None:
    """Have something done where the control API answers 204."""
    if ask_for(server, method, path) is not None:
        raise NoAnswer(_not_ours(server, HTTPStatus.OK))


def ask_for(
    server: Server,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    accepted: Sequence[int] = (),
    seconds: float | None = _ANSWER_SECONDS,
) -> Reply | None:
    """Return what the control API answers; None where that is 204.

    Args:
        server: which.
        method: of the request.
        path: below /_emulate.
        body: of the request.
        accepted: statuses besides 2xx that are an answer, too.
        seconds: how long it may take; None is for ever.

    Raises:
        NoAnswer: with the reason; a command that lets it pass ends with it.
        Refused: the same, where the server itself has refused the request.
    """
    headers = {"X-API-Key": server.api_key, "Content-Type": "application/json"}
    if server.control_token:
        headers["Authorization"] = f"Bearer {server.control_token}"
    content = None
    if body is not None:
        content = orjson.dumps({name: _readable(value) for name, value in body.items()})
    answer = exchange(
        server.url, method, f"/_emulate{path}", content=content, headers=headers, seconds=seconds
    )
    found = parsed_object(answer.content)
    if answer.status not in _OK and answer.status not in accepted:
        is_final = answer.status in _REFUSALS and found is not None and "message" in found
        raise (Refused if is_final else NoAnswer)(_refusal(server, answer, found))
    if found is None and answer.status != HTTPStatus.NO_CONTENT:
        raise NoAnswer(_not_ours(server, answer.status))
    return None if found is None else Reply(server.url, found)


def parsed_object(text: bytes) -> dict[str, Any] | None:
    """The object that a JSON text holds; None where it is something else."""
    try:
        found = orjson.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def tell_all(
    server: Server,
    name: str,
    filters: Mapping[str, str | None],
    *,
    limit: int,
    wants_json: bool,
    line: Callable[[dict[str, Any]], str],
) -> None:
    """Print the resources of a name that fit, one a line, or that there are none."""
    given = {key: value for key, value in filters.items() if value is not None}
    answer = ask(server, "GET", f"/{name}?{urlencode({**given, 'limit': limit}, errors='replace')}")
    if wants_json:
        print_json(answer)
        return
    for row in answer[name]:
        click.echo(line(row))
    if not answer[name]:
        click.echo(f"no {name} fit" if given else f"no {name}", err=True)


def fail(problem: str) -> NoReturn:
    """End the command, saying why."""
    click.echo(f"mock-sendpilot: {problem}", err=True)
    sys.exit(1)


def _not_ours(server: Server, status: int) -> str:
    return f"{server.url} is no mock_sendpilot: it answers {int(status)}, and not as one does"


def _refusal(server: Server, answer: Answer, found: dict[str, Any] | None) -> str:
    if found is not None and "message" in found:
        hint = answer.headers.get("X-Emulator-Hint")
        if answer.status == HTTPStatus.FORBIDDEN and _TOKEN_OPTION in (hint or ""):
            hint = _token_hint(server)  # the server's own names the header
        return f"{found['message']}{f' ({hint})' if hint else ''}"
    to = answer.headers.get("Location")
    if answer.status in _MOVED and to:
        return f"{server.url} answers {answer.status} and points to {to}"
    return _not_ours(server, answer.status)


def _token_hint(server: Server) -> str:
    options = f"{_TOKEN_OPTION} or {PREFIX}CONTROL_TOKEN"
    if server.control_token:
        return f"that of {options} is not the server's"
    return f"give it with {options}"


def _readable(value: Any) -> Any:
    """A text, or some, without the halves of characters that a terminal may pass on."""
    if isinstance(value, str):
        return encodable(value)
    return [_readable(one) for one in value] if isinstance(value, list) else value
