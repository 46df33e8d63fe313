"""Takes the snippets out of a document, section by section."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Snippet:
    """A fenced block: its language, the word after it, and its text."""

    language: str
    name: str
    text: str

    @property
    def is_file(self) -> bool:
        return "." in self.name


@dataclass(frozen=True)
class Section:
    """The snippets below one heading of one document."""

    document: str
    heading: str
    snippets: tuple[Snippet, ...]

    @property
    def has_commands(self) -> bool:
        return any(snippet.language == "bash" for snippet in self.snippets)

    @property
    def needs_node(self) -> bool:
        return any(re.match(r"(mock-sendpilot exec .*)?node ", one.text) for one in self.snippets)

    @property
    def has_tests(self) -> bool:
        return any(snippet.name.startswith("test_") for snippet in self.snippets)

    def __str__(self) -> str:
        return f"{self.document}: {self.heading}"


def sections(path: Path) -> list[Section]:
    """The sections of a document that have snippets."""
    parts = _HEADING.split(path.read_text(encoding="utf-8"))
    headed = zip(["", *parts[1::2]], [parts[0], *parts[2::2]], strict=True)
    found = [
        Section(
            path.relative_to(ROOT).as_posix(),
            heading,
            tuple(Snippet(*one) for one in _FENCE.findall(text)),
        )
        for heading, text in headed
    ]
    return [section for section in found if section.snippets]
