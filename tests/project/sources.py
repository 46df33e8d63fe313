"""The source files of the project, parsed once, and the violations found in them."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, order=True)
class Violation:
    """A line that breaks a rule of the project, and how to mend it."""

    path: str
    line: int
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.found}. {self.remedy}"


@dataclass(frozen=True)
class Source:
    """A Python file; its name is its path below the root of the project, with slashes."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def module(self) -> str:
        """Its path below its first folder: `world/store.py`."""
        return self.name.partition("/")[2]

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def running_nodes(self) -> tuple[ast.AST, ...]:
        """Every node but those that only a type checker reads."""
        return tuple(_running(self.tree))

    def violation(self, line: int, found: str, remedy: str) -> Violation:
        return Violation(self.name, line, found, remedy)


def sources(folder: str) -> tuple[Source, ...]:
    """The Python files below a folder of the project."""
    return tuple(
        Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / folder).rglob("*.py"))
    )


def fail_for(violations: Iterable[Violation]) -> None:
    """Fail the test with a line for each violation, if there is any."""
    lines = [str(violation) for violation in sorted(set(violations))]
    if lines:
        pytest.fail("\n".join([f"{len(lines)} violations:", *lines]), pytrace=False)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _running(child)
