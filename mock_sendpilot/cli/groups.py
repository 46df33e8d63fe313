"""Command groups: one imports each command when it is called, so that starting pays for one."""

import errno
import io
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NoReturn

import click

# No reader, a full disk, a file of the largest size, a broken device, a closed descriptor, a quota.
_OUTPUT_ERRORS = (errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF, errno.EDQUOT)


class Group(click.Group):
    """A group that suggests the nearest command for an unknown one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names, or refuse it with a suggestion."""
        name = args[0]
        # Parsing is resilient while a shell completes a command: then nothing may fail.
        is_option = name.startswith("-")
        if not is_option and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            from mock_sendpilot.suggestions import did_you_mean

            guess = did_you_mean(name, self.list_commands(ctx)).strip().capitalize()
            ctx.fail(f"No such command {name!r}. {guess}".strip())
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group that imports a command when it is called.

    Args:
        modules: the module of each command by its name; the module holds the command under the
            same name, with `_` for `-`, or with `_command` after it if Python has that name.
    """

    def __init__(self, *, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.modules = modules

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; one whose output cannot be written ends with a reason."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Characters that the terminal's encoding lacks are written as escapes.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().main(*args, **options)
        except OSError as error:
            exit_on_output_error(error)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a command; the message of its refusal is printed without secrets."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            from mock_sendpilot.redaction import redacted

            error.message = redacted(error.message)  # type: ignore[misc]
            raise

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(self.modules)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of that name; None if there is none."""
        if cmd_name not in self.modules:
            return None
        module, name = import_module(self.modules[cmd_name]), cmd_name.replace("-", "_")
        command: click.Command = getattr(module, name, None) or getattr(module, f"{name}_command")
        return command


def exit_on_output_error(error: OSError) -> NoReturn:
    """Exit with 1: quietly when the reader of the output is gone, else with the reason.

    Raises:
        OSError: the same one, if it is not about the output.
    """
    if error.errno not in _OUTPUT_ERRORS:
        raise error
    sys.stdout = None  # or Python flushes it at exit, and fails again
    if error.errno != errno.EPIPE:
        try:
            click.echo(f"mock-sendpilot: cannot write the output: {error.strerror}", err=True)
        except OSError:
            sys.stderr = None  # as above; Python's own exit code for that would be 120
    sys.exit(1)
