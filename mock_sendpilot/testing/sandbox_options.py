"""The options of a sandbox: of a call, of markers, of the command line and of the ini file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_sendpilot.contracts.contract import CONTRACTS, Contract, named_contract
from mock_sendpilot.contracts.options import DOCUMENTED, OPTIONS
from mock_sendpilot.control.seed_format import WorkspaceContentsSchema
from mock_sendpilot.control.seed_loading import load_object, load_workspace
from mock_sendpilot.control.seed_parts import EMPTY
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import as_utf8, parse_json
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.scheduling.scheduler import FIRST_MOMENT, LAST_MOMENT
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.testing.arguments import as_tuple
from mock_sendpilot.testing.sandbox_clock import moment_of
from mock_sendpilot.world.models import ApiKey, Campaign, JobTiming, Sender
from mock_sendpilot.world.seed import WorkspaceSeed

if TYPE_CHECKING:
    import pytest

    from mock_sendpilot.testing.backends.protocol import Host


CAMPAIGN_ID = "camp_test"
SENDER_ID = "sender_test"
_QUICK_JOBS = JobTiming(
    start_delay=timedelta(milliseconds=50), duration=timedelta(milliseconds=150)
)
"""The timing of searches and extractions: a test does not wait for seconds."""
_MARKER = "@pytest.mark.sendpilot"
_INI_PREFIX = "sendpilot_"
_CONTRACT_OPTION = "--sendpilot-contract"
_OWN_OPTIONS = ("starts_at", "frozen", "random_seed", "faults", "seed")
_INTERCEPT_OPTIONS = ("intercept", "api_key", "hosts")
"""Options of the marker that are not about the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """The start of a sandbox. Without `starts_at` its clock shows the system's time.

    Attributes:
        seed: the contents of the workspace; None for one campaign and one sender.
        faults: the arguments of `Faults.arm`, with which each fault is armed.
        requires_faults: whether a test fails if a fault hits fewer requests than it was to hit.
        pinned: the options of the contract that the test or the call itself sets alone.
    """

    contract: Contract
    starts_at: datetime | None = None
    is_frozen: bool = False
    random_seed: str | None = None
    seed: WorkspaceSeed | None = None
    faults: tuple[Mapping[str, Any], ...] = ()
    requires_faults: bool = True
    pinned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSource:
    """A place that sets options.

    Attributes:
        values: the options by name, as somebody wrote them.
        name: the place in errors; a call has none, since its traceback shows it.
        folder: the folder that the path of a seed is relative to.
        is_for_all: whether it is about the tests of a run, which may not need each of its faults.
        other_options: the names of options that it may set and that are read elsewhere.
    """

    values: Mapping[str, object]
    name: str = ""
    folder: Path = Path()
    is_for_all: bool = False
    other_options: Sequence[str] = ()

    def checked(self, host: "Host | None") -> dict[str, Any]:
        """Return the options in the form in which they are used; contract options are `pairs`.

        Raises:
            InvalidInput: an option is unknown or invalid; it names this place.
        """
        __tracebackhide__ = True
        try:
            known = (*_OWN_OPTIONS, *self.other_options, *OPTIONS)
            return _checked(self.values, known, self.folder, host)
        except InvalidInput as error:
            raise self.named(error) from None

    def named(self, error: InvalidInput) -> InvalidInput:
        """Return an error that names this place."""
        prefix = f"{self.name}: " if self.name else ""
        return InvalidInput(*(f"{prefix}{problem}" for problem in error.problems))


def sandbox_options(contract: str | None = None, **values: object) -> SandboxOptions:
    """Return the options of a call without faults; see `chosen_options`."""
    return chosen_options([call_source(contract, values)])


