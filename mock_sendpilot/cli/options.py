"""The options of `start`: flags before environment variables before the config file."""

import math
import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson
from click.core import ParameterSource

from mock_sendpilot.suggestions import nearest_word

PREFIX = "MOCK_SENDPILOT_"
DEFAULT_PORT = 7363
_ORIGIN = re.compile(r"https?://[\w.\-]+(:\d{1,5})?")
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")

Command = TypeVar("Command", bound=Callable[..., Any])
_CONFIG = f"{__name__}.config"
"""Where the context has the path of the config file."""


class ConfigurableCommand(click.Command):
    """A command that blames the config file for a value that stands there."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line; what is refused is named as its user wrote it."""
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            if error.param is not None and error.param.name is not None:
                error.param_hint = error.param_hint or _place(ctx, error.param.name)
            raise


def source_of(key: str) -> ParameterSource | None:
    """Return where the current command has the value of an option from."""
    return click.get_current_context().get_parameter_source(key)


def places(*keys: str) -> str:
    """Return where the current command was given these options: by flags or in the config file."""
    ctx = click.get_current_context()
    flags = ", ".join(f"--{key.replace('_', '-')}" for key in keys)
    found = [place for key in keys if (place := _place(ctx, key))]
    given = [key for key in keys if ctx.get_parameter_source(key) is not ParameterSource.DEFAULT]
    return ", ".join(found) if found and len(found) == len(given) else flags


def _place(ctx: click.Context, key: str) -> str | None:
    """Return the file and key of a value from the config file; None of all others."""
    is_from_file = ctx.get_parameter_source(key) is ParameterSource.DEFAULT_MAP
    return f"{key!r} in {ctx.meta[_CONFIG]}" if is_from_file else None


