"""The direction of imports and the shape of the code, read from the sources."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.project.sources import Source, Violation, fail_for, sources

PACKAGE = sources("mock_sendpilot")
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60


@dataclass(frozen=True)
class Rule:
    """Imports that modules never have; all are given by the beginnings of their names."""

    imports: tuple[str, ...]
    remedy: str
    modules: tuple[str, ...] = ("",)
    except_for: tuple[str, ...] = ()
    """Modules to which the rule does not apply."""
    allows: tuple[str, ...] = ()
    """Exceptions: imports that are allowed."""

    def applies_to(self, module: str) -> bool:
        return module.startswith(self.modules) and not module.startswith(self.except_for)

    def forbids(self, name: str) -> bool:
        return _is_below(name, self.imports) and not _is_below(name, self.allows)


def _rooms(*names: str) -> tuple[str, ...]:
    return tuple(f"mock_sendpilot.{name}" for name in names)


def _is_below(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


OURS = ("mock_sendpilot",)
RULES = (
    Rule(
        ("dataclasses.dataclass",),
        except_for=("lazy_dataclass.py", "tls/"),
        remedy="Import it from lazy_dataclass.py: a start does not wait for its methods.",
    ),
    Rule(
        ("click", "flask", "marshmallow", "requests", "werkzeug"),
        modules=(
            "client_check/",
            "contracts/",
            "explorer/",
            "http_server/",
            "matching.py",
            "receiver_check/",
            "scheduling/",
            "traffic/",
            "verdicts/",
            "world/",
        ),
        remedy="What the emulator does knows no framework: translate in a view, command or sender.",
    ),
    Rule(
        OURS,
        modules=("matching.py",),
        allows=_rooms("lazy_dataclass"),
        remedy="Patterns are matched against any JSON: pass it in.",
    ),
    Rule(
        OURS,
        modules=("contracts/",),
        allows=_rooms("contracts", "errors", "lazy_dataclass", "suggestions"),
        remedy="Contracts are data: the rooms that differ under them look into them.",
    ),
    Rule(
        OURS,
        modules=("http_server/",),
        allows=_rooms("http_server", "lazy_dataclass", "network", "scheduling"),
        remedy="It serves any WSGI app: pass in what it has to know of ours.",
    ),
    Rule(
        OURS,
        modules=("tls/",),
        allows=_rooms("errors", "network", "tls"),
        remedy="It stands in front of any HTTP server: pass in its port.",
    ),
    Rule(
        OURS,
        modules=("scheduling/",),
        allows=_rooms("errors", "lazy_dataclass", "scheduling"),
        remedy="Scheduling does not know what it runs: pass it in.",
    ),
    Rule(
        OURS,
        modules=("world/",),
        allows=_rooms("contracts", "errors", "lazy_dataclass", "scheduling", "signals", "world"),
        remedy="Record an event; who wants to know connects to its signal in emulator.py.",
    ),
    Rule(
        _rooms("api", "cli", "control", "dashboard", "testing"),
        modules=("client_check/", "receiver_check/", "traffic/", "verdicts/", "webhooks/"),
        remedy="Views, commands and fixtures call this room, never the other way round.",
    ),
    Rule(
        _rooms("explorer"),
        except_for=("cli/", "explorer/", "testing/"),
        remedy="Exploring is for fixtures and commands: nothing that is emulated knows of it.",
    ),
    Rule(
        _rooms("coverage"),
        except_for=("coverage/", "testing/pytest_plugin.py"),
        remedy="Coverage listens to signals: send one.",
    ),
    Rule(
        _rooms("evidence"),
        except_for=("cli/", "evidence/", "explorer/generated_test.py", "testing/"),
        remedy="Evidence is read off a sandbox: nothing that is emulated knows of it.",
    ),
    Rule(
        ("hypothesis",),
        except_for=("explorer/search.py", "testing/strategies.py"),
        remedy="It is an extra: search in explorer/search.py, which says how to install it.",
    ),
    Rule(
        _rooms("dashboard"),
        except_for=("app.py", "dashboard/", "evidence/page.py"),
        remedy="The dashboard is a client: what it needs is in the world or in the control API.",
    ),
    Rule(
        _rooms("api", "control"),
        modules=("dashboard/",),
        allows=_rooms(
            "api.access", "api.envelope", "control.exposure", "control.guard", "control.index"
        ),
        remedy="Let a form make the request; whatever a button does, a route does.",
    ),
    Rule(
        _rooms("control", "signals", "webhooks"),
        modules=("api/",),
        remedy="A view cannot send a webhook: change the world, which records an event.",
    ),
    Rule(
        ("svix", "standardwebhooks"),
        remedy="The packages that judge signatures are for tests: signing.py signs on its own.",
    ),
    Rule(
        ("requests",),
        except_for=("testing/", "webhooks/http_sender.py"),
        remedy="Webhooks leave in one place: call the sender.",
    ),
    Rule(
        ("marshmallow",),
        except_for=("api/", "control/", "openapi.py"),
        remedy="Load and dump JSON where requests are served.",
    ),
    Rule(
        _rooms("signals"),
        except_for=(
            "coverage/recorder.py",
            "emulator.py",
            "traffic/recording.py",
            "webhooks/outbox.py",
            "webhooks/runner.py",
            "world/workspace.py",
        ),
        remedy="Connect to signals in emulator.py, so that one file shows who hears what.",
    ),
)


def test_imports_follow_the_direction() -> None:
    fail_for(_forbidden_imports())


def test_every_rule_is_about_modules_that_exist() -> None:
    beginnings = {text for rule in RULES for text in (*rule.modules, *rule.except_for)}
    modules = [source.module for source in PACKAGE]
    assert [one for one in beginnings if not any(m.startswith(one) for m in modules)] == []


def test_code_keeps_to_the_shapes_of_the_project() -> None:
    fail_for(_shapes())


def test_files_and_functions_stay_short() -> None:
    fail_for(_lengths())


def _forbidden_imports() -> Iterator[Violation]:
    for source in PACKAGE:
        rules = [rule for rule in RULES if rule.applies_to(source.module)]
        for line, name in _imports(source):
            for rule in rules:
                if rule.forbids(name):
                    yield source.violation(line, f"imports {name}", rule.remedy)


def _imports(source: Source) -> Iterator[tuple[int, str]]:
    """The names that are imported, also inside functions, except for types alone."""
    for node in source.running_nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _shapes() -> Iterator[Violation]:
    for source in PACKAGE:
        yield from _mutable_globals(source)
        for node in source.running_nodes:
            if isinstance(node, ast.Compare) and "contract.name" in ast.unparse(node):
                yield source.violation(
                    node.lineno, "asks for a contract by name", "Add an option to contracts/."
                )
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                yield source.violation(
                    node.lineno, "prints", "Use a logger, or `click.echo` in a command."
                )
            elif isinstance(node, ast.Subscript) and re.match(
                r"fields\.[A-Z]\w+\[", ast.unparse(node)
            ):
                yield source.violation(
                    node.lineno,
                    "gives a field of marshmallow type arguments where it runs",
                    "marshmallow 3 takes none: use `AnyField` of api/fields.py.",
                )


def _mutable_globals(source: Source) -> Iterator[Violation]:
    """Displays that no annotation makes read-only, and objects that are made to change."""
    for node in source.tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        name = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
        if name != "__all__" and _is_mutable(node.value, annotation):
            yield source.violation(
                node.lineno,
                f"holds {name}, which can change",
                "Two emulators would share it: annotate it as `Mapping` or `Sequence`, use a "
                "tuple, or make it where it is used.",
            )


def _is_mutable(value: ast.expr, annotation: str) -> bool:
    if isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp):
        return not annotation.startswith(("Mapping[", "Sequence[", "Set["))
    return isinstance(value, ast.Call) and bool(
        re.fullmatch(
            r"dict|list|set|bytearray|(collections\.)?(defaultdict|deque|Counter|OrderedDict)"
            r"|(threading|itertools|random|queue)\.\w+",
            ast.unparse(value.func),
        )
    )


def _lengths() -> Iterator[Violation]:
    for source in PACKAGE:
        lines = len(source.text.splitlines())
        if lines > MAX_FILE_LINES:
            yield source.violation(
                lines,
                f"has {lines} lines, more than {MAX_FILE_LINES}",
                "Split it if it has two topics, else fold functions back.",
            )
        for node in source.running_nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = _code_lines(node)
                if lines > MAX_FUNCTION_LINES:
                    yield source.violation(
                        node.lineno,
                        f"{node.name} has {lines} lines, more than {MAX_FUNCTION_LINES}",
                        "Split it where a part has a name of its own.",
                    )


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines without signature and docstring."""
    last = node.end_lineno or node.lineno
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return last - body[0].lineno + 1 if body else 0
