"""`mock-sendpilot replay`: replay a file of evidence."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_sendpilot.cli.explore import checked_probe
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.options import (
    json_option,
    receiver_secret_option,
    url_problem,
    without_problem,
)

if TYPE_CHECKING:
    from mock_sendpilot.evidence.comparing import Difference
    from mock_sendpilot.evidence.replaying import Replay

_MAX_ROWS = 20


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot replay evidence/test_shop.py-test_a_lead-1f0c2a9b.html\n"
    "  mock-sendpilot replay found.html --url http://127.0.0.1:9000/webhooks --probe leads.sh",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--url",
    metavar="URL",
    callback=without_problem(url_problem),
    help="Send every webhook to this receiver, instead of responding as recorded. Example: "
    "--url http://127.0.0.1:9000/webhooks",
)
@receiver_secret_option(required=False)
@click.option(
    "--probe",
    metavar="URL|COMMAND",
    callback=checked_probe,
    help="For a schedule of explore: a URL or command that returns your app's view of its "
    "leads. Example: --probe http://127.0.0.1:9000/leads",
)
@json_option
def replay(*, file: Path, url: str | None, secret: str | None, probe: Any, as_json: bool) -> None:
    """Replay a file of evidence, and compare the results.

    FILE is an HTML file of pytest's --sendpilot-artifacts, of sendpilot.save_evidence, or of
    explore --artifacts. Its requests and calls are repeated in an emulator with the same contents,
    contract, clock and random seed. Responses, events and attempts are compared with the file. No
    server is needed.

    Exit codes: 0 everything is as recorded, 1 something differs, 2 the file cannot be read or
    replayed. For a schedule of explore: 0 the app agrees now, 1 it does not.
    """
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.evidence.files import read

    try:
        document = read(file)
        if "exploration" in document:
            _replay_exploration(file, document, url, probe, secret, as_json=as_json)
        else:
            _replay_workspaces(document, url, secret, as_json=as_json)
    except InvalidInput as error:
        raise click.UsageError(str(error)) from error


def _replay_workspaces(
    document: dict[str, Any], url: str | None, secret: str | None, *, as_json: bool
) -> None:
    from mock_sendpilot.evidence.replaying import replay_document

    replays = replay_document(document, url=url, secret=secret)
    is_same = all(one.is_same for _, one in replays)
    if as_json:
        print_json({"same": is_same, "workspaces": [_json(*pair) for pair in replays]})
    else:
        for label, one in replays:
            _print(label, one)
    if not is_same:
        sys.exit(1)


def _json(label: str, replay: "Replay") -> dict[str, Any]:
    return {
        "label": label,
        "same": replay.is_same,
        "requests": replay.request_count,
        "events": replay.event_count,
        "attempts": replay.attempt_count,
        "differences": [one.as_json() for one in replay.differences],
    }


def _print(label: str, replay: "Replay") -> None:
    counts = ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in (
            (replay.request_count, "request"),
            (replay.event_count, "event"),
            (replay.attempt_count, "attempt"),
        )
    )
    if replay.is_same:
        click.echo(f"{_printable(label)}: as recorded ({counts})")
        return
    count = len(replay.differences)
    noun = "difference" if count == 1 else "differences"
    click.echo(f"{_printable(label)}: {count} {noun} ({counts})")
    for line in _table(replay.differences[:_MAX_ROWS]):
        click.echo(_printable(line))
    if count > _MAX_ROWS:
        click.echo(f"  {count - _MAX_ROWS} more; --json has all of them")


def _printable(text: str) -> str:
    """Return a text that cannot control the terminal: a file may come from anybody."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _table(differences: "tuple[Difference, ...]") -> list[str]:
    where = None
    lines = []
    for one in differences:
        if one.where != where:
            where = one.where
            lines.append(f"  {where}")
        lines.append(f"    {one.field}: recorded {one.recorded}, now {one.replayed}")
    return lines


def _replay_exploration(
    file: Path,
    document: dict[str, Any],
    url: str | None,
    probe: Any,
    secret: str | None,
    *,
    as_json: bool,
) -> None:
    from mock_sendpilot.cli.explore import require_answers
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.testing.standalone import explore

    if url is None or probe is None:
        raise InvalidInput(
            f"{file} has a schedule that explore has found: pass the receiver with --url, and "
            "--probe"
        )
    require_answers(url, probe, 2.0)
    exploration = explore(
        url, probe=probe, secret=secret, contract=document["exploration"]["contract"], replay=file
    )
    if as_json:
        print_json(exploration.as_json())
    elif exploration.found is None:
        click.echo("it ends well now")
    else:
        click.echo(str(exploration))
    if exploration.found is not None:
        sys.exit(1)
