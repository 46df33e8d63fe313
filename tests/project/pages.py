"""The generated files of the documentation; `python -m tests.project.pages` writes them."""

import runpy
from collections.abc import Callable, Mapping

from tests.project import command_line_page, contracts_page, coverage_page, events_page
from tests.project.sources import ROOT


def _drawing(name: str) -> Callable[[], str]:
    """Return the function of a script below `docs/images` that draws its picture."""

    def draw() -> str:
        text: str = runpy.run_path(str(ROOT / "docs" / "images" / f"{name}.py"))["draw"]()
        return text

    return draw


GENERATED: Mapping[str, Callable[[], str]] = {
    "docs/images/architecture.svg": _drawing("architecture"),
    "docs/images/terminal.svg": _drawing("terminal"),
    "docs/reference/command-line.md": command_line_page.page,
    "docs/reference/contracts.md": contracts_page.page,
    "docs/reference/coverage.md": coverage_page.page,
    "docs/reference/events.md": events_page.page,
}


if __name__ == "__main__":
    for path, make in GENERATED.items():
        (ROOT / path).write_text(make(), encoding="utf-8")
