"""The options of `start`: flags come before environment variables, and those before the file."""

import math
import re
import secrets
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
import orjson
from click.core import ParameterSource

from mock_sendpilot.cli.client import ENV_PREFIX
from mock_sendpilot.cli.options import (
    DEFAULT_PORT,
    EXAMPLE_SECRET,
    Command,
    Port,
    require_finite,
    require_printable,
)

LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")

_ORIGIN = re.compile(r"https?://[\w.\-]+(:\d{1,5})?")
_CONFIG = f"{__name__}.config"
"""The key of the config file's path in the context of the command."""


class ConfigurableCommand(click.Command):
    """A command that names the config file in the refusal of a value that stands there."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line."""
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            if error.param is not None and error.param.name is not None:
                error.param_hint = error.param_hint or _place_in_config(ctx, error.param.name)
            raise


def source_of(key: str) -> ParameterSource | None:
    """Return where the value of an option of the current command comes from."""
    return click.get_current_context().get_parameter_source(key)


def places(*keys: str) -> str:
    """Return the names of options for a message, as their user wrote them: flags, or file keys."""
    ctx = click.get_current_context()
    in_config = [place for key in keys if (place := _place_in_config(ctx, key))]
    set_keys = [key for key in keys if ctx.get_parameter_source(key) != ParameterSource.DEFAULT]
    if in_config and len(in_config) == len(set_keys):
        return ", ".join(in_config)
    return ", ".join(f"--{key.replace('_', '-')}" for key in keys)


def _place_in_config(ctx: click.Context, key: str) -> str | None:
    is_in_config = ctx.get_parameter_source(key) is ParameterSource.DEFAULT_MAP
    return f"{key!r} in {ctx.meta[_CONFIG]}" if is_in_config else None


# --- values --------------------------------------------------------------------------------------


def _require_origins(
    _ctx: click.Context, _parameter: click.Parameter, origins: tuple[str, ...]
) -> tuple[str, ...]:
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            from mock_sendpilot.redaction import redacted_url

            raise click.BadParameter(
                "expected * or an origin such as http://localhost:3000, got "
                f"{redacted_url(origin)!r}"
            )
    return origins


