"""Options and arguments that several commands share, and the values they accept."""

import math
import os
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click
import orjson
from click.types import StringParamType

from mock_sendpilot.cli.client import ENV_PREFIX, Client, encodable, server_address

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract

DEFAULT_PORT = 7363
EXAMPLE_SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="

ALWAYS = "always"
"""The value of `--times` for no limit."""

Command = TypeVar("Command", bound=Callable[..., Any])
Value = TypeVar("Value")


class NonEmpty(StringParamType):
    """A text that is not empty, unlike that of a shell variable that is not set."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        if not value.strip():
            self.fail("must not be empty", param, ctx)
        return value


class OneOf(StringParamType):
    """One of some words; a refusal suggests the nearest one, or lists all.

    Args:
        words: returns all of them; called when there is a value, so that the help needs none.
    """

    name = "word"

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        self._words = words

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        words = tuple(self._words())
        if value not in words:
            from mock_sendpilot.suggestions import did_you_mean

            guess = did_you_mean(value, words) or f"expected {', '.join(words)}"
            self.fail(f"unknown value {value!r}; {guess.strip()}", param, ctx)
        return value


class Port(click.IntRange):
    """A port. An address, which container platforms put into `NAME_PORT`, is the default one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        if isinstance(value, str) and value.startswith(("tcp://", "udp://")):
            return DEFAULT_PORT
        return super().convert(value, param, ctx)


class Times(StringParamType):
    """A number of deliveries or requests, or `always`."""

    name = "times"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or `always`."""
        return value if value == ALWAYS else click.IntRange(1).convert(value, param, ctx)


ID = NonEmpty()


# --- checks of values -----------------------------------------------------------------------------


def require_printable(
    _ctx: click.Context, _parameter: click.Parameter, text: str | None
) -> str | None:
    """Refuse a text that cannot be sent in a header."""
    if text is not None and not (text and text.isascii() and text.isprintable()):
        raise click.BadParameter("expected printable ASCII, since it is sent in a header")
    return text


def without_problem(
    problem: Callable[[Value], str | None],
) -> Callable[[click.Context, click.Parameter, Value | None], Value | None]:
    """Return what click calls with the value of a parameter, to reject one with a problem."""

    def check(
        _ctx: click.Context, _parameter: click.Parameter, value: Value | None
    ) -> Value | None:
        text = None if value is None else problem(value)
        if text:
            raise click.BadParameter(text)
        return value

    return check


def url_problem(url: str) -> str:
    """Return why a text is no URL of an endpoint, or nothing."""
    from mock_sendpilot.urls import url_problems

    return "; ".join(url_problems(url))


def folder_problem(path: Path) -> str | None:
    """Return why no file can be made at a path, or None."""
    return None if path.parent.is_dir() else f"there is no folder {str(path.parent)!r}"


def _secret_problem(secret: str) -> str | None:
    from mock_sendpilot.webhooks.signing import SECRET_FORMAT, is_secret

    return None if is_secret(secret) else f"expected {SECRET_FORMAT}"


def require_finite(_ctx: click.Context, _parameter: click.Parameter, value: Any) -> Any:
    """Refuse nan and infinity, also in a tuple of numbers."""
    for number in value if isinstance(value, tuple) else (value,):
        if number is not None and not math.isfinite(number):
            raise click.BadParameter(f"expected a finite number, got {number}")
    return value


def contract_by_name(_ctx: click.Context, _parameter: click.Parameter, name: str) -> "Contract":
    """Return the contract of that name."""
    from mock_sendpilot.contracts.contract import named_contract
    from mock_sendpilot.errors import InvalidInput

    try:
        return named_contract(name)
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from error


def parse_pairs(
    _ctx: click.Context, parameter: click.Parameter, texts: Sequence[str]
) -> dict[str, Any]:
    """Return `KEY=VALUE` texts as an object; a value that is not valid JSON is a text."""
    pairs = {}
    for text in texts:
        key, equals, value = encodable(text).partition("=")
        if not key or not equals:
            raise click.BadParameter(f"expected KEY=VALUE, got {text!r}", param=parameter)
        pairs[key] = _json_or_text(key, value.encode(), parameter)
    return pairs


def _json_or_text(key: str, text: bytes, parameter: click.Parameter) -> Any:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.json_text import parse_json

    try:
        orjson.loads(text)
    except ValueError:
        return text.decode()
    # JSON all the same, so the user means its value, also if that is refused (a long number).
    try:
        return parse_json(text)
    except InvalidInput as error:
        raise click.BadParameter(f"{key} {error}", param=parameter) from error


def _parse_headers(
    _ctx: click.Context, _parameter: click.Parameter, texts: Sequence[str]
) -> dict[str, str]:
    """Return `NAME: VALUE` texts as an object; no error quotes a text, since it may be a secret."""
    headers: dict[str, str] = {}
    for text in texts:
        name, colon, value = encodable(text).partition(":")
        if not name.strip() or not colon:
            raise click.BadParameter('expected "NAME: VALUE", with a colon')
        if name.strip() in headers:
            raise click.BadParameter(f"{name.strip()} is given twice")
        headers[name.strip()] = value.strip()
    return headers


# --- options --------------------------------------------------------------------------------------


def _default_url() -> str:
    """Return the URL of a server on this machine, at the port of the server's variable."""
    text = os.environ.get(f"{ENV_PREFIX}PORT") or str(DEFAULT_PORT)
    try:
        port = Port(1, 65535).convert(text, None, None)
    except click.BadParameter as error:
        problem = f"{ENV_PREFIX}PORT: {error.message} Name the server with --url."
        raise click.UsageError(problem) from error
    return f"http://127.0.0.1:{port}"


