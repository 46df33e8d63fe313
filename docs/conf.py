"""Settings of Sphinx: `make docs` builds the documents of the repository as a website.

The source folder is the top of the repository, so links between README, docs/ and the other
documents work on the website as they do in the repository.
"""

from typing import Any

project = "mock_sendpilot"
copyright = "the mock_sendpilot authors"  # noqa: A001
html_title = "mock_sendpilot"
html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
templates_path: list[str] = []
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "benchmarks/README.md",
]
nitpicky = True
myst_heading_anchors = 4

_CHAPTERS = {
    "Start": ["README", "docs/tutorial"],
    "How-to guides": [
        f"docs/how-to/{name}"
        for name in (
            "pytest",
            "no-url-to-change",
            "api-client",
            "client-suite",
            "check-client",
            "webhooks",
            "check-receiver",
            "explore",
            "coverage-of-your-integration",
            "evidence",
            "matrix",
            "disruptions",
            "retries-and-time",
            "campaigns",
            "searches-and-limits",
            "staging",
            "scale",
            "emulator-elsewhere",
            "test-runners",
            "any-runner",
            "languages",
        )
    ],
    "Reference": [
        f"docs/reference/{name}"
        for name in (
            "command-line",
            "settings",
            "api",
            "coverage",
            "contracts",
            "webhooks",
            "events",
            "dashboard",
            "control-api",
            "fixtures",
            "python-api",
            "seed",
        )
    ],
    "Explanation": [
        f"docs/explanation/{name}"
        for name in ("contradictions", "invented", "how-it-works", "compared")
    ],
    "Project": ["ARCHITECTURE", "CONTRIBUTING", "SECURITY", "benchmarks/README", "CHANGELOG"],
}


def setup(app: Any) -> None:
    """Add the table of contents, which the repository has no use for."""
    app.connect("source-read", _add_table_of_contents)


def _add_table_of_contents(_app: Any, name: str, source: list[str]) -> None:
    if name == root_doc:
        for title, pages in _CHAPTERS.items():
            entries = "\n".join(f"/{page}" for page in pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{entries}\n```\n"
