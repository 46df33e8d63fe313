"""Groups of commands: one of them imports each command when it is called; starting pays for one."""

import io
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class Group(click.Group):
    """A group that guesses which command was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names, or the nearest one in the refusal."""
        name = args[0]
        is_option = name.startswith("-")
        if not is_option and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            from mock_sendpilot.suggestions import nearest_word

            near = nearest_word(name, self.list_commands(ctx))
            guess = f" Did you mean {near!r}?" if near else ""
            ctx.fail(f"No such command {name!r}.{guess}")
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group whose commands are named by the modules they are in.

    Args:
        modules: from the name of a command to its module, which holds it under the same name (with
            `_` for `-`).
    """

    def __init__(self, *, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._modules = modules

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; an output that cannot be written ends it in words."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            # What a terminal's encoding lacks is written as an escape.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().main(*args, **options)
        except OSError as error:
            from mock_sendpilot.cli.output import end_for

            end_for(error)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a command; what it is refused for is printed without secrets."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            from mock_sendpilot.redaction import redacted

            error.message = redacted(error.message)  # type: ignore[misc]
            raise

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(self._modules)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None if there is none."""
        module = self._modules.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(module), cmd_name.replace("-", "_"))
        return command