def _server_url(_ctx: click.Context, _parameter: click.Parameter, url: str) -> str:
    """Return the URL without credentials, which are never sent and would appear in messages."""
    try:
        server_address(url)
    except ValueError as error:
        from mock_sendpilot.redaction import redacted_url

        expected = "http://127.0.0.1:7363 or https://sendpilot.staging.example"
        found = redacted_url(url)
        raise click.UsageError(
            f"--url: expected a URL such as {expected}, got {found!r}"
        ) from error
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def url_option(command: Command) -> Command:
    """Give a command `--url`."""
    return click.option(
        "--url",
        default=_default_url,
        show_default=f"http://127.0.0.1:{DEFAULT_PORT}, or the port of {ENV_PREFIX}PORT",
        envvar=f"{ENV_PREFIX}URL",
        show_envvar=True,
        callback=_server_url,
        help="URL of the server, http or https. Example: --url http://127.0.0.1:8080",
    )(command)


def client_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--url`, `--api-key` and `--control-token`; it gets one `client`."""

    @wraps(command)
    def with_client(*, url: str, api_key: str, control_token: str | None, **rest: Any) -> Any:
        return command(client=Client(url, api_key, control_token), **rest)

    token = click.option(
        "--control-token",
        envvar=f"{ENV_PREFIX}CONTROL_TOKEN",
        show_envvar=True,
        callback=require_printable,
        help="Control token of the server, if it has one. "
        "Example: --control-token YOUR_CONTROL_TOKEN",
    )
    key = click.option(
        "--api-key",
        default="YOUR_API_KEY",
        show_default=True,
        envvar=f"{ENV_PREFIX}API_KEY",
        show_envvar=True,
        callback=require_printable,
        help="API key of the workspace. Example: --api-key YOUR_OTHER_API_KEY",
    )
    return url_option(key(token(with_client)))  # the outermost comes first in the help


def receiver_secret_option(*, required: bool) -> Callable[[Command], Command]:
    """Return the option for the signing secret of a receiver."""
    return click.option(
        "--secret",
        required=required,
        envvar=f"{ENV_PREFIX}WEBHOOK_SECRET",
        show_envvar=True,
        callback=without_problem(_secret_problem),
        help=f"The signing secret of the receiver. Example: --secret {EXAMPLE_SECRET}",
    )


def contract_option(of: str) -> Callable[[Command], Command]:
    """Return the option for the contract of something, such as "the events"."""
    return click.option(
        "--contract",
        default="documented",
        show_default=True,
        metavar="NAME",
        envvar=f"{ENV_PREFIX}CONTRACT",
        show_envvar=True,
        callback=contract_by_name,
        help=f"The contract of {of}: documented, example, schema, live, strict or observed. "
        "Example: --contract live",
    )


def json_option(command: Command) -> Command:
    """Give a command `--json`; it gets `as_json`."""
    text = "Print the result as JSON. Example: --json"
    return click.option("--json", "as_json", is_flag=True, help=text)(command)


def id_argument(command: Command) -> Command:
    """Give a command the argument `ID`; it gets `resource_id`."""
    return click.argument("resource_id", metavar="ID", type=ID)(command)


def event_option(about: str) -> Callable[[Command], Command]:
    """Give a command `--event`, for one event type."""
    text = f"{about} Example: --event lead.status.changed"
    return click.option("--event", metavar="EVENT", type=NonEmpty(), help=text)


def limit_option(command: Command) -> Command:
    """Give a command `--limit`."""
    return click.option(
        "--limit",
        default=20,
        show_default=True,
        type=click.IntRange(1, 100),
        help="Maximum number of rows. Example: --limit 5",
    )(command)


def header_option(command: Command) -> Command:
    """Give a command `--header`; it gets one object, `headers`."""
    return click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="NAME: VALUE",
        callback=_parse_headers,
        help='Send this header with each webhook; may be repeated. Example: --header "X-Env: ci"',
    )(command)


def match_option(command: Command) -> Command:
    """Give a command `--match`; it gets one object, `match`."""
    return click.option(
        "--match",
        multiple=True,
        metavar="KEY=VALUE",
        callback=parse_pairs,
        help="Only if the event's data has this value; may be repeated. "
        "Example: --match newStatus=DONE",
    )(command)


def endpoint_option(command: Command) -> Command:
    """Give a command `--endpoint`, for deliveries to one endpoint."""
    text = "Only deliveries to this endpoint. Example: --endpoint ep_8fj2kd93ms0a"
    return click.option("--endpoint", type=ID, help=text)(command)


def request_options(command: Command) -> Command:
    """Give a command `--method`, `--path` and `--operation`, for requests of API clients."""
    method = click.option(
        "--method", type=ID, help="Only requests with this method. Example: --method PATCH"
    )
    path = click.option(
        "--path",
        type=ID,
        help="Only requests for this path; {name} is any one segment. "
        "Example: --path '/v1/leads/{id}/status'",
    )
    operation = click.option(
        "--operation",
        type=ID,
        help="Only requests for this operation. Example: --operation leads.updateStatus",
    )
    return method(path(operation(command)))


def id_or_all_options(command: Command) -> Command:
    """Give a command the optional argument `ID` and `--all`; it gets `removes_all`, too."""
    flag = click.option(
        "--all", "removes_all", is_flag=True, help="Remove all of them. Example: --all"
    )
    return click.argument("resource_id", metavar="[ID]", required=False, type=ID)(flag(command))
