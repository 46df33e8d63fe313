"""From a fixtures file to the seeds of workspaces; parts of them from values of Python code.

All of a file is checked before any of it is used.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields as fields_of
from dataclasses import is_dataclass, replace
from datetime import datetime
from functools import cache
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
from mock_sendpilot.control.seed_parts import (
    Part,
    balance_of,
    campaign_of,
    dated,
    sender_of,
    workspace_seed,
)
from mock_sendpilot.control.seed_references import contents_problems, reference_problems
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import as_utf8, parse_json, plain_json
from mock_sendpilot.matching import camel_case
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.models import Campaign, Lead, Sender, Step
from mock_sendpilot.world.seed import WorkspaceSeed

Watch = Callable[[Iterable[Any], int], Iterable[Any]]


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
    return [workspace_seed(workspace, now) for workspace in loaded["workspaces"]]


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


# --- parts from requests ------------------------------------------------------------------------


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
    seed = workspace_seed({"id": id_, "name": name, **contents}, now)
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
    seed = workspace_seed({"id": "", "name": "", "api_keys": (), **contents}, now)
    return seed, seed.credits if "credits" in contents else None


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
    return campaign_of(part, now)


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
    return Lead(**dated(_load_fields(LeadSchema, values, without=("behavior",)), now))


def load_sender(values: Mapping[str, Any]) -> tuple[Sender, tuple[str, ...]]:
    """Make a sender of the fields of its schema, by their names in Python.

    Returns:
        The sender, and the profile URLs of its connections.

    Raises:
        InvalidInput: a field is unknown or invalid; it says which and why.
    """
    part = _load_fields(SenderSchema, values)
    connections = tuple(part.pop("connections"))
    return sender_of(part), connections


def load_credits(values: Mapping[str, Any], now: datetime) -> Balance:
    """Make a balance of the fields of its schema, by their names in Python.

    Raises:
        InvalidInput: a field is unknown or invalid; it says which and why.
    """
    return balance_of(_load_fields(CreditsSchema, values), now)


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