def _parse_rate_limit(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> Any:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.world.limits import parse_rate_limit

    try:
        return None if text is None else parse_rate_limit(text)
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from error


def _parse_chaos(
    _ctx: click.Context, _parameter: click.Parameter, text: str | None
) -> tuple[float, str] | None:
    if text is None:
        return None
    rate_text, _, seed = text.partition(":")
    try:
        rate = float(rate_text)
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= 1:
        raise click.BadParameter(f"expected RATE[:SEED] with a rate from 0 to 1, got {text!r}")
    return rate, seed or secrets.token_hex(4)


# --- options -------------------------------------------------------------------------------------

_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--host": {
        "default": "127.0.0.1",
        "show_default": True,
        "help": "Address to listen on; :: is IPv6 and IPv4. Any but this machine's own requires "
        "API keys of your own, and --control-token or --no-control. Example: --host 0.0.0.0",
    },
    "--port": {
        "default": DEFAULT_PORT,
        "show_default": True,
        "type": Port(0, 65535),
        "help": "Port to listen on; 0 picks a free one. Example: --port 0",
    },
    "--tls": {
        "is_flag": True,
        "help": "Serve https as well, on another port of 127.0.0.1, with a certificate made at the "
        "start; requires the extra `tls`. Example: --tls",
    },
    "--tls-port": {
        "default": 0,
        "show_default": "a free one",
        "type": click.IntRange(0, 65535),
        "help": "Port of --tls. Example: --tls-port 7364",
    },
    "--fixtures": {
        "type": click.Path(exists=True, dir_okay=False, allow_dash=True),
        "metavar": "PATH|-",
        "help": "Seed to start with instead of the demo world; - reads standard input. "
        "Example: --fixtures world.json",
    },
    "--state": {
        "type": click.Path(dir_okay=False),
        "metavar": "PATH",
        "help": "File that keeps the state of every workspace across restarts: read at the start, "
        "if it exists, instead of a seed, and saved every few seconds and at the end. "
        "Example: --state state.json",
    },
    "--empty": {
        "is_flag": True,
        "help": "Start with one empty workspace, with the key YOUR_API_KEY. Example: --empty",
    },
    "--api-key": {
        "metavar": "KEY",
        "callback": require_printable,
        "help": "API key of the workspace instead of YOUR_API_KEY: of --empty, or of the demo "
        "world's first workspace, which is then the only one. "
        "Example: --api-key $(openssl rand -hex 16)",
    },
    "--contract": {
        "default": "documented",
        "show_default": True,
        "metavar": "NAME",
        "help": "Which of the vendor's contradicting documents to follow: documented, example, "
        "schema, live, strict or observed. Example: --contract live",
    },
    "--contract-option": {
        "multiple": True,
        "metavar": "OPTION=VALUE",
        "help": "Set one option of the contract to another value; may be repeated. "
        "Example: --contract-option patch_reply=schema",
    },
    "--webhook": {
        "multiple": True,
        "metavar": "URL[#EVENT,EVENT]",
        "help": "Send the events of every workspace to this URL, or only those named after #; may "
        "be repeated. Example: --webhook http://127.0.0.1:9000/hooks#lead.status.changed",
    },
    "--webhook-secret": {
        "metavar": "SECRET",
        "help": "Signing secret of --webhook, and of endpoints that are added without one, "
        "instead of a new one for each. "
        f"Example: --webhook-secret {EXAMPLE_SECRET}",
    },
    "--webhook-timeout": {
        "default": 30.0,
        "show_default": True,
        "type": click.FloatRange(0.1, 3600),
        "callback": require_finite,
        "help": "Seconds that a receiver has for its response. Example: --webhook-timeout 5",
    },
    "--chaos": {
        "metavar": "RATE[:SEED]",
        "callback": _parse_chaos,
        "help": "Disrupt this share of all webhook deliveries, in a mix drawn from the random seed "
        "after the colon, or from a new one, which is printed. Example: --chaos 0.2:42",
    },
    "--rate-limit": {
        "metavar": "COUNT/WINDOW",
        "callback": _parse_rate_limit,
        "help": "Number of requests that each API key may make in a window; others get a 429. "
        "Example: --rate-limit 60/min",
    },
    "--random-seed": {
        "metavar": "TEXT",
        "help": "Make ids and secrets the same at every start. Example: --random-seed 42",
    },
    "--allowed-host": {
        "multiple": True,
        "metavar": "NAME",
        "help": "Another name that clients call this server by (the Host header); may be repeated; "
        "* allows any. Example: --allowed-host sendpilot.staging.internal",
    },
    "--cors-origin": {
        "multiple": True,
        "metavar": "ORIGIN",
        "callback": _require_origins,
        "help": "Let pages of this origin call the vendor's API; may be repeated; * allows any. "
        "Example: --cors-origin http://localhost:3000",
    },
    "--control-token": {
        "metavar": "TOKEN",
        "callback": require_printable,
        "help": "Require this token (Authorization: Bearer) on /_emulate. "
        "Example: --control-token $(openssl rand -hex 16)",
    },
    "--no-control": {
        "is_flag": True,
        "help": "Do not serve the control API, /_emulate. Example: --no-control",
    },
    "--no-dashboard": {
        "is_flag": True,
        "help": "Do not serve the dashboard, the page at /. Example: --no-dashboard",
    },
    "--log-level": {
        "default": "info",
        "show_default": True,
        "type": click.Choice(LOG_LEVELS),
        "help": "Lowest level to log on standard error; info has a line for each request and each "
        "attempt. Example: --log-level warning",
    },
    "--log-format": {
        "default": "text",
        "show_default": True,
        "type": click.Choice(LOG_FORMATS),
        "help": "Format of the log: text for people, or json, an object a line with date and time "
        "in UTC. Example: --log-format json",
    },
    "--exit-with-parent": {
        "is_flag": True,
        "help": "Stop when the process that has started the server is gone, even if it was killed; "
        "not on Windows. Example: --exit-with-parent",
    },
    "--show-secrets": {
        "is_flag": True,
        "help": "Print keys and signing secrets in full. Without it they are cut short unless "
        "standard output is a terminal, to keep them out of logs. Example: --show-secrets",
    },
    "--json": {
        "is_flag": True,
        "help": "Print one line of JSON instead of the banner, with keys and secrets. "
        "Example: --json",
    },
}

