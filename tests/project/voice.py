"""The words of the project: what its names and texts do not use, and what they use instead.

`python -m tests.project.voice [PATH...]` prints every line that breaks a rule; each path is the
beginning of file names, such as `mock_sendpilot/webhooks`.
"""

import ast
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from io import StringIO
from pathlib import PurePath

from tests.project.sources import ROOT, Source, Violation, sources

PHRASES: Mapping[str, str] = {
    r"(is|are|was|were) there(?! (an?|any|no|not|nothing|something)\b)": "exists, is present",
    r"contract('s)? (points?|readings?|choices?|modes?|profiles?)": "contract option, value",
    r"agendas?": "task queue",
    r"anew": "again",
    r"announc(e|es|ed|ing|ers?)": "publish, send, write",
    r"at work": "running",
    r"bears?": "has, carries",
    r"befall(s|en)?|befell": "happens to",
    r"besides": "also, except",
    r"callbacks?|(?<!commit )(?<!pytest )hooks?": "webhook, receiver",
    r"couriers?": "runner",
    r"fates?": "behavior",
    r"notifications?": "event, webhook",
    r"points? of (choice|the contract)": "contract option",
    r"scenarios?|stubs?": "fault",
    r"such as (is|are)": "for example",
    r"tally|tallies": "counters",
    r"tenants?": "workspace",
    r"timekeepers?": "scheduler",
    r"wip(e|ed|es|ing)": "reset",
}
"""Phrases of docstrings, comments, messages, documents and names of tests."""

NAMES: Mapping[str, str] = {
    r"(.*_)?(agenda|announcer?|befalls?|besides|courier|tally|telling|timekeeper)(_.*)?": (
        "the standard term"
    ),
    r"(.*_)?(fates?|walks?)": "behavior, enroll",
    r"(.*_)?(told|shown|given)|_?seen": "a noun of the field: response, text, value",
    r"_?(tell|told|ask)(_.*)?": "request, print, or a noun",
    r"(.*_)?within(_.*)?": "timeout",
    r"_?go_on|_?what_.*": "a verb with its object",
    r"_?insist_on_.*": "_require_…",
    r"visit": "session",
}
"""Names of files, functions, classes, parameters and variables, in snake case."""

VAGUE_FILES = ("base", "common", "core", "helpers", "misc", "utils")

LIMIT = re.compile(
    r"_?(MOST|LEAST|LONGEST|SHORTEST|LARGEST|SMALLEST|HIGHEST|LOWEST|FEWEST)_\w+"
    r"|_?(?!OUT_)[A-Z]+_OF_\w+"
)
QUESTION = re.compile(r"(test_)?(what|whether|how|who|which|where|when|why)(_|\b)", re.IGNORECASE)

# No part of a path, an option or a keyword argument: `/hooks`, `--hook`, `callback=`.
_PHRASES = {
    re.compile(rf"(?<![\w/.=-])(?:{pattern})(?![\w/=-])", re.IGNORECASE): words
    for pattern, words in PHRASES.items()
}
_ANY_PHRASE = re.compile("|".join(pattern.pattern for pattern in _PHRASES), re.IGNORECASE)


def violations() -> Iterator[Violation]:
    """Every violation of the package, the tests and the documents."""
    for source in (*sources("mock_sendpilot"), *sources("tests"), *sources("benchmarks")):
        yield from violations_of(source)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        if path.name != "CHANGELOG.md":  # it names what is gone
            text = path.read_text(encoding="utf-8")
            yield from _phrases(path.relative_to(ROOT).as_posix(), _prose_of_document(text))


def violations_of(source: Source) -> Iterator[Violation]:
    """Every violation of a Python file."""
    yield from _questions(source)
    yield from _banned_names(source)
    if _ANY_PHRASE.search(source.text.replace("_", " ")):  # to find its comments takes a while
        yield from _phrases(source.name, _prose(source))


def _questions(source: Source) -> Iterator[Violation]:
    """Find docstrings and names of tests that begin as a question does."""
    for line, text in _docstrings(source):
        if QUESTION.match(text):
            found = f"a docstring begins with {text.split()[0]!r}"
            yield source.violation(line, found, "Begin with a verb or a noun.")
    for line, name in _names(source):
        if name.startswith("test_") and QUESTION.match(name):
            yield source.violation(line, name, "Name it as a sentence, with its subject first.")


def _banned_names(source: Source) -> Iterator[Violation]:
    """Find names that the list of words replaces, and limits with names of their own."""
    stem = PurePath(source.name).stem
    if stem in VAGUE_FILES:
        yield source.violation(1, f"the name {stem}", "Name the topic of the file.")
    for line, name in _names(source):
        if LIMIT.fullmatch(name):
            yield source.violation(line, f"the limit {name}", "Use `MAX_…`, `MIN_…`, nouns first.")
        words = _words_instead(name)
        if words:
            yield source.violation(line, f"the name {name}", f"Use {words}.")


def _phrases(name: str, texts: Iterable[tuple[int, str]]) -> Iterator[Violation]:
    """Find phrases that the list of words replaces, in texts with the numbers of their lines."""
    for first_line, text in texts:
        if _ANY_PHRASE.search(text):
            for pattern, words in _PHRASES.items():
                for match in pattern.finditer(text):
                    line = first_line + text.count("\n", 0, match.start())
                    yield Violation(name, line, repr(match[0]), f"Use {words}.")


def _prose_of_document(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a document without its snippets and without code within a sentence."""
    is_prose = True
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("```"):
            is_prose = not is_prose
        elif is_prose:
            yield number, re.sub(r"`[^`]+`", "``", line)


def _is_ours(source: Source) -> bool:
    return source.name.startswith("mock_sendpilot/")


def _prose(source: Source) -> Iterator[tuple[int, str]]:
    """Comments, docstrings, names of tests, and the messages of the package."""
    yield from _docstrings(source)
    for token in tokenize.generate_tokens(StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    if _is_ours(source):
        for node in source.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield node.lineno, node.value
    for line, name in _names(source):
        if name.startswith("test_"):
            yield line, name.replace("_", " ")


def _docstrings(source: Source) -> Iterator[tuple[int, str]]:
    """Docstrings, also those below an attribute."""
    for node in source.nodes:
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value.strip()


def _names(source: Source) -> Iterator[tuple[int, str]]:
    """The names that a file defines, and its own."""
    yield 1, PurePath(source.name).stem
    for node in source.nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


@cache
def _words_instead(name: str) -> str | None:
    if name.startswith("test_"):
        return None
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return next((words for pattern, words in NAMES.items() if re.fullmatch(pattern, snake)), None)


if __name__ == "__main__":
    for violation in sorted(set(violations())):
        if violation.path.startswith(tuple(sys.argv[1:]) or ""):
            sys.stdout.write(f"{violation}\n")
