"""The documents name everything there is, and nothing of it is out of date."""

import re
from pathlib import Path

import click
import pytest
from blinker import NamedSignal
from flask import Flask

import mock_sendpilot
from mock_sendpilot import signals
from mock_sendpilot.cli import main
from mock_sendpilot.cli.client import ENV_PREFIX
from mock_sendpilot.cli.start_options import KEYS
from mock_sendpilot.control.exposure import exposure_problems
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.control.seed_format import SCHEMAS
from mock_sendpilot.testing import pytest_plugin
from mock_sendpilot.version import __version__
from mock_sendpilot.webhooks.disruption_kinds import KINDS
from tests.project.pages import GENERATED

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
PACKAGES = [path.parent for path in sorted((ROOT / "mock_sendpilot").rglob("__init__.py"))]
MAX_README_LINES = 250


def text_of(page: str) -> str:
    return (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("key", KEYS)
def test_each_option_and_its_variable_are_in_their_page(key: str) -> None:
    row = f"| `--{key.replace('_', '-')}` | `{ENV_PREFIX}{key.upper()}` |"
    assert row in text_of("settings.md")


def test_each_route_is_in_its_page(app: Flask) -> None:
    text = text_of("api.md") + text_of("control-api.md") + text_of("dashboard.md")
    missing = [
        f"{method} {path}"
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/api/") and "<path:" not in rule.rule
        for path in [re.sub(r"<.*?>", "{id}", rule.rule)]
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not re.search(rf"`{method}[^|]*{re.escape(path)}`", text)
    ]
    assert missing == []


def test_each_signal_is_in_its_page() -> None:
    text = text_of("python-api.md")
    names = [name for name, value in vars(signals).items() if isinstance(value, NamedSignal)]
    assert names
    assert [name for name in names if f"| `{name}` |" not in text] == []


def test_the_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("path", GENERATED)
def test_each_generated_page_is_current(path: str) -> None:
    current = (ROOT / path).read_text(encoding="utf-8")
    assert current == GENERATED[path](), "Run: python -m tests.project.pages"


def test_each_public_name_is_in_its_document() -> None:
    text = text_of("python-api.md").split("\n## Receive signals")[0]
    rows = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    assert sorted(rows) == sorted(mock_sendpilot.__all__)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_key_and_token_of_a_document_is_refused_beyond_this_machine(path: Path) -> None:
    """A reader may keep what stands there, and then everybody knows it."""
    text = path.read_text(encoding="utf-8")
    keys = re.findall(r'\{\s*"key": "([^"]+)"', text)
    tokens = re.findall(r'control_token = "([^"]+)"|--control-token (?!TEXT|TOKEN)(\w{4,})', text)
    found = [
        *(
            exposure_problems("0.0.0.0", api_keys=[key], has_control=False, control_token=None)
            for key in keys
        ),
        *(
            exposure_problems("0.0.0.0", api_keys=[], has_control=True, control_token=a or b)
            for a, b in tokens
        ),
    ]
    assert all(found), (keys, tokens)


def test_each_option_in_the_security_policy_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    context = click.Context(main)
    commands = [main.get_command(context, name) for name in main.list_commands(context)]
    commands += [
        one
        for group in commands
        if isinstance(group, click.Group)
        for one in group.commands.values()
    ]
    options = {
        flag for command in commands if command for one in command.params for flag in one.opts
    }
    named = set(re.findall(r"--[a-z][a-z-]+", text))
    assert named
    assert named <= options


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_disruption_is_in_its_document(kind: str) -> None:
    text = text_of("webhooks.md")
    (row,) = re.findall(rf"^\| `{kind}` \|.*$", text, flags=re.MULTILINE)
    options = {name: f"{option.default:.0f}" for name, option in KINDS[kind].options.items()}
    options.pop("attempts", None)
    assert [name for name, default in options.items() if f"`{name}`: {default}" not in row] == []


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, thing in vars(pytest_plugin).items()
        if isinstance(thing, type(pytest_plugin.sendpilot))
    ],
)
def test_each_fixture_is_in_its_page(name: str) -> None:
    assert f"| `{name}` |" in text_of("fixtures.md")


@pytest.mark.parametrize("schema", SCHEMAS)
def test_each_field_of_the_seed_is_in_its_document(schema: type[Strict]) -> None:
    text = text_of("seed.md")
    assert [name for name in schema().json_keys if f'"{name}"' not in text] == []


def test_the_changelog_has_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_module_the_architecture_names_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`(?:\w+/)*(\w+\.py)`", text)
    folders = (ROOT / "mock_sendpilot", ROOT / "tests")
    there = {path.name for folder in folders for path in folder.rglob("*.py")}
    assert named
    assert [name for name in named if name not in there] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_module_is_in_the_table_of_its_package(package: Path) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    heading = "The top" if package == ROOT / "mock_sendpilot" else f"`{package.name}/`"
    _, found, section = text.partition(f"\n### {heading}:")
    table = "\n".join(re.findall(r"^\|[^|]*", section.partition("\n### ")[0], re.MULTILINE))
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    assert found
    missing = sorted(name for name in modules if f"`{name}`" not in table)
    assert missing == [], f"Add them to the table of {heading} in ARCHITECTURE.md"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_link_leads_nowhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (path.parent / target).exists()] == []
