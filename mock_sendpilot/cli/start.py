"""`mock-sendpilot start`: the server, until it is told to stop."""

import gc
import logging
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from mock_sendpilot.cli.log import log_to_stderr, write_line
from mock_sendpilot.cli.options import (
    PREFIX,
    ConfigurableCommand,
    is_terminal,
    places,
    source_of,
    start_options,
)

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract
    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed

_STOP_SECONDS = 0.5  # for requests at work; what is sent to receivers gets half of it
# A full collection looks at every object, which stops all callers for 60 ms with a full event log.
# What the server drops is freed by reference counts; the rare cycle, such as of an exception that
# its own traceback holds, is found young.
_COLLECTOR_THRESHOLDS = (2_000, 20, 1_000)
_logger = logging.getLogger(__name__)


@click.command(
    cls=ConfigurableCommand,
    epilog="\b\nExamples:\n"
    "  mock-sendpilot start --port 0 --json\n"
    "  mock-sendpilot start --webhook http://127.0.0.1:9000/hooks --contract live",
)
@start_options
def start(**options: Any) -> None:
    """Start the server and serve until Ctrl+C or SIGTERM."""
    from mock_sendpilot.cli.stopping import Told, raise_when_told

    log = log_to_stderr(options["log_level"], as_json=options["log_format"] == "json")
    emulator, server = _ready_to_serve(options)
    banner = _banner(server, as_json=options["json"], shows_secrets=options["show_secrets"])
    # Signals end the process at once until here: nothing has to be cleaned up, and an exception in
    # the middle of an import may crash it.
    try:
        raise_when_told()
        try:
            _serve(server, banner)
        finally:
            _end(emulator, server)
    except Told:
        pass
    log.finish()


def _ready_to_serve(options: dict[str, Any]) -> "tuple[Emulator, EmulatorServer]":
    """Everything made and checked, the port open; or the end of the process with a reason."""
    from mock_sendpilot.errors import SendPilotError

    try:
        emulator = _emulator(options)
    except SendPilotError as error:
        _fail(*getattr(error, "problems", (error.message,)))
    except OSError as error:
        where = f"{options['fixtures']} ({places('fixtures')})"
        _fail(f"cannot read {where}: {_reason(error)}")
    try:
        return emulator, _server(emulator, options)
    except SendPilotError as error:
        _fail(error.message)
    except (OSError, UnicodeError) as error:
        where = f"{options['host']}:{options['port']}"
        _fail(f"cannot listen on {where}: {_reason(error)}; another port may be free: --port 0")


def _banner(server: "EmulatorServer", *, as_json: bool, shows_secrets: bool) -> str:
    from mock_sendpilot.cli import banner  # flask only where a server is started

    if as_json:
        return banner.as_json(server)
    return banner.as_text(server, shows_secrets=shows_secrets or is_terminal())


def _serve(server: "EmulatorServer", banner: str) -> None:
    gc.freeze()  # code and the seed stay to the end
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)
    server.start()
    write_line(banner)
    while True:
        time.sleep(1)  # a signal ends it by raising


def _end(emulator: "Emulator", server: "EmulatorServer") -> None:
    server.stop(timeout_seconds=_STOP_SECONDS)
    pending = emulator.pending_count
    emulator.close(timeout_seconds=_STOP_SECONDS / 2)
    _logger.info("stopped; deliveries still pending: %d", pending)


def _emulator(options: dict[str, Any]) -> "Emulator":
    from mock_sendpilot.contracts.contract import named_contract
    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.errors import InvalidInput

    contract_options = [_contract_option(text) for text in options["contract_option"]]
    try:
        contract = named_contract(options["contract"], contract_options)
    except InvalidInput as error:
        raise click.UsageError(f"{places('contract', 'contract_option')}: {error}") from error
    emulator = Emulator(
        contract=contract,
        random_seed=options["random_seed"],
        timeout_seconds=options["webhook_timeout"],
        rate_limit=options["rate_limit"],
    )
    emulator.load(_seeds(options, contract), endpoints=_endpoints(options, emulator))
    if options["chaos"] is not None:
        rate, seed = options["chaos"]
        for workspace in emulator.workspaces():
            emulator.outbox(workspace).disruptions.arm_chaos(seed, rate=rate)
    return emulator


