"""The pytest plugin: its fixtures, its marker, and its options.

pytest loads it in every environment where the package is installed, so it imports nothing of the
package until a test uses one of its fixtures.
"""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest

from mock_sendpilot.testing.coverage_options import add_coverage_options, is_coverage_wanted
from mock_sendpilot.testing.reruns import command_line as reruns

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.testing.artifacts import Artifacts
    from mock_sendpilot.testing.backends.protocol import Host
    from mock_sendpilot.testing.interception import LeakGuard
    from mock_sendpilot.testing.receiver import WebhookReceiver
    from mock_sendpilot.testing.sandbox import Sandbox, SandboxFactory

_HOST = pytest.StashKey["Host"]()
"""The emulator with the endpoints that explain why nothing comes to a receiver."""
_REMOTE = pytest.StashKey["Host"]()
"""The emulator that runs elsewhere, if the run has one."""
_SANDBOX = pytest.StashKey["Sandbox"]()
"""The sandbox of a test, a module or the session; a failed test reports what happened in it."""
_ARTIFACTS: "pytest.StashKey[Artifacts]" = pytest.StashKey()
"""Saves the evidence of failed tests, if the run asks for it."""
HAS_FAILED = pytest.StashKey[bool]()
"""True where a test that failed has a sandbox, whose faults may be unconsumed."""
_MAX_TRACED_FAILURES, _MAX_TRACE_LINES = 3, 40
_MARKER = (
    "sendpilot(contract, seed=, starts_at=, frozen=, random_seed=, faults=, **options): the "
    "contract of the fixture `sendpilot`, its contents, the start of its clock, and the faults of "
    "its requests, such as @pytest.mark.sendpilot('live', patch_reply='example'); with "
    "intercept=True, api_key= and hosts= the test uses the fixture `sendpilot_intercepted`"
)
_INI_OPTIONS: Mapping[str, tuple[Literal["string", "bool", "linelist"], str]] = {
    "url": ("string", "URL of an emulator that runs already, such as http://127.0.0.1:7363"),
    "contract": ("string", "contract, such as live or live+patch_reply=example"),
    "seed": ("string", "path of a seed with one workspace, relative to this file"),
    "starts_at": ("string", "time that the clock shows at first, such as 2030-01-31T09:00:00Z"),
    "frozen": ("bool", "whether the clock starts frozen"),
    "random_seed": ("string", "seed of all chance"),
    "faults": ("linelist", "faults of the requests, a JSON object in each line"),
    "intercept": ("bool", "use the fixture sendpilot_intercepted in every test"),
    "api_key": ("string", "API key of the app, which opens the workspace when intercepted"),
    "hosts": ("linelist", "hosts that are intercepted and guarded next to api.sendpilot.ai"),
    "no_leaks": ("bool", "use the fixture sendpilot_no_leaks in every test"),
}
_RANDOM_SEED = "pytest"
_URL_VARIABLE = "SENDPILOT_URL"
_INTERCEPTED = "sendpilot_intercepted"
_NO_LEAKS = "sendpilot_no_leaks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options of the command line and of the ini file."""
    group = parser.getgroup("sendpilot")
    group.addoption(
        "--sendpilot-url",
        metavar="URL",
        help="URL of an emulator that runs already, such as http://127.0.0.1:7363; by default "
        f"{_URL_VARIABLE}, else the tests have an emulator of their own",
    )
    group.addoption(
        "--sendpilot-contract",
        metavar="CONTRACT",
        help="contract of this run, such as live or live+patch_reply=example; a marker that names "
        "one has precedence",
    )
    add_coverage_options(parser)
    group.addoption(
        "--sendpilot-artifacts",
        metavar="DIR",
        help="folder that gets an HTML file for each failed test: what happened, to be read and "
        "replayed",
    )
    reruns.add_options(group)
    for name, (kind, description) in _INI_OPTIONS.items():
        text = f"fixture sendpilot: {description}"
        parser.addini(f"sendpilot_{name}", text, type=kind, default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse an unknown contract before the first test."""
    config.addinivalue_line("markers", _MARKER)
    if is_coverage_wanted(config):
        from mock_sendpilot.coverage.plugin import register

        register(config)
    if config.getoption("--sendpilot-artifacts") is not None:
        from mock_sendpilot.testing.artifacts import register_artifacts

        config.stash[_ARTIFACTS] = register_artifacts(config, _SANDBOX, _sandbox_fixture)
    if reruns.is_asked_for(config):
        from mock_sendpilot.testing.reruns.registration import register_reruns

        register_reruns(config)
    if config.getoption("--sendpilot-contract") is None:
        return
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.testing.sandbox_options import chosen_options, command_line_sources

    try:
        chosen_options(command_line_sources(config))
    except InvalidInput as error:
        raise pytest.UsageError(str(error)) from None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Require the emulator that runs elsewhere, if there is to be one, before the first test."""
    config = session.config
    asked = (config.getoption("--sendpilot-url"), os.environ.get(_URL_VARIABLE))
    if not (any(asked) or config.getini("sendpilot_url")) or config.option.collectonly:
        return
    from mock_sendpilot.errors import SendPilotError
    from mock_sendpilot.testing.emulator_url import RUN_VARIABLE, remote_host, url_of_run

    chosen = url_of_run(config)
    if chosen is None:
        return
    place, url = chosen
    try:
        config.stash[_REMOTE] = remote_host(url, place=place, random_seed=_RANDOM_SEED)
    except SendPilotError as error:
        raise pytest.UsageError(str(error)) from None
    # For `sandbox()` and `intercept()`, which know nothing of pytest.
    os.environ[RUN_VARIABLE] = config.stash[_REMOTE].origin


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the variable that the run has set."""
    if _REMOTE not in config.stash:
        return
    from mock_sendpilot.testing.emulator_url import RUN_VARIABLE

    os.environ.pop(RUN_VARIABLE, None)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the emulator that runs elsewhere."""
    host = config.stash.get(_REMOTE, None)
    return None if host is None else f"sendpilot: {host.origin}"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Add the fixtures that the marker and the ini file ask for, before all others."""
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is None:
        return
    marked = [marker.kwargs.get("intercept") for marker in item.iter_markers("sendpilot")]
    is_on = next((value for value in marked if value is not None), None)
    if is_on is None:
        is_on = item.config.getini("sendpilot_intercept")
    if is_on and _INTERCEPTED not in names:
        names.insert(0, _INTERCEPTED)
    if item.config.getini(_NO_LEAKS) and _NO_LEAKS not in names:
        names.insert(0, _NO_LEAKS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> "Generator[None, object, object]":
    """Let a test fail whose app has swallowed that a request was refused."""
    __tracebackhide__ = True
    result = yield
    if (interception := _loaded_interception()) is not None:
        interception.raise_leaks()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> "Generator[None, object, object]":
    """End interceptions that a test has begun and forgotten, and say so."""
    __tracebackhide__ = True
    try:
        return (yield)
    finally:
        if (interception := _loaded_interception()) is not None:
            interception.end_forgotten(item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> "Generator[None, object, object]":
    """Forget the sandbox of a test after its last report: pytest keeps all tests until its end."""
    result = yield
    if _SANDBOX in item.stash:
        del item.stash[_SANDBOX]
    return result


def _loaded_interception() -> Any:
    """Return the module of interceptions; None if no test has used it yet."""
    return sys.modules.get("mock_sendpilot.testing.interception")


def _report_leaks(item: pytest.Item, error: BaseException) -> None:
    interception = _loaded_interception()
    leaks = [] if interception is None else interception.take_leaks()
    if leaks := [leak for leak in leaks if leak not in str(error)]:
        item.add_report_section("call", "sendpilot leaks", "\n".join(leaks))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Add leaks, the timeline and the failures of webhooks to the report of a failed test."""
    if call.when != "call" or call.excinfo is None:
        return
    _report_leaks(item, call.excinfo.value)
    fixtures: list[str] = getattr(item, "fixturenames", [])
    for node in item.listchain():
        sandbox = node.stash.get(_SANDBOX, None)
        name = _sandbox_fixture(node)
        # Not each test of a module uses the sandbox that others share.
        if sandbox is not None and (node is item or name in fixtures):
            node.stash[HAS_FAILED] = True
            _report(item, name, sandbox, call.excinfo.value)


def _sandbox_fixture(node: object) -> str:
    """Return the name of the fixture that makes the sandbox of a test, a module or the session."""
    if isinstance(node, pytest.Item):
        return "sendpilot"
    return "sendpilot_session" if isinstance(node, pytest.Session) else "sendpilot_module"


def _report(item: pytest.Item, name: str, sandbox: "Sandbox", error: BaseException) -> None:
    # A test that has closed its sandbox has taken its deliveries with it.
    if isinstance(error, pytest.skip.Exception) or not sandbox.backend.is_open:
        return
    from mock_sendpilot.errors import SendPilotError

    try:
        sections = _sections(name, sandbox, error)
    except SendPilotError as unavailable:
        sections = {f"{name} timeline": [str(unavailable)]}
    for title, lines in sections.items():
        if lines:
            item.add_report_section("call", title, "\n".join(lines))


def _sections(name: str, sandbox: "Sandbox", error: BaseException) -> "Mapping[str, Sequence[str]]":
    """Return the lines about a sandbox in the report of a failed test, by their titles."""
    from mock_sendpilot.testing.failures import NotIdle, WebhookNotSeen, timeline
    from mock_sendpilot.traffic.trace import trace_of_failures
    from mock_sendpilot.webhooks.deliveries import describe_failed_attempts

    backend = sandbox.backend
    view, journal = backend.view(), backend.journal
    failures = trace_of_failures(
        view.outbox, journal, unknown=backend.unknown_requests, max_count=_MAX_TRACED_FAILURES
    )
    has_listed_them = isinstance(error, (NotIdle, WebhookNotSeen))
    return {
        f"{name} timeline": [*sandbox.requests.without_key(), *timeline(view, journal)],
        f"{name} trace of failures": (
            failures.lines()[:_MAX_TRACE_LINES] if failures.roots else []
        ),
        "failed webhook attempts": (
            [] if has_listed_them else list(describe_failed_attempts(view.outbox.log.all()))
        ),
    }


@pytest.fixture(scope="session")
def sendpilot_server(pytestconfig: pytest.Config) -> "Iterator[EmulatorServer]":
    """Return the emulator on a free port of 127.0.0.1, in a thread of this process."""
    if (remote := pytestconfig.stash.get(_REMOTE, None)) is not None:
        from mock_sendpilot.testing.backends.remote import ServerElsewhere

        # No error yet: all fixtures ask for it, and few tests use it.
        yield cast("EmulatorServer", ServerElsewhere(remote.origin))
        return
    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.server import EmulatorServer

    emulator = Emulator(random_seed=_RANDOM_SEED)
    with EmulatorServer(emulator) as server:
        yield server
    emulator.close()


def _host(server: "EmulatorServer", config: pytest.Config) -> "Host":
    """Return the emulator that gets the workspaces of the tests."""
    host = config.stash.get(_REMOTE, None)
    if host is None:
        from mock_sendpilot.testing.backends.local import LocalHost

        host = LocalHost(server)
    if (artifacts := config.stash.get(_ARTIFACTS, None)) is not None:
        host = artifacts.recorded(host)
    config.stash[_HOST] = host
    return host


def _sandbox(server: "EmulatorServer", request: pytest.FixtureRequest) -> "Iterator[Sandbox]":
    """Yield a fresh workspace with the options of the test, the module or the session."""
    __tracebackhide__ = True
    from mock_sendpilot.testing.sandbox import Sandbox
    from mock_sendpilot.testing.sandbox_options import (
        chosen_options,
        marker_sources,
        run_sources,
    )

    node: pytest.Item | pytest.Collector = request.node
    host = _host(server, request.config)
    sources = [*marker_sources(node), *run_sources(request.config)]
    options = chosen_options(sources, host=host)
    # The session has no id.
    with Sandbox(host, options, random_seed=node.nodeid or request.scope) as sandbox:
        node.stash[_SANDBOX] = sandbox
        yield sandbox
        # A test that failed before its requests has one failure, not two.
        if not node.stash.get(HAS_FAILED, False):
            sandbox.check_faults()


@pytest.fixture
def sendpilot(
    sendpilot_server: "EmulatorServer", request: pytest.FixtureRequest
) -> "Iterator[Sandbox]":
    """Return a fresh workspace of this test's own: a `mock_sendpilot.Sandbox`."""
    __tracebackhide__ = True
    yield from _sandbox(sendpilot_server, request)


@pytest.fixture(scope="module")
def sendpilot_module(
    sendpilot_server: "EmulatorServer", request: pytest.FixtureRequest
) -> "Iterator[Sandbox]":
    """Return a workspace that the tests of a module share, with the markers of the module."""
    __tracebackhide__ = True
    yield from _sandbox(sendpilot_server, request)


@pytest.fixture(scope="session")
def sendpilot_session(
    sendpilot_server: "EmulatorServer", request: pytest.FixtureRequest
) -> "Iterator[Sandbox]":
    """Return a workspace that all tests share; with pytest-xdist, those of a worker."""
    __tracebackhide__ = True
    yield from _sandbox(sendpilot_server, request)


@pytest.fixture(scope="session")
def sendpilot_factory(
    sendpilot_server: "EmulatorServer", pytestconfig: pytest.Config
) -> "Iterator[SandboxFactory]":
    """Return a maker of workspaces for fixtures of a wider scope, such as a module's."""
    from mock_sendpilot.testing.sandbox import SandboxFactory
    from mock_sendpilot.testing.sandbox_options import run_sources

    host = _host(sendpilot_server, pytestconfig)
    factory = SandboxFactory(
        host, defaults=lambda: run_sources(pytestconfig), folder=pytestconfig.rootpath
    )
    yield factory
    factory.close()


@pytest.fixture
def sendpilot_receiver(request: pytest.FixtureRequest) -> "Iterator[WebhookReceiver]":
    """Return a webhook receiver on a free port: a `mock_sendpilot.WebhookReceiver`."""
    from mock_sendpilot.testing.receiver import WebhookReceiver

    def explain(url: str) -> "Sequence[str]":
        from mock_sendpilot.testing.failures import reasons_for_silence

        # Not the fixture: a receiver alone should not start the server.
        host = request.config.stash.get(_HOST, None)
        if host is None:
            return ()
        return (*reasons_for_silence(host.views(), url), *host.receiver_notes(url))

    with WebhookReceiver(explain=explain) as receiver:
        yield receiver


@pytest.fixture
def sendpilot_intercepted(
    sendpilot: "Sandbox", request: pytest.FixtureRequest
) -> "Iterator[Sandbox]":
    """Return `sendpilot`, which gets what this process sends to `https://api.sendpilot.ai`."""
    __tracebackhide__ = True
    from mock_sendpilot.testing.interception import intercept
    from mock_sendpilot.testing.sandbox_options import intercept_options

    options = intercept_options(request.node)
    with intercept(sendpilot, api_key=options.api_key, hosts=options.hosts):
        yield sendpilot


@pytest.fixture
def sendpilot_no_leaks(pytestconfig: pytest.Config) -> "Iterator[LeakGuard]":
    """Refuse what this process sends to `https://api.sendpilot.ai`, unless it is intercepted."""
    __tracebackhide__ = True
    from mock_sendpilot.testing.interception import no_leaks

    with no_leaks(hosts=pytestconfig.getini("sendpilot_hosts") or ()) as guard:
        yield guard