def printable(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """Refuse what cannot travel in a header."""
    if text is not None and not (text and text.isascii() and text.isprintable()):
        raise click.BadParameter("must be printable ASCII, since it travels in a header")
    return text


class Port(click.IntRange):
    """A port; where a container platform has put an address into the variable, the default."""

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """The number."""
        if isinstance(value, str) and value.startswith(("tcp://", "udp://")):
            return DEFAULT_PORT
        return super().convert(value, param, ctx)


def _origins(
    _ctx: click.Context, _parameter: click.Parameter, origins: tuple[str, ...]
) -> tuple[str, ...]:
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            from mock_sendpilot.redaction import redacted_url

            found = redacted_url(origin)
            raise click.BadParameter(f"must be * or such as http://localhost:3000, not {found!r}")
    return origins


def finite(_ctx: click.Context, _parameter: click.Parameter, given: Any) -> Any:
    """Refuse what is no number, and what has no end."""
    for number in given if isinstance(given, tuple) else (given,):
        if number is not None and not math.isfinite(number):
            raise click.BadParameter(f"must be a finite number, not {number}")
    return given


def _rate_limit(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> Any:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.world.limits import parse_rate_limit

    try:
        return None if text is None else parse_rate_limit(text)
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from error


def _chaos(
    _ctx: click.Context, _parameter: click.Parameter, text: str | None
) -> tuple[float, str] | None:
    if text is None:
        return None
    rate, _, seed = text.partition(":")
    try:
        share = float(rate)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise click.BadParameter(f"must be a share from 0 to 1, and maybe :SEED, not {text!r}")
    return share, seed or secrets.token_hex(4)


_OPTIONS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "--host": (
        (
            "Address to listen on; :: takes IPv6 and IPv4. Example: --host 0.0.0.0 (asks for keys "
            "of your own and for --control-token or --no-control)"
        ),
        {"default": "127.0.0.1", "show_default": True},
    ),
    "--port": (
        "Port to listen on; 0 takes a free one. Example: --port 0",
        {"default": DEFAULT_PORT, "show_default": True, "type": Port(0, 65535)},
    ),
    "--fixtures": (
        (
            "Seed to start with instead of the demo world; - reads it from standard input. "
            "Example: --fixtures world.json"
        ),
        {"type": click.Path(exists=True, dir_okay=False, allow_dash=True), "metavar": "PATH|-"},
    ),
    "--empty": (
        "Start with one workspace: the key YOUR_API_KEY and nothing in it. Example: --empty",
        {"is_flag": True},
    ),
    "--api-key": (
        (
            "Give the workspace of --empty, or of the demo world, this key instead of "
            "YOUR_API_KEY; of the demo world's two workspaces it is the first, alone. "
            "Example: --api-key $(openssl rand -hex 16)"
        ),
        {"metavar": "KEY", "callback": printable},
    ),
    "--contract": (
        (
            "Which of the vendor's contradicting documents to follow: documented, example, schema, "
            "live, strict or observed. Example: --contract live"
        ),
        {"default": "documented", "show_default": True, "metavar": "NAME"},
    ),
    "--contract-option": (
        (
            "Set one option of the contract to another value; may be repeated. "
            "Example: --contract-option patch_reply=schema"
        ),
        {"multiple": True, "metavar": "OPTION=VALUE"},
    ),
    "--webhook": (
        (
            "Send every workspace's events to this URL, or those named after #; may be repeated. "
            "Example: --webhook http://127.0.0.1:9000/hooks#lead.status.changed"
        ),
        {"multiple": True, "metavar": "URL[#EVENT,EVENT]"},
    ),
    "--webhook-secret": (
        (
            "Sign what goes to --webhook with this secret instead of a new one. "
            "Example: --webhook-secret whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="
        ),
        {"metavar": "SECRET"},
    ),
    "--webhook-timeout": (
        "Seconds a receiver has for its answer. Example: --webhook-timeout 5",
        {
            "default": 30.0,
            "show_default": True,
            "type": click.FloatRange(0.1, 3600),
            "callback": finite,
        },
    ),
    "--chaos": (
        (
            "Disrupt this share of all webhook deliveries, in a mix drawn from the seed after the "
            "colon, or from a new one; it is shown. Example: --chaos 0.2:42"
        ),
        {"metavar": "RATE[:SEED]", "callback": _chaos},
    ),
    "--rate-limit": (
        (
            "How many requests each API key may make in a window; more are answered 429. "
            "Example: --rate-limit 60/min"
        ),
        {"metavar": "COUNT/WINDOW", "callback": _rate_limit},
    ),
    "--random-seed": (
        "Make ids and secrets the same at every start. Example: --random-seed 42",
        {"metavar": "TEXT"},
    ),
    "--allowed-host": (
        (
            "A further name that clients call this server by (the Host header); may be repeated; "
            "* for any. Example: --allowed-host sendpilot.staging.internal"
        ),
        {"multiple": True, "metavar": "NAME"},
    ),
    "--cors-origin": (
        (
            "Let pages of this origin call the vendor's API; may be repeated; * for any. "
            "Example: --cors-origin http://localhost:3000"
        ),
        {"multiple": True, "metavar": "ORIGIN", "callback": _origins},
    ),
    "--control-token": (
        (
            "Ask for this token (Authorization: Bearer) on /_emulate. "
            "Example: --control-token $(openssl rand -hex 16)"
        ),
        {"metavar": "TOKEN", "callback": printable},
    ),
    "--no-control": ("Leave /_emulate out. Example: --no-control", {"is_flag": True}),
    "--log-level": (
        (
            "How much to log on standard error; info is a line for each request and each attempt. "
            "Example: --log-level warning"
        ),
        {"default": "info", "show_default": True, "type": click.Choice(LOG_LEVELS)},
    ),
    "--log-format": (
        (
            "How to log: text for people, or json, an object a line with date and time in UTC. "
            "Example: --log-format json"
        ),
        {"default": "text", "show_default": True, "type": click.Choice(LOG_FORMATS)},
    ),
    "--show-secrets": (
        (
            "Print keys and signing secrets in full; otherwise the banner has them in full on a "
            "terminal only, so that they do not end up in a log. Example: --show-secrets"
        ),
        {"is_flag": True},
    ),
    "--json": (
        "Print one line of JSON instead of the banner, with keys and secrets. Example: --json",
        {"is_flag": True, "expose_value": True},
    ),
}

KEYS = tuple(flag.lstrip("-").replace("-", "_") for flag in _OPTIONS)
"""What a config file may hold."""


def start_options(command: Command) -> Command:
    """Give a command all options of `start`, each with its environment variable."""
    for flag, (text, settings) in reversed(tuple(_OPTIONS.items())):
        key = flag.lstrip("-").replace("-", "_")
        options = {"help": text, "envvar": PREFIX + key.upper(), "show_envvar": True, **settings}
        command = click.option(flag, key, **options)(command)
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar=f"{PREFIX}CONFIG",
        show_envvar=True,
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="TOML or JSON file with these options, names as here without the dashes "
        "(contract_option, log_level). Example: --config mock-sendpilot.toml",
    )(command)


