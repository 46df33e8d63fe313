"""Makes `docs/reference/command-line.md`."""

from collections.abc import Iterator

import click

from mock_sendpilot.cli import main

_HEAD = """\
# Command line

`mock-sendpilot` and `python -m mock_sendpilot` are the same command. Many options can also be set
by an environment variable, named in brackets. [Settings](settings.md) describes the options of
`mock-sendpilot start`.

- **Exit codes**: 0 success, 1 failure, 2 a wrong command line.
- **Output**: results go to standard output, notes and errors to standard error. `--json` prints
  JSON. Colors appear on a terminal only, and never if `NO_COLOR` is set.
- **Servers**: commands that talk to a server use `http://127.0.0.1:7363` and the workspace of
  `YOUR_API_KEY`, unless `--url` and `--api-key` say otherwise. `--url` takes `https://`, too. For
  certificates of your own, set `REQUESTS_CA_BUNDLE` or `SSL_CERT_FILE`.

This page is generated from the help of each command.
"""
_WIDTH = 100


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, *_sections(main, "mock-sendpilot", None)])


def _sections(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    # click keeps the help option of the first context, which a test may have made without a parent.
    vars(command).update(_help_option=None)
    context = command.make_context(
        name, [], parent=parent, resilient_parsing=True, terminal_width=_WIDTH
    )
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            subcommand = command.get_command(context, each)
            assert subcommand is not None
            yield from _sections(subcommand, each, context)
