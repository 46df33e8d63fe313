"""From a fixtures file to the seeds of workspaces; parts of them from values of Python code.

All of a file is checked before any of it is used.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields as fields_of
from dataclasses import is_dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from mock_sendpilot.api.fields import AnyField
from mock_sendpilot.api.problems import problems_of, sentences
from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.contracts.options import DOCUMENTED
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.control.seed_format import (
    CampaignSchema,
    CreditsSchema,
    LeadSchema,
    SeedSchema,
    SenderSchema,
    StepSchema,
)
from mock_sendpilot.control.seed_references import Part, contents_problems, reference_problems
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import as_utf8, parse_json, plain_json
from mock_sendpilot.matching import camel_case
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.inbox import Conversation, Message, participant
from mock_sendpilot.world.models import (
    ApiKey,
    Campaign,
    Counters,
    DailyLimits,
    FoundLead,
    JobTiming,
    Lead,
    Sender,
    Step,
)
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed

DEMO = "demo.json"

Watch = Callable[[Iterable[Any], int], Iterable[Any]]
EMPTY: Mapping[str, Sequence[Any]] = dict.fromkeys(
    ("api_keys", "senders", "campaigns", "leads", "conversations", "people", "endpoints"), ()
)
"""The contents of an empty workspace as their schema loads them."""


def demo_text() -> bytes:
    """Return the demo world, which is in `fixtures/` of a checkout and in the package elsewhere."""
    shipped = files("mock_sendpilot") / "fixtures" / DEMO
    if shipped.is_file():
        return shipped.read_bytes()
    return (Path(__file__).parents[2] / "fixtures" / DEMO).read_bytes()


def empty_seed(api_key: str = "YOUR_API_KEY") -> WorkspaceSeed:
    """Return a workspace with nothing but one key, by default that of the vendor's example."""
    return WorkspaceSeed(id="ws_empty", name="Empty", api_keys=(ApiKey(key=api_key),))


def parse_seed(
    text: bytes,
    *,
    now: datetime,
    default_contract: Contract = CONTRACTS[DOCUMENTED],
    watch: Watch | None = None,
) -> list[WorkspaceSeed]:
    """Return the workspaces of a fixtures file.

    Args:
        text: JSON; a byte order mark before it is left out.
        now: the time of a `createdAt` or `updatedAt` that is left out.
        default_contract: of workspaces that name none; it decides which event types exist.
        watch: a function that yields the leads of a workspace, which it gets with their number. It
            may show how far they have been checked.

    Raises:
        InvalidInput: one problem for each fault, each with its JSON path, what was found and what
            was expected.
    """
    try:
        raw: Any = parse_json(as_utf8(text))
    except InvalidInput as error:
        raise InvalidInput(f"$: {error}") from error
    if watch is not None:
        _watch_leads(raw, watch)
    try:
        loaded: Part = SeedSchema().load(raw)
        del raw  # that of many leads occupies as much as they do
    except ValidationError as error:
        raise InvalidInput(*(f"{path}: {text}" for path, text in sentences(error, "$"))) from error
    problems = list(reference_problems(loaded["workspaces"], default_contract))
    if problems:
        raise InvalidInput(*problems)
    return [_workspace(workspace, now) for workspace in loaded["workspaces"]]


class _WatchedList(list[Any]):
    """A list whose items somebody watches."""

    def __init__(self, items: list[Any], watch: Watch) -> None:
        super().__init__(items)
        self._watch = watch

    def __iter__(self) -> Iterator[Any]:
        return iter(self._watch(super().__iter__(), len(self)))


def _watch_leads(document: object, watch: Watch) -> None:
    """Let the leads of a seed be watched, if it is one; it has not been checked yet."""
    workspaces = document.get("workspaces") if isinstance(document, dict) else None
    for workspace in workspaces if isinstance(workspaces, list) else ():
        if isinstance(workspace, dict) and isinstance(workspace.get("leads"), list):
            workspace["leads"] = _WatchedList(workspace["leads"], watch)


# --- from parts to objects of the world ---------------------------------------------------------


def load_workspace(
    contents: Part,
    now: datetime,
    *,
    path: str,
    default_contract: Contract,
    id_: str,
    name: str,
    random_seed: str | None = None,
) -> WorkspaceSeed:
    """Make the seed of a workspace of what `WorkspaceContentsSchema` has loaded.

    Args:
        contents: the fields.
        now: the time of a `createdAt` or `updatedAt` that is left out.
        path: stands for the contents in errors.
        default_contract: the contract if the contents name none.
        id_: the id if the contents have none.
        name: the name if the contents have none.
        random_seed: the seed of all chance; by default the id.

    Raises:
        InvalidInput: the parts do not fit together; it says which and why.
    """
    contract = contents.get("contract", default_contract)
    problems = list(contents_problems(path, contents, contract))
    if problems:
        raise InvalidInput(*problems)
    seed = _workspace({"id": id_, "name": name, **contents}, now)
    return replace(seed, random_seed=random_seed)