def chosen_options(
    sources: Iterable[OptionSource], *, host: "Host | None" = None
) -> SandboxOptions:
    """Return checked options, each from the nearest place that sets it.

    Contract and clock of a seed are options of the place that names the seed. Options of a contract
    belong to it: a place that names a contract hides those of the places behind it.

    Args:
        sources: the places, the nearest first.
        host: the emulator, which knows the operations that faults are about.

    Raises:
        InvalidInput: an unknown contract, option or value, or one that is not valid; it names the
            place, and says what is known.
    """
    __tracebackhide__ = True
    chosen: dict[str, Any] = {}
    pairs: list[tuple[str, str]] = []
    pinned: set[str] = set()
    seed_source = faults_source = OptionSource(values={})
    for source in sources:
        values = source.checked(host)
        if "seed" in values and "seed" not in chosen:
            seed_source = source
            values = _with_implied(values)
        if "faults" in values and "faults" not in chosen:
            faults_source = source
        if "contract" not in chosen:
            # The nearest last: of two values of an option, the contract has the last.
            pairs = [*values["pairs"], *pairs]
            pinned.update(() if source.is_for_all else (name for name, _ in values["pairs"]))
        chosen = {**values, **chosen}
    contract = named_contract(chosen.get("contract", DOCUMENTED), pairs)
    seed = None
    if "seed" in chosen:
        now = chosen.get("starts_at") or SystemClock().now()
        try:
            seed = _seed(chosen["seed"], contract, now)
        except InvalidInput as error:
            raise seed_source.named(error) from None
    return SandboxOptions(
        contract=contract,
        starts_at=chosen.get("starts_at"),
        is_frozen=chosen.get("frozen", False),
        random_seed=chosen.get("random_seed"),
        seed=seed,
        faults=chosen.get("faults", ()),
        requires_faults=not faults_source.is_for_all,
        pinned=frozenset(pinned),
    )


def workspace_seed(
    options: SandboxOptions, *, id_: str, api_key: str, random_seed: str
) -> WorkspaceSeed:
    """Return the seed of a workspace, which has at least one sender and one campaign."""
    now = options.starts_at or SystemClock().now()
    contents = options.seed or WorkspaceSeed(
        id="", name="Test", api_keys=(), job_timing=_QUICK_JOBS, plan="test"
    )
    sender = Sender(
        id=SENDER_ID,
        name="Test Sender",
        linkedin_url="https://www.linkedin.com/in/test-sender",
        status="active",
    )
    senders = contents.senders or (sender,)
    campaign = Campaign(
        id=CAMPAIGN_ID,
        name="Test campaign",
        status="started",
        sender_ids=(senders[0].id,),
        created_at=now,
        updated_at=now,
    )
    return replace(
        contents,
        id=id_,
        random_seed=random_seed,
        contract=options.contract,
        starts_at=options.starts_at,
        is_frozen=options.is_frozen,
        # Keys are unique on a server, which tests share: those of a seed would open one of them.
        api_keys=(ApiKey(key=api_key),),
        senders=senders,
        campaigns=contents.campaigns or (campaign,),
    )


# --- places ---------------------------------------------------------------------------------------


def call_source(
    contract: str | None, values: Mapping[str, object], *, folder: Path = Path()
) -> OptionSource:
    """Return the options of a call."""
    return OptionSource(values={"contract": contract, **values}, folder=folder)


