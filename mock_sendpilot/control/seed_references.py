"""What a seed's parts must be to each other: no id twice, no reference to what is not there."""

from collections.abc import Iterable, Iterator
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.webhooks.endpoints import check_endpoint

Part = dict[str, Any]
Problem = str

_MAX_IDS = 5


def reference_problems(workspaces: list[Part], default_contract: Contract) -> Iterator[Problem]:
    """Every fault between the parts: a JSON path, and what is wrong there."""
    yield from _twice("$.workspaces", "id", workspaces)
    yield from _keys_twice(workspaces)
    for index, workspace in enumerate(workspaces):
        path = f"$.workspaces[{index}]"
        for kind in ("senders", "campaigns", "leads", "conversations", "people"):
            yield from _twice(f"{path}.{kind}", "id", workspace[kind])
        yield from _twice(f"{path}.people", "linkedin_url", workspace["people"])
        yield from _nobody_sends(path, workspace)
        yield from _dangling(path, workspace)
        yield from _same_person(f"{path}.leads", "campaign_id", workspace["leads"])
        yield from _same_person(f"{path}.conversations", "sender_id", workspace["conversations"])
        contract = workspace.get("contract", default_contract)
        yield from _endpoints(f"{path}.endpoints", workspace["endpoints"], contract)


def _twice(path: str, field: str, parts: Iterable[Part]) -> Iterator[Problem]:
    first: dict[Any, int] = {}
    for index, part in enumerate(parts):
        if part[field] in first:
            other = f"{path}[{first[part[field]]}]"
            yield f"{path}[{index}].{field}: must be unique; {part[field]!r} is that of {other} too"
        first.setdefault(part[field], index)


def _keys_twice(workspaces: list[Part]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for index, workspace in enumerate(workspaces):
        for number, api_key in enumerate(workspace["api_keys"]):
            path = f"$.workspaces[{index}].apiKeys[{number}].key"
            if api_key["key"] in first:
                yield f"{path}: must be unique; it is that of {first[api_key['key']]} too"
            first.setdefault(api_key["key"], path)


def _dangling(path: str, workspace: Part) -> Iterator[Problem]:
    senders = _Known("a sender", workspace["senders"])
    campaigns = _Known("a campaign", workspace["campaigns"])
    for index, campaign in enumerate(workspace["campaigns"]):
        for number, sender_id in enumerate(campaign["sender_ids"]):
            where = f"{path}.campaigns[{index}].senderIds[{number}]"
            yield from senders.problems(where, sender_id)
    for index, lead in enumerate(workspace["leads"]):
        where = f"{path}.leads[{index}]"
        yield from campaigns.problems(f"{where}.campaignId", lead["campaign_id"])
        if lead.get("sender_id") is not None:
            yield from senders.problems(f"{where}.senderId", lead["sender_id"])
    for index, conversation in enumerate(workspace["conversations"]):
        where = f"{path}.conversations[{index}].senderId"
        yield from senders.problems(where, conversation["sender_id"])


def _nobody_sends(path: str, workspace: Part) -> Iterator[Problem]:
    for index, campaign in enumerate(workspace["campaigns"]):
        if campaign["sequence"] and not campaign["sender_ids"]:
            yield (
                f"{path}.campaigns[{index}].senderIds: must name a sender, since the campaign has "
                "a sequence; it was empty"
            )


class _Known:
    """The ids of one kind that a workspace has; a problem names the first few of them."""

    def __init__(self, what: str, parts: Iterable[Part]) -> None:
        self._ids = {part["id"] for part in parts}
        names = ", ".join(sorted(self._ids)[:_MAX_IDS]) or "none"
        more = f" and {len(self._ids) - _MAX_IDS:,} more" if len(self._ids) > _MAX_IDS else ""
        self._expected = f"must be the id of {what} of this workspace ({names}{more})"

    def problems(self, path: str, found: str) -> Iterator[Problem]:
        """The problem of an id that is none of them."""
        if found not in self._ids:
            yield f"{path}: {self._expected}; it was {found!r}"


def _same_person(path: str, owner: str, parts: Iterable[Part]) -> Iterator[Problem]:
    within = {"campaign_id": "a campaign", "sender_id": "a sender"}[owner]
    first: dict[tuple[str, str], int] = {}
    for index, part in enumerate(parts):
        person = part[owner], part["linkedin_url"]
        if person in first:
            yield (
                f"{path}[{index}].linkedinUrl: must be unique within {within}; "
                f"{person[1]} is that of {path}[{first[person]}] too"
            )
        first.setdefault(person, index)


def _endpoints(path: str, endpoints: Iterable[Part], contract: Contract) -> Iterator[Problem]:
    for index, endpoint in enumerate(endpoints):
        try:
            check_endpoint(
                contract,
                url=endpoint["url"],
                secret=endpoint.get("secret"),
                event_types=endpoint.get("event_types"),
                settings=endpoint["settings"],
            )
        except InvalidInput as error:
            for problem in error.problems:
                yield f"{path}[{index}]: {problem}"
