"""`mock-sendpilot wait`: until nothing is being sent or due, for scripts."""

import sys
from http import HTTPStatus

import click
import orjson

from mock_sendpilot.cli.control import Server, ask, control_options


@click.command(epilog="Example: mock-sendpilot wait --timeout 10 && ./check-what-my-app-did")
@click.option(
    "--timeout",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0, 60),
    metavar="SECONDS",
    help="How long to wait at most. Example: --timeout 10",
)
@click.option("--json", "wants_json", is_flag=True, help="Print the answer as JSON.")
@control_options
def wait(timeout: float, wants_json: bool, server: Server) -> None:
    """Exit with 0 when nothing is at work or due any more, with 1 if it is not so in time.

    What is due later, such as a retry, does not count: see clock advance.
    """
    body = {"idle": True, "timeoutSeconds": timeout}
    answer = ask(server, "POST", "/wait", body, accepted=(HTTPStatus.CONFLICT,))
    if wants_json:
        click.echo(orjson.dumps(answer).decode())
    else:
        stands = ", frozen" if answer["frozen"] else ""
        text = f"{'idle' if answer['idle'] else 'not idle'} at {answer['now']}{stands}"
        click.echo(f"{text}; next: {answer['nextDueAt'] or 'nothing'}", err=not answer["idle"])
    sys.exit(0 if answer["idle"] else 1)