def marker_sources(node: "pytest.Item | pytest.Collector") -> Iterator[OptionSource]:
    """Yield the markers of a test, of its class and of its module, the nearest first.

    Args:
        node: the test, or a module, which has only its own.

    Raises:
        InvalidInput: positional arguments that the marker does not take; it names its place.
    """
    for marked, marker in node.iter_markers_with_node("sendpilot"):
        name = f"{_MARKER} of {marked.nodeid}"
        arguments = ", ".join(repr(one) for one in marker.args)
        if len(marker.args) > 1:
            raise InvalidInput(
                f"{name}: expected one positional argument, the contract, got {len(marker.args)}: "
                f"{arguments}; name each option, such as patch_reply='example'"
            )
        if marker.args and "contract" in marker.kwargs:
            raise InvalidInput(
                f"{name}: expected one contract, got two: {arguments} and "
                f"{marker.kwargs['contract']!r}"
            )
        positional = {"contract": marker.args[0]} if marker.args else {}
        named = {
            name: value for name, value in marker.kwargs.items() if name not in _INTERCEPT_OPTIONS
        }
        yield OptionSource(
            name=name,
            values={**positional, **named},
            folder=node.path.parent,
            other_options=_INTERCEPT_OPTIONS,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InterceptOptions:
    """The options of an interception."""

    is_on: bool
    api_key: str | None
    hosts: tuple[str, ...]


def intercept_options(item: "pytest.Item") -> InterceptOptions:
    """Return the options of a test's interception, each from the nearest place that sets it.

    Raises:
        InvalidInput: a value of the wrong type; it names the option.
    """
    chosen = {name: item.config.getini(f"{_INI_PREFIX}{name}") for name in _INTERCEPT_OPTIONS}
    for marker in reversed(list(item.iter_markers("sendpilot"))):
        chosen.update((name, marker.kwargs[name]) for name in chosen if name in marker.kwargs)
    is_on, api_key = chosen["intercept"] or False, chosen["api_key"]
    if not isinstance(is_on, bool):
        raise InvalidInput(f"{_MARKER}: intercept: expected True or False, got {is_on!r}")
    if not isinstance(api_key, str | None):  # not quoted: it is a secret
        raise InvalidInput(f"{_MARKER}: api_key: expected a text, got {type(api_key).__name__}")
    return InterceptOptions(is_on=is_on, api_key=api_key, hosts=as_tuple(chosen["hosts"] or ()))


def run_sources(config: "pytest.Config") -> Iterator[OptionSource]:
    """Yield the options of a whole run, the nearest first: of the command line, of the ini file.

    Raises:
        InvalidInput: a value that is no JSON, or of the wrong type; it names the option.
    """
    yield from command_line_sources(config)
    yield from _ini_sources(config)


def command_line_sources(config: "pytest.Config") -> Iterator[OptionSource]:
    """Yield the options of pytest's command line, if there are any.

    Raises:
        InvalidInput: an option of the contract without a value.
    """
    contract: str | None = config.getoption(_CONTRACT_OPTION)
    if contract is not None:
        values = _contract_of(contract, _CONTRACT_OPTION)
        yield OptionSource(name=_CONTRACT_OPTION, values=values, is_for_all=True)


def _ini_sources(config: "pytest.Config") -> Iterator[OptionSource]:
    """Yield the options of pytest's ini file, each as a place of its own."""
    import pytest  # a sandbox can be made without it

    file = config.inipath
    # The seed is the last, so that contract and clock of the file come before those of its seed.
    for option in ("contract", *_OWN_OPTIONS):
        name = f"{_INI_PREFIX}{option}{f' in {file.name}' if file else ''}"
        try:
            value = config.getini(f"{_INI_PREFIX}{option}")
            if value is None:
                continue
            if option == "faults":
                value = [parse_json(line.encode()) for line in value]
        except (pytest.UsageError, ValueError, TypeError, InvalidInput) as error:
            raise InvalidInput(f"{name}: {error}") from None
        values: dict[str, object] = {option: value}
        if option == "contract":
            values = _contract_of(str(value), name)
        folder = file.parent if file else config.rootpath
        yield OptionSource(name=name, values=values, folder=folder, is_for_all=True)


def _contract_of(text: str, name: str) -> dict[str, object]:
    """Return the options that a text such as `live+patch_reply=example` sets."""
    contract, *pairs = text.split("+")
    return {"contract": contract, **dict(_pair(pair, name) for pair in pairs)}


def _pair(text: str, name: str) -> tuple[str, str]:
    option, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput(f"{name}: expected one such as live+patch_reply=example, got {text!r}")
    return option, value


# --- values ---------------------------------------------------------------------------------------


def _checked(
    options: Mapping[str, object], known: Sequence[str], folder: Path, host: "Host | None"
) -> dict[str, Any]:
    for name in options:
        if name not in (*known, "contract"):
            guess = did_you_mean(name, known)
            raise InvalidInput(f"unknown option {name!r}; {guess}known are: {', '.join(known)}")
    values: dict[str, Any] = {name: one for name, one in options.items() if one is not None}
    pairs = [
        (name, str(values.pop(name))) for name in options if name in OPTIONS and name in values
    ]
    contract = values.get("contract", DOCUMENTED)
    if not isinstance(contract, str):
        raise InvalidInput(f"contract: expected one of {', '.join(CONTRACTS)}, got {contract!r}")
    named_contract(contract, pairs)
    if not isinstance(values.get("frozen", False), bool):
        raise InvalidInput(f"frozen: expected True or False, got {values['frozen']!r}")
    if not isinstance(values.get("random_seed", ""), str):
        raise InvalidInput(f"random_seed: expected a text, got {values['random_seed']!r}")
    readers: dict[str, Callable[[object], Any]] = {
        "starts_at": _start,
        "seed": partial(_seed_contents, folder=folder),
        "faults": partial(_faults, host=host),
    }
    read = {name: readers[name](one) for name, one in values.items() if name in readers}
    return {**values, **read, "pairs": pairs}


def _start(value: object) -> datetime:
    start = moment_of(value, "starts_at")
    if not FIRST_MOMENT <= start < LAST_MOMENT:
        raise InvalidInput(
            f"starts_at: expected a time from the year 1970 on and before 9000, got {value!r}"
        )
    return start


def _faults(value: object, *, host: "Host | None") -> tuple[Mapping[str, Any], ...]:
    from mock_sendpilot.control.faults import NewFault  # which few tests need

    if not isinstance(value, Sequence) or isinstance(value, str) or host is None:
        example = '[{"pattern": {"operation": "leads.list"}, "effect": {"status": 503}}]'
        raise InvalidInput(f"faults: expected a list such as {example}, got {value!r:.80}")
    loaded = []
    with host.app.app_context():  # the schema looks up the operations of the app
        for number, one in enumerate(value):
            name = f"faults[{number}]"
            try:
                loaded.append(load_object(NewFault, one, name))
            except InvalidInput as error:
                problems = (
                    one if one.startswith(name) else f"{name}: {one}" for one in error.problems
                )
                raise InvalidInput(*problems) from None
    return tuple(loaded)


# --- the seed -------------------------------------------------------------------------------------


def _seed_contents(value: object, *, folder: Path) -> dict[str, Any]:
    """Return the contents of a workspace, from a file or as they are."""
    if isinstance(value, str | Path):
        value = _workspace_of_file(folder / value)
    elif not isinstance(value, Mapping):
        expected = 'the path of a seed, or the contents of a workspace such as {"leads": [...]}'
        raise InvalidInput(f"seed: expected {expected}, got {value!r:.80}")
    loaded: dict[str, Any] = load_object(WorkspaceContentsSchema, value, "seed")
    return loaded


def _workspace_of_file(path: Path) -> Mapping[str, Any]:
    try:
        value = parse_json(as_utf8(path.read_bytes()))
    except OSError as error:
        raise InvalidInput(f"seed: cannot read {path}: {error.strerror}") from None
    except InvalidInput as error:
        raise InvalidInput(f"seed: {path}: {error}") from None
    found = value.get("workspaces") if isinstance(value, dict) else None
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        got = f"{len(found)} workspaces" if isinstance(found, list) else f"{value!r:.80}"
        expected = 'a seed with one workspace, such as {"workspaces": [{"leads": []}]}'
        raise InvalidInput(f"seed: {path}: expected {expected}, got {got}")
    return dict(found[0])


def _with_implied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return options and those that their seed implies: its contract and its clock."""
    contents = values["seed"]
    clock = contents.get("clock", {})
    implied: dict[str, Any] = {}
    if clock.get("starts_at") is not None:
        implied["starts_at"] = clock["starts_at"]
    if clock.get("is_frozen"):
        implied["frozen"] = True
    pairs = values["pairs"]
    if "contract" in contents and "contract" not in values:
        implied["contract"], *options = contents["contract"].name.split("+")
        pairs = [*(tuple(one.split("=", 1)) for one in options), *pairs]
    return {**implied, **values, "pairs": pairs}


def _seed(contents: Mapping[str, Any], contract: Contract, now: datetime) -> WorkspaceSeed:
    return load_workspace(
        {**EMPTY, "jobs": asdict(_QUICK_JOBS), **contents, "contract": contract},
        now,
        path="seed",
        default_contract=contract,
        id_="",
        name="Test",
    )