def is_terminal() -> bool:
    """Return whether a person reads standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def wants_colour() -> bool:
    """Whether a person looks, and has not set NO_COLOR."""
    return not os.environ.get("NO_COLOR") and is_terminal()


def _read_config(ctx: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    found = {key.replace("-", "_"): value for key, value in _parsed(path).items()}
    for key in found:
        if key not in KEYS:
            near = nearest_word(key, KEYS)
            guess = f" Did you mean {near!r}?" if near else ""
            known = ", ".join(KEYS)
            raise click.UsageError(f"{path}: unknown option {key!r}.{guess} Known are: {known}")
    ctx.meta[_CONFIG] = path
    ctx.default_map = {key: _plain(key, value, path) for key, value in found.items()}


def _parsed(path: Path) -> dict[str, Any]:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.json_text import as_utf8

    try:
        content = as_utf8(path.read_bytes())
        found = orjson.loads(content) if path.suffix == ".json" else _toml(content.decode())
    except (OSError, ValueError, RecursionError, InvalidInput) as error:
        raise click.UsageError(f"{path}: cannot be read as TOML or JSON: {error}") from error
    if not isinstance(found, dict):
        raise click.UsageError(f"{path}: must hold an object of options")
    return found


def _toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # only commands with a TOML file pay for it
    else:
        import tomli as tomllib
    found: dict[str, Any] = tomllib.loads(text)
    return found


def _plain(key: str, value: Any, path: Path) -> Any:
    """A value as the flag takes it: a list where it is repeatable, a path from here.

    A value that is refused is not shown: it may be a secret.
    """
    settings = _OPTIONS[f"--{key.replace('_', '-')}"][1]
    if settings.get("multiple"):
        if isinstance(value, dict):  # such as the table [contract_option]
            value = [f"{name}={option}" for name, option in value.items()]
        values = value if isinstance(value, list) else [value]
        for one in values:
            if not isinstance(one, str):
                raise click.UsageError(f"{path}: {key!r} takes texts, not {_type_of(one)}")
            _check_text(key, one, path)
        return values
    wanted = (bool,) if settings.get("is_flag") else (str, int, float)
    if not isinstance(value, wanted) or (bool not in wanted and isinstance(value, bool)):
        expected = "true or false" if bool in wanted else "one value"
        raise click.UsageError(f"{path}: {key!r} takes {expected}, not {_type_of(value)}")
    _check_text(key, str(value), path)
    if key == "fixtures" and value != "-":
        return str(path.parent / str(value))
    return str(value) if not isinstance(value, bool) else value


def _type_of(value: object) -> str:
    names = {dict: "a table", list: "an array", str: "a text", bool: "a boolean"}
    numbers = {int: "a number", float: "a number", type(None): "null"}
    return {**names, **numbers}.get(type(value), "a date")


def _check_text(key: str, text: str, path: Path) -> None:
    if "\0" in text:
        raise click.UsageError(f"{path}: {key!r} must not hold the character NUL")
