"""The help of every command, and what is expected to who mistypes one."""

import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.webhooks.disruption_kinds import KINDS

OTHERS = {"check-receiver"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="mock-sendpilot", terminal_width=80)


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command that is no group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


GROUPS = sorted({path[:-1] for path in commands() if path[:-1]})
COMMANDS = [words_ for words_ in commands() if words_[0] not in OTHERS]


def command_of(path: tuple[str, ...]) -> click.Command:
    found: click.Command | None = main
    for name in path:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), name)
    assert found is not None
    return found


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_of_every_command_has_an_example(path: tuple[str, ...]) -> None:
    options = [one for one in command_of(path).params if isinstance(one, click.Option)]
    examples = {
        option.opts[0]: re.search(r"Example: (--[\w-]+)", option.help or "") for option in options
    }

    assert {flag: found and found[1] for flag, found in examples.items()} == {
        flag: flag for flag in examples
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_examples_a_line_each(path: tuple[str, ...]) -> None:
    lines = run(*path, "--help").stdout.splitlines()
    starts = [number for number, line in enumerate(lines) if re.match(r"  Examples?:", line)]
    assert starts, f"Give the command an epilog: Example: mock-sendpilot {' '.join(path)}"
    first = starts[0]
    text = "\n".join(lines[first:])
    examples = re.findall(rf"mock-sendpilot {' '.join(path)}\b", text)

    assert examples
    assert " | " not in text
    if len(examples) > 1 or "Examples:" in text:
        assert len(lines) - first == len(examples) + 1


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_the_summary_of_a_command_is_a_sentence(name: str) -> None:
    assert command_of((name,)).get_short_help_str(limit=200).endswith(".")


@pytest.mark.parametrize("path", [(), *GROUPS], ids=" ".join)
def test_no_summary_is_cut_at_80_columns(path: tuple[str, ...]) -> None:
    # click leaves two columns of a terminal free.
    result = CliRunner().invoke(main, [*path, "--help"], terminal_width=78)
    summaries = result.stdout.partition("\nCommands:\n")[2].splitlines()

    assert summaries
    assert [line for line in summaries if line.endswith("...")] == []


def test_the_help_of_disrupt_explains_every_kind_with_its_options() -> None:
    lines = run("disrupt", "--help").stdout.splitlines()
    first, last = lines.index(""), lines.index("Options:")
    table = " ".join(" ".join(lines[first:last]).split())

    for name, kind in KINDS.items():
        about = table.partition(f" {name} ")[2]
        for key, option in kind.options.items():
            assert key == "attempts" or f"--{key}" in about.partition(")")[0]
            assert key == "attempts" or f"{option.default:.0f}" in about.partition(")")[0]
    assert " chaos is disrupted in any of these ways" in table


def test_the_help_of_disrupt_fits_a_terminal() -> None:
    lines = run("disrupt", "--help").stdout.splitlines()

    assert lines[0] == "Usage: mock-sendpilot disrupt [OPTIONS] KIND"
    assert [line for line in lines if len(line) > 84] == []


def test_the_help_of_trigger_lists_the_12_events_with_their_options() -> None:
    text = run("trigger", "--help").stdout
    rows = dict(re.findall(r"^    (\S+)  +(--\w+)$", text, flags=re.MULTILINE))

    assert tuple(rows) == named_contract("documented").event_types
    assert rows["lead.status.changed"] == rows["message.received"] == "--lead"
    assert rows["campaign.finished"] == "--campaign"
    assert rows["lead_database.search.completed"] == "--job"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["triger"], "No such command 'triger'. Did you mean 'trigger'?", id="command"),
        pytest.param(["delivery"], "Did you mean 'deliveries'?", id="plural"),
        pytest.param(["events", "shwo"], "Did you mean 'show'?", id="in a group"),
        pytest.param(["xyz"], "No such command 'xyz'.\n", id="nothing near"),
        pytest.param(["serve"], "No such command 'serve'.\n", id="not near enough"),
        pytest.param(["leads"], "No such command 'leads'.\n", id="a word of the API"),
        pytest.param(["disrupt", "dup"], "did you mean 'duplicate'?", id="beginning of a kind"),
        pytest.param(["simulate", "accept", "x"], "mean 'accept_connection'?", id="first part"),
        pytest.param(["disrupt", "duplicat"], "did you mean 'duplicate'?", id="kind"),
        pytest.param(
            ["disrupt", "chaos", "--chaos-kind", "drp"], "did you mean 'drop'?", id="of chaos"
        ),
        pytest.param(
            ["disrupt", "chaos", "--chaos-kind", "chaos"], "expected duplicate,", id="itself"
        ),
        pytest.param(["simulate", "repyl", "lead_1"], "did you mean 'reply'?", id="action"),
        pytest.param(["deliveries", "list", "--state", "drop"], "mean 'dropped'?", id="state"),
    ],
)
def test_a_misspelled_word_is_refused_with_a_suggestion(arguments: list[str], reason: str) -> None:
    result = run(*arguments)

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr


def test_a_suggestion_does_not_list_all_kinds() -> None:
    assert "wrong_content_type" not in run("disrupt", "duplicat").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["deliveries", "show", ""],
        ["deliveries", "list", "--endpoint", ""],
        ["deliveries", "list", "--lead", ""],
        ["disrupt", "drop", "--endpoint", ""],
        ["disrupt", "drop", "--event", ""],
        ["disruptions", "remove", ""],
        ["disruptions", "remove", " "],
        ["endpoints", "show", ""],
        ["endpoints", "disable", ""],
        ["endpoints", "enable", ""],
        ["endpoints", "rotate-secret", ""],
        ["endpoints", "test", ""],
        ["endpoints", "delete", ""],
        ["endpoints", "add", "http://127.0.0.1:9/", "--event", ""],
        ["events", "show", ""],
        ["events", "list", "--lead", ""],
        ["events", "list", "--event", ""],
        ["listen", "--forward-to", "http://127.0.0.1:9/", "--event", ""],
        ["resend", ""],
        ["simulate", "reply", ""],
        ["simulate", "reply", "lead_1", "--sender", ""],
        ["trigger", ""],
        ["trigger", "message.sent", "--lead", ""],
        ["wait", "--after", ""],
        ["wait", "--event", ""],
    ],
    ids=" ".join,
)
def test_an_empty_id_is_exit_code_2(arguments: list[str]) -> None:
    result = run(*arguments)

    assert (result.exit_code, "must not be empty" in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["disrupt", "chaos", "--rate"],
        ["disrupt", "delay", "--seconds"],
        ["endpoints", "add", "http://127.0.0.1:9/", "--retry-delay"],
        ["endpoints", "add", "http://127.0.0.1:9/", "--timeout"],
        ["ready", "--wait"],
        ["start", "--webhook-timeout"],
        ["wait", "--timeout"],
    ],
    ids=lambda arguments: " ".join(arguments[:1] + arguments[-1:]),
)
def test_a_number_that_is_not_finite_is_exit_code_2(arguments: list[str], number: str) -> None:
    result = run(*arguments, number)

    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[-1]}'" in result.stderr
    assert f"finite number, got {number}" in result.stderr or "is not in the range" in result.stderr


def test_nan_is_refused_as_not_finite() -> None:
    assert "expected a finite number, got nan" in run("wait", "--timeout", "nan").stderr
