"""The options of `start`: flags before environment variables before the config file."""

import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

PREFIX = "MOCK_SENDPILOT_"
LOG_LEVELS = ("debug", "info", "warning", "error")

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "--host": (
        (
            "Address to listen on. Example: --host 0.0.0.0 (asks for keys of your own and for "
            "--control-token or --no-control)"
        ),
        {"default": "127.0.0.1", "show_default": True},
    ),
    "--port": (
        "Port to listen on; 0 takes a free one. Example: --port 0",
        {"default": 7363, "show_default": True, "type": click.IntRange(0, 65535)},
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
    "--contract": (
        (
            "Which of the vendor's contradicting documents to follow: documented, example, schema, "
            "or live. Example: --contract live"
        ),
        {"default": "documented", "show_default": True, "metavar": "NAME"},
    ),
    "--contract-set": (
        (
            "Set one point of the contract to another reading; may be repeated. "
            "Example: --contract-set patch_reply=schema"
        ),
        {"multiple": True, "metavar": "POINT=CHOICE"},
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
        {"default": 30.0, "show_default": True, "type": click.FloatRange(0.1, 3600)},
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
        {"multiple": True, "metavar": "ORIGIN"},
    ),
    "--control-token": (
        (
            "Ask for this token (Authorization: Bearer) on /_emulate. "
            "Example: --control-token $(openssl rand -hex 16)"
        ),
        {"metavar": "TOKEN"},
    ),
    "--no-control": ("Leave /_emulate out. Example: --no-control", {"is_flag": True}),
    "--log-level": (
        (
            "How much to log on standard error; info is a line for each request and each attempt. "
            "Example: --log-level warning"
        ),
        {"default": "info", "show_default": True, "type": click.Choice(LOG_LEVELS)},
    ),
    "--json": (
        "Print one line of JSON instead of the banner. Example: --json",
        {"is_flag": True, "expose_value": True},
    ),
}

KEYS = tuple(flag.lstrip("-").replace("-", "_") for flag in _OPTIONS)
"""What a config file may hold."""


def start_options(command: Command) -> Command:
    """Give a command all options of `start`, each with its environment variable."""
    for flag, (text, settings) in reversed(_OPTIONS.items()):
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
        "(contract_set, log_level). Example: --config mock-sendpilot.toml",
    )(command)


def wants_colour() -> bool | None:
    """False where NO_COLOR is set, else None: click looks whether a person is there."""
    return False if os.environ.get("NO_COLOR") else None


def _read_config(ctx: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    found = {key.replace("-", "_"): value for key, value in _parsed(path).items()}
    for key in found:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            known = ", ".join(KEYS)
            raise click.UsageError(f"{path}: unknown option {key!r}.{guess} Known are: {known}")
    ctx.default_map = {key: _plain(key, value, path) for key, value in found.items()}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".json":
            found = orjson.loads(path.read_bytes())
        else:
            found = _toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.UsageError(f"{path}: cannot be read as TOML or JSON: {error}") from error
    if not isinstance(found, dict):
        raise click.UsageError(f"{path}: must hold an object of options")
    return found


def _toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - only those with a TOML file pay for it
    else:
        import tomli as tomllib  # noqa: PLC0415
    found: dict[str, Any] = tomllib.loads(text)
    return found


def _plain(key: str, value: Any, path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """A value as the flag takes it: a list where it is repeatable, a path from here."""
    if isinstance(value, dict):  # such as the table [contract_set]
        return [f"{name}={choice}" for name, choice in value.items()]
    if _OPTIONS[f"--{key.replace('_', '-')}"][1].get("multiple"):
        return value if isinstance(value, list) else [value]
    if isinstance(value, list):
        raise click.UsageError(f"{path}: {key!r} takes one value, not a list")
    if key == "fixtures" and value != "-":
        return str(path.parent / str(value))
    return value