def load_contents(
    contents: Part,
    now: datetime,
    *,
    path: str,
    contract: Contract,
    sender_ids: Iterable[str],
    campaign_ids: Iterable[str],
) -> tuple[WorkspaceSeed, Balance | None]:
    """Make a seed to be merged, and its credits if any, of what `ContentsSchema` has loaded.

    Args:
        contents: the fields.
        now: the time of a `createdAt` or `updatedAt` that is left out.
        path: stands for the contents in errors.
        contract: the contract of the workspace.
        sender_ids: the senders that the workspace has.
        campaign_ids: the campaigns that the workspace has.

    Raises:
        InvalidInput: the parts do not fit together; it says which and why.
    """
    known = {"sender_ids": sender_ids, "campaign_ids": campaign_ids}
    problems = list(contents_problems(path, contents, contract, **known))
    if problems:
        raise InvalidInput(*problems)
    seed = _workspace({"id": "", "name": "", "api_keys": (), **contents}, now)
    return seed, seed.credits if "credits" in contents else None


def _workspace(part: Part, now: datetime) -> WorkspaceSeed:
    optional: Part = {**part.get("clock", {})}
    if "credits" in part:
        optional["credits"] = _balance(part["credits"], now)
    if "jobs" in part:
        optional["job_timing"] = JobTiming(**part["jobs"])
    # A store has leads without their behaviors, and senders without their connections.
    behaviors = {lead["id"]: lead.pop("behavior", None) for lead in part["leads"]}
    return WorkspaceSeed(
        id=part["id"],
        name=part["name"],
        contract=part.get("contract"),
        plan=part.get("plan"),
        api_keys=tuple(load_api_key(key) for key in part["api_keys"]),
        connections={one["id"]: tuple(one.pop("connections")) for one in part["senders"]},
        senders=tuple(_sender(sender) for sender in part["senders"]),
        campaigns=tuple(_campaign(campaign, now) for campaign in part["campaigns"]),
        leads=tuple(_leads(part["leads"], now)),
        behaviors={
            lead_id: behavior for lead_id, behavior in behaviors.items() if behavior is not None
        },
        conversations=tuple(_conversation(one) for one in part["conversations"]),
        people=tuple(_person(one) for one in part["people"]),
        endpoints=tuple(EndpointSeed(**endpoint) for endpoint in part["endpoints"]),
        **optional,
    )


def _leads(parts: Iterable[Part], now: datetime) -> Iterator[Lead]:
    """Yield leads that share what is the same, since there may be a million of them."""
    no_fields: Part = {}
    shared: dict[str | None, str | None] = {}
    for part in parts:
        for name in ("campaign_id", "sender_id"):
            part[name] = shared.setdefault(part.get(name), part.get(name))
        part["custom_fields"] = part["custom_fields"] or no_fields
        created_at = part.setdefault("created_at", now)
        part.setdefault("updated_at", created_at)
        yield Lead(**part)


def _balance(part: Part, now: datetime) -> Balance:
    """Return credits; monthly ones are renewed on the first of next month, by default."""
    # 32 days after the first of any month are in the next one.
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    midnight = next_month.replace(hour=0, minute=0, second=0, microsecond=0)
    default = {"next_reset_at": midnight if part["monthly"] else None}
    return Balance(**{**default, **part})


def load_api_key(part: Part) -> ApiKey:
    """Make an API key of what `ApiKeySchema` has loaded."""
    scopes = part.pop("scopes", None)
    return ApiKey(scopes=frozenset(scopes) if scopes is not None else None, **part)


def _sender(part: Part) -> Sender:
    limits = DailyLimits(**part.pop("limits"))
    return Sender(**part, daily_limits=limits)


def _campaign(part: Part, now: datetime) -> Campaign:
    return Campaign(
        **{
            **_dated(part, now),
            "sender_ids": tuple(part["sender_ids"]),
            "sequence": tuple(part["sequence"]),
            "counters": Counters(**part["counters"]),
        }
    )


