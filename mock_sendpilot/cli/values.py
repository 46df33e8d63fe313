"""What arguments and options of the commands may be."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson
from click.types import StringParamType

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract

Command = TypeVar("Command", bound=Callable[..., Any])


class NonEmpty(StringParamType):
    """A text that is not empty, as that of a variable that is not set would be."""

    name = "text"

    def convert(
        self,
        value: str,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """The text."""
        if not value.strip():
            self.fail("must not be empty", param, ctx)
        return value


class OneOf(StringParamType):
    """One of some words; a refusal names the nearest alone, if one is near.

    Args:
        words: all of them.
    """

    name = "word"

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(words)

    def convert(
        self,
        value: str,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """The word."""
        if value not in self._words:
            from mock_sendpilot.suggestions import did_you_mean

            guess = did_you_mean(value, self._words) or f"known are: {', '.join(self._words)}"
            self.fail(f"{value!r} is not known; {guess.strip()}", param, ctx)
        return value


ID = NonEmpty()


def identity(command: Command) -> Command:
    """Give a command the argument `ID`; it gets `target`."""
    return click.argument("target", metavar="ID", type=ID)(command)


def event_option(about: str) -> Callable[[Command], Command]:
    """Give a command `--event`, for one event type."""
    text = f"{about} Example: --event lead.status.changed"
    return click.option("--event", metavar="EVENT", type=NonEmpty(), help=text)


def limit_option(command: Command) -> Command:
    """Give a command `--limit`."""
    option = click.option(
        "--limit",
        default=20,
        show_default=True,
        type=click.IntRange(1, 100),
        help="How many at most. Example: --limit 5",
    )
    return option(command)


def contract(_ctx: click.Context, _parameter: click.Parameter, name: str) -> "Contract":
    """The contract of that name."""
    from mock_sendpilot.contracts.contract import named_contract
    from mock_sendpilot.errors import InvalidInput

    try:
        return named_contract(name)
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from error


def pairs(_ctx: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` texts as an object; a value that is JSON counts as such, else as a text."""
    found = {}
    for text in texts:
        key, equals, value = encodable(text).partition("=")
        if not key or not equals:
            raise click.BadParameter(f"must be KEY=VALUE, not {text!r}", param=parameter)
        found[key] = _value(key, value.encode(), parameter)
    return found


def _headers(
    _ctx: click.Context, _parameter: click.Parameter, texts: Sequence[str]
) -> dict[str, str]:
    """`NAME: VALUE` texts as an object; no error quotes a text, since it may hold a secret."""
    found: dict[str, str] = {}
    for text in texts:
        name, colon, value = encodable(text).partition(":")
        if not name.strip() or not colon:
            raise click.BadParameter('must be "NAME: VALUE", with a colon')
        if name.strip() in found:
            raise click.BadParameter(f"{name.strip()} is given twice")
        found[name.strip()] = value.strip()
    return found


def header_option(command: Command) -> Command:
    """Give a command `--header`; it gets one object, `headers`."""
    option = click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="NAME: VALUE",
        callback=_headers,
        help='Send this header with each webhook; may be repeated. Example: --header "X-Env: ci"',
    )
    return option(command)


def encodable(text: str) -> str:
    """A text without the halves of characters that a terminal may pass on."""
    return text.encode("utf-8", "replace").decode()


def _value(key: str, text: bytes, parameter: click.Parameter) -> Any:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.json_text import parse_json

    try:
        orjson.loads(text)
    except ValueError:
        return text.decode()
    try:
        return parse_json(text)
    except InvalidInput as error:
        raise click.BadParameter(f"{key} {error}", param=parameter) from error


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
