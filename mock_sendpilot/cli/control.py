"""Asking a server that runs: where it is, with which key, and what it answers."""

import http.client
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlsplit

import click
import orjson

from mock_sendpilot.cli.options import DEFAULT_PORT, PREFIX, printable

_ANSWER_SECONDS = 65.0
_OK = range(200, 300)

Command = TypeVar("Command", bound=Callable[..., Any])


def url_option(command: Command) -> Command:
    """Give a command `--url`."""
    return click.option(
        "--url",
        default=lambda: f"http://127.0.0.1:{os.environ.get(f'{PREFIX}PORT', DEFAULT_PORT)}",
        show_default=f"http://127.0.0.1:{DEFAULT_PORT}, or the port of {PREFIX}PORT",
        envvar=f"{PREFIX}URL",
        show_envvar=True,
        help="Where the server is. Example: --url http://127.0.0.1:8080",
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
    def with_server(*, url: str, api_key: str, control_token: str | None, **rest: Any) -> Any:  # noqa: ANN401 - the command's own
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
    option = click.option("--json", "wants_json", is_flag=True, help="Print the answer as JSON.")
    return option(command)


def print_json(answer: object) -> None:
    """A line of JSON on standard output."""
    click.echo(orjson.dumps(answer).decode())


def segment(text: str) -> str:
    """An id as a segment of a path."""
    return quote(text.encode("utf-8", "replace"), safe="")


def pairs(_ctx: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` texts as an object; a value that is JSON counts as such, else as a text."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"must be KEY=VALUE, not {text!r}", param=parameter)
        plain = value.encode("utf-8", "replace")
        found[key] = plain.decode() if _json(plain) is None and plain != b"null" else _json(plain)
    return found


def match_option(command: Command) -> Command:
    """Give a command `--match`; it gets one object, `match`."""
    option = click.option(
        "--match",
        multiple=True,
        metavar="KEY=VALUE",
        callback=pairs,
        help="Only where the data holds this; may be repeated. Example: --match newStatus=DONE",
    )
    return option(command)


def address(url: str) -> tuple[str, int]:
    """Host and port of a server's URL, or the end of the command."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
    if host is None or parts.scheme != "http":
        raise click.UsageError(f"--url must be such as http://127.0.0.1:7363, not {url!r}")
    return host, port


def ask(
    server: Server,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    accepted: Sequence[int] = (),
) -> Any:  # noqa: ANN401 - whatever JSON the answer holds
    """What the control API answers, or the end of the command with the reason."""
    try:
        return ask_for(server, method, path, body, accepted=accepted)
    except NoAnswer as error:
        fail(str(error))


class NoAnswer(Exception):
    """The server is not there, or refuses; it says which."""


def ask_for(
    server: Server,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    accepted: Sequence[int] = (),
) -> Any:  # noqa: ANN401
    """What the control API answers.

    Raises:
        NoAnswer: with the reason.
    """
    headers = {"X-API-Key": server.api_key, "Content-Type": "application/json"}
    if server.control_token:
        headers["Authorization"] = f"Bearer {server.control_token}"
    content = None if body is None else orjson.dumps(_readable(body))
    connection = http.client.HTTPConnection(*address(server.url), timeout=_ANSWER_SECONDS)
    try:
        connection.request(method, f"/_emulate{path}", content, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read()
        hint = answer.getheader("X-Emulator-Hint")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NoAnswer(
            f"{server.url} does not answer: {error}; start it with: mock-sendpilot start"
        ) from error
    finally:
        connection.close()
    parsed = _json(text)
    if status not in _OK and status not in accepted:
        message = parsed.get("message") if isinstance(parsed, dict) else None
        raise NoAnswer(
            f"{message or f'{server.url} answers {status}'}{f' ({hint})' if hint else ''}"
        )
    return parsed


def fail(problem: str) -> NoReturn:
    """End the command, saying why."""
    click.echo(f"mock-sendpilot: {problem}", err=True)
    sys.exit(1)


def _readable(value: Any) -> Any:  # noqa: ANN401
    """A body without the halves of characters that a terminal may pass on."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_readable(key): _readable(one) for key, one in value.items()}
    return [_readable(one) for one in value] if isinstance(value, list) else value


def _json(text: bytes) -> Any:  # noqa: ANN401
    try:
        return orjson.loads(text)
    except ValueError:
        return None