def _conversation(part: Part) -> tuple[Conversation, tuple[Message, ...]]:
    # A seed may list them in any order; the ids that it leaves out count from the earliest.
    in_order = sorted(part["messages"], key=lambda message: message["sent_at"])
    messages = tuple(
        Message(**{"id": f"msg_{part['id']}_{number}", **message})
        for number, message in enumerate(in_order, 1)
    )
    conversation = Conversation(
        id=part["id"],
        sender_id=part["sender_id"],
        participant=participant(
            part["linkedin_url"], part.get("name", ""), picture_url=part.get("profile_picture_url")
        ),
        created_at=messages[0].sent_at,
        updated_at=messages[-1].sent_at,
        unread_count=part["unread_count"],
    )
    return conversation, messages


def _person(part: Part) -> FoundLead:
    full_name = f"{part['first_name']} {part['last_name']}"
    return FoundLead(**{"full_name": full_name, **part})


def _dated(part: Part, now: datetime) -> Part:
    created_at = part.get("created_at", now)
    return {**part, "created_at": created_at, "updated_at": part.get("updated_at", created_at)}


# --- parts from values of Python code -----------------------------------------------------------


def load_campaign(
    values: Mapping[str, Any], sequence: Iterable[Step | Mapping[str, Any]], now: datetime
) -> Campaign:
    """Make a campaign of the fields of its schema, by their names in Python.

    Args:
        values: its fields except for the sequence.
        sequence: steps as they are, or written as in a seed.
        now: the time of a `created_at` or `updated_at` that is left out.

    Raises:
        InvalidInput: a field is unknown or invalid; it says which and why.
    """
    part = _load_fields(CampaignSchema, values)
    part["sequence"] = [_load_step(step, number) for number, step in enumerate(sequence)]
    return _campaign(part, now)


def _load_step(step: Step | Mapping[str, Any], number: int) -> Step:
    path = f"sequence[{number}]"
    if isinstance(step, Step):
        plain_json((step.text, *step.answers), path)  # refuses texts that no webhook can hold
        return step
    loaded: Step = load_object(StepSchema, step, path)
    return loaded


def load_lead(values: Mapping[str, Any], now: datetime) -> Lead:
    """Make a lead of the fields of its schema, by their names in Python.

    Raises:
        InvalidInput: a field is unknown or invalid; it says which and why.
    """
    return Lead(**_dated(_load_fields(LeadSchema, values, without=("behavior",)), now))


def load_sender(values: Mapping[str, Any]) -> tuple[Sender, tuple[str, ...]]:
    """Make a sender of the fields of its schema, by their names in Python.

    Returns:
        The sender, and the profile URLs of its connections.

    Raises:
        InvalidInput: a field is unknown or invalid; it says which and why.
    """
    part = _load_fields(SenderSchema, values)
    connections = tuple(part.pop("connections"))
    return _sender(part), connections


def load_credits(values: Mapping[str, Any], now: datetime) -> Balance:
    """Make a balance of the fields of its schema, by their names in Python.

    Raises:
        InvalidInput: a field is unknown or invalid; it says which and why.
    """
    return _balance(_load_fields(CreditsSchema, values), now)


def load_value(field: AnyField, value: object, name: str) -> Any:
    """Load a single value with a field of a schema.

    Args:
        field: the field.
        value: any value of Python code.
        name: stands for it in the error.

    Raises:
        InvalidInput: the value is invalid, or JSON cannot hold it.
    """
    try:
        return field.deserialize(plain_json(value, name))
    except ValidationError as error:
        raise InvalidInput(*(f"{name}: {problem}" for problem in problems_of(error))) from None


def load_object(schema: type[Strict], value: object, name: str) -> Any:
    """Load an object of Python code that is written as the JSON of a schema.

    Args:
        schema: the schema.
        value: any value of Python code.
        name: stands for it in the error.

    Raises:
        InvalidInput: the value is invalid, or JSON cannot hold it; it has the path of each part.
    """
    try:
        return schema().load(plain_json(value, name))
    except ValidationError as error:
        problems = sentences(error, name)
        raise InvalidInput(*(f"{path}: {text}" for path, text in problems)) from None


def _load_fields(
    schema: type[Strict], values: Mapping[str, Any], *, without: tuple[str, ...] = ()
) -> Part:
    plain = {name: plain_json(_as_in_seed(value), name) for name, value in values.items()}
    try:
        part: Part = _with_python_names(schema, without).load(plain)
    except ValidationError as error:
        raise InvalidInput(*problems_of(error)) from None
    return part


@cache  # it takes longer to make a schema than to load with it
def _with_python_names(schema: type[Strict], without: tuple[str, ...]) -> Strict:
    return schema(has_python_names=True, exclude=without)


def _as_in_seed(value: object) -> object:
    """Return a time, or an object of the world, as a seed would have it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if is_dataclass(value) and not isinstance(value, type):
        return {camel_case(field.name): getattr(value, field.name) for field in fields_of(value)}
    return value