KEYS = tuple(flag.lstrip("-").replace("-", "_") for flag in _OPTIONS)
"""The keys of a config file."""


def start_options(
    command: Command,
    *,
    without: Collection[str] = (),
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> Command:
    """Give a command the options of `start`, each with its environment variable.

    Args:
        command: gets them.
        without: keys of options that it does not get; a config file may have them all the same.
        defaults: other defaults, by key.
    """
    # The last decorator is the first option of the help, hence the reverse order.
    for key, (flag, settings) in reversed(list(zip(KEYS, _OPTIONS.items(), strict=True))):
        if key in without:
            continue
        variable = f"{ENV_PREFIX}{key.upper()}"
        own = {"default": defaults[key]} if key in defaults else {}
        option = click.option(flag, key, envvar=variable, show_envvar=True, **{**settings, **own})
        command = option(command)
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar=f"{ENV_PREFIX}CONFIG",
        show_envvar=True,
        is_eager=True,  # before the others: it sets their defaults
        expose_value=False,
        callback=_read_config,
        help="TOML or JSON file with these options, named without the dashes "
        "(contract_option, log_level). Example: --config mock-sendpilot.toml",
    )(command)


# --- the config file -----------------------------------------------------------------------------


def _read_config(ctx: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    config = {key.replace("-", "_"): value for key, value in _parse_config(path).items()}
    for key in config:
        if key not in KEYS:
            from mock_sendpilot.suggestions import did_you_mean

            guess = did_you_mean(key, KEYS)
            expected = ", ".join(KEYS)
            raise click.UsageError(
                f"{path}: unknown option {key!r}; {guess}expected one of: {expected}"
            )
    ctx.meta[_CONFIG] = path
    ctx.default_map = {key: _option_value(key, value, path) for key, value in config.items()}


def _parse_config(path: Path) -> dict[str, Any]:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.json_text import as_utf8

    try:
        content = as_utf8(path.read_bytes())
        config = orjson.loads(content) if path.suffix == ".json" else _parse_toml(content.decode())
    except (OSError, ValueError, RecursionError, InvalidInput) as error:
        raise click.UsageError(f"{path}: cannot be read as TOML or JSON: {error}") from error
    if not isinstance(config, dict):
        raise click.UsageError(f"{path}: expected an object of options, got {_type_name(config)}")
    return config


def _parse_toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    config: dict[str, Any] = tomllib.loads(text)
    return config


def _option_value(key: str, value: Any, path: Path) -> Any:
    """Return a value of the file as the flag has it, for click to convert and check.

    It is a list if the flag is repeatable. No message has the value: it may be a secret.
    """
    settings = _OPTIONS[f"--{key.replace('_', '-')}"]
    if settings.get("multiple"):
        if isinstance(value, dict):  # such as the table [contract_option]
            value = [f"{name}={one}" for name, one in value.items()]
        texts = value if isinstance(value, list) else [value]
        for text in texts:
            if not isinstance(text, str):
                raise _unexpected_type(key, "texts", text, path)
            _require_no_nul(key, text, path)
        return texts
    if settings.get("is_flag"):
        if not isinstance(value, bool):
            raise _unexpected_type(key, "true or false", value, path)
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _unexpected_type(key, "one value", value, path)
    _require_no_nul(key, str(value), path)
    # A path is relative to the file that has it.
    is_path = key in {"fixtures", "state"} and value != "-"
    return str(path.parent / str(value)) if is_path else str(value)


def _unexpected_type(key: str, expected: str, value: object, path: Path) -> click.UsageError:
    return click.UsageError(f"{path}: {key!r}: expected {expected}, got {_type_name(value)}")


def _type_name(value: object) -> str:
    names = {dict: "a table", list: "an array", str: "a text", bool: "a boolean"}
    numbers = {int: "a number", float: "a number", type(None): "null"}
    return {**names, **numbers}.get(type(value), "a date")


def _require_no_nul(key: str, text: str, path: Path) -> None:
    if "\0" in text:
        raise click.UsageError(f"{path}: {key!r} must not contain the character NUL")