def _server(emulator: "Emulator", options: dict[str, Any]) -> "EmulatorServer":
    from mock_sendpilot.server import EmulatorServer

    return EmulatorServer(
        emulator,
        host=options["host"],
        port=options["port"],
        allowed_hosts=options["allowed_host"],
        cors_origins=options["cors_origin"],
        control_token=options["control_token"],
        has_control=not options["no_control"],
    )


def _seeds(options: dict[str, Any], contract: "Contract") -> "list[WorkspaceSeed]":
    from mock_sendpilot.control.seed_file import demo_text, empty_seed, parse_seed
    from mock_sendpilot.scheduling.clock import SystemClock
    from mock_sendpilot.world.models import ApiKey

    own_key: str | None = options["api_key"]
    if options["empty"]:
        if options["fixtures"]:
            raise click.UsageError(f"{places('empty', 'fixtures')} exclude each other")
        return [empty_seed(own_key) if own_key else empty_seed()]
    text = read_fixtures(options["fixtures"]) if options["fixtures"] else demo_text()
    seeds = parse_seed(text, now=SystemClock().now(), default_contract=contract)
    known_keys = {key.key for seed in seeds for key in seed.api_keys}
    if own_key is None or own_key in known_keys:
        return seeds
    if not options["fixtures"]:  # the other workspaces of the demo have keys that everybody knows
        return [replace(seeds[0], api_keys=(ApiKey(key=own_key),))]
    if source_of("api_key") is not ParameterSource.ENVIRONMENT:
        where = places("api_key", "fixtures")
        raise click.UsageError(f"{where} exclude each other: the keys stand in the seed")
    _logger.warning(  # and no more: the other commands have the same variable
        "%sAPI_KEY opens no workspace here: the keys stand in the seed of --fixtures", PREFIX
    )
    return seeds


def read_fixtures(path: str) -> bytes:
    """The bytes of a fixtures file; `-` is standard input."""
    if path != "-":
        return Path(path).read_bytes()
    if sys.stdin is None:
        raise click.UsageError("standard input is closed")
    return sys.stdin.buffer.read()


def _contract_option(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--contract-option must be OPTION=VALUE, not {text!r}")
    return key, value


def _endpoints(options: dict[str, Any], emulator: "Emulator") -> "list[EndpointSeed]":
    """One endpoint seed for each --webhook; the secret is the same in every workspace."""
    from mock_sendpilot.world.seed import EndpointSeed

    if options["webhook_secret"] and not options["webhook"]:
        raise click.UsageError("--webhook-secret is of no use without --webhook")
    seeds = []
    for text in options["webhook"]:
        url, _, events = text.partition("#")
        secret = options["webhook_secret"] or emulator.new_secret()
        types = tuple(name.strip() for name in events.split(",") if name.strip()) or None
        _check_webhook(url, secret, types, emulator.contract)
        seeds.append(EndpointSeed(url=url, secret=secret, event_types=types))
    return seeds


def _check_webhook(
    url: str, secret: str, types: tuple[str, ...] | None, contract: "Contract"
) -> None:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.webhooks.endpoints import check_endpoint

    names = None if types is None else map(contract.own_event_type, types)
    try:
        check_endpoint(contract, url=url, secret=secret, event_types=names)
    except InvalidInput as error:
        raise click.UsageError(f"{places('webhook', 'webhook_secret')}: {error}") from error


def _reason(error: Exception) -> str:
    """What the system says, without the address that Python adds to it."""
    number = getattr(error, "errno", None)
    known = os.strerror(number) if isinstance(number, int) and number > 0 else ""
    return known if known and "Unknown" not in known else str(error)


def _fail(*problems: str) -> NoReturn:
    for problem in problems:
        click.echo(f"mock-sendpilot: {problem}", err=True)
    sys.exit(1)
