"""The direction of imports, read from the source: who may know whom."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "mock_sendpilot"
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


def imports(module: str) -> Iterator[str]:
    """Every module that is imported, also inside functions, except for types alone."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _running(child)


def importers(package: str, *, among: str = "") -> list[str]:
    """The modules below `among` that import a package."""
    return [
        module
        for module in MODULES
        if module.startswith(among)
        and any(name == package or name.startswith(f"{package}.") for name in imports(module))
    ]


@pytest.mark.parametrize("room", ["world/", "contracts/", "scheduling/", "matching.py"])
@pytest.mark.parametrize("package", ["flask", "werkzeug", "marshmallow", "requests", "click"])
def test_the_rooms_below_the_webhooks_know_no_framework(room: str, package: str) -> None:
    assert importers(package, among=room) == []


@pytest.mark.parametrize(
    ("room", "known"),
    [
        ("matching.py", set()),
        ("contracts/", {"contracts", "errors", "suggestions"}),
        ("scheduling/", {"errors", "scheduling"}),
        ("world/", {"contracts", "errors", "scheduling", "signals", "world"}),
    ],
)
def test_the_rooms_below_the_webhooks_know_only_each_other(room: str, known: set[str]) -> None:
    names = [
        name.split(".")
        for module in MODULES
        if module.startswith(room)
        for name in imports(module)
        if name.startswith("mock_sendpilot.")
    ]
    assert {name[1] for name in names} == known


@pytest.mark.parametrize("room", ["api", "control", "cli", "testing"])
def test_webhooks_know_neither_api_nor_control(room: str) -> None:
    assert importers(f"mock_sendpilot.{room}", among="webhooks/") == []


@pytest.mark.parametrize("package", ["webhooks", "signals", "control"])
def test_an_endpoint_of_the_api_cannot_send_a_webhook(package: str) -> None:
    assert importers(f"mock_sendpilot.{package}", among="api/") == []


def test_requests_is_for_the_http_sender_alone() -> None:
    outside = [name for name in importers("requests") if not name.startswith("testing/")]
    assert outside == ["webhooks/http_sender.py"]


def test_marshmallow_is_for_api_control_and_the_specification_alone() -> None:
    rooms = {name.partition("/")[0] for name in importers("marshmallow")}
    assert rooms == {"api", "control", "openapi.py"}


def test_signals_are_sent_by_the_world_and_by_webhooks_and_connected_by_the_emulator() -> None:
    assert importers("mock_sendpilot.signals") == [
        "emulator.py",
        "webhooks/outbox.py",
        "webhooks/runner.py",
        "world/workspace.py",
    ]


@pytest.mark.parametrize("module", MODULES)
def test_no_code_asks_which_contract_it_has(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    compares = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert not [node for node in compares if "contract.name" in ast.unparse(node)]


@pytest.mark.parametrize("module", MODULES)
def test_no_module_holds_something_that_can_change(module: str) -> None:
    """Capital names are constants; a display assigned to any other name could be changed."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(
            node.value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp
        ):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            name = ast.unparse(target)
            if name != name.upper() and name != "__all__":
                found.append(name)
    assert found == []


@pytest.mark.parametrize("module", MODULES)
def test_a_file_has_at_most_500_lines_and_a_function_60(module: str) -> None:
    text = (ROOT / module).read_text(encoding="utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and _code_lines(node) > 60
    ]
    assert len(text.splitlines()) <= 500
    assert [node.name for node in functions] == []


def _code_lines(node: ast.FunctionDef) -> int:
    """Its lines without signature and docstring."""
    last = node.end_lineno or node.lineno
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return last - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("module", MODULES)
def test_no_code_gives_marshmallow_type_arguments_where_it_runs(module: str) -> None:
    """marshmallow 3 takes none: `AnyField` of `api/fields.py` stands for `fields.Field[Any]`."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    found = [ast.unparse(node) for node in _running(tree) if isinstance(node, ast.Subscript)]
    assert [text for text in found if re.match(r"fields\.[A-Z]\w+\[", text)] == []


def test_only_the_command_line_prints() -> None:
    printing = [
        module
        for module in MODULES
        for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert printing == []
