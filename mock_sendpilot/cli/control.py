"""Asking a server that runs: where it is, with which key, and what it answers."""

import http.client
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import click
import orjson

from mock_sendpilot.cli.options import DEFAULT_PORT, PREFIX

_ANSWER_SECONDS = 35.0
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


def control_options(command: Command) -> Command:
    """Give a command what it takes to ask the control API."""
    command = click.option(
        "--control-token",
        envvar=f"{PREFIX}CONTROL_TOKEN",
        show_envvar=True,
        help="The server's control token, if it has one. Example: --control-token s3cret",
    )(command)
    command = click.option(
        "--api-key",
        default="YOUR_API_KEY",
        show_default=True,
        envvar=f"{PREFIX}API_KEY",
        show_envvar=True,
        help="A key of the workspace it is about. Example: --api-key YOUR_OTHER_API_KEY",
    )(command)
    return url_option(command)


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
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    url: str,
    api_key: str,
    control_token: str | None,
) -> Any:  # noqa: ANN401 - whatever JSON the answer holds
    """What the control API answers, or the end of the command with the reason."""
    headers = {"X-API-Key": api_key, "Content-Type": "application/json"}
    if control_token:
        headers["Authorization"] = f"Bearer {control_token}"
    connection = http.client.HTTPConnection(*address(url), timeout=_ANSWER_SECONDS)
    try:
        content = None if body is None else orjson.dumps(body)
        connection.request(method, f"/_emulate{path}", content, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read()
        hint = answer.getheader("X-Emulator-Hint")
    except (OSError, ValueError, http.client.HTTPException) as error:
        fail(f"{url} does not answer: {error}; start it with: mock-sendpilot start")
    finally:
        connection.close()
    parsed = _json(text)
    if status not in _OK:
        message = parsed.get("message") if isinstance(parsed, dict) else None
        fail(f"{message or f'{url} answers {status}'}{f' ({hint})' if hint else ''}")
    return parsed


def fail(problem: str) -> NoReturn:
    """End the command, saying why."""
    click.echo(f"mock-sendpilot: {problem}", err=True)
    sys.exit(1)


def _json(text: bytes) -> Any:  # noqa: ANN401
    try:
        return orjson.loads(text)
    except ValueError:
        return None
