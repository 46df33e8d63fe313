"""The references between the parts of a seed: ids that repeat, or that nothing has."""

from collections.abc import Iterable, Iterator
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.control.seed_parts import Part
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.webhooks.endpoints import check_endpoint

_MAX_IDS = 5


def reference_problems(workspaces: list[Part], default_contract: Contract) -> Iterator[str]:
    """Yield each fault between the parts: its JSON path, and what is wrong there."""
    yield from _repeated("$.workspaces", workspaces)
    yield from _repeated_keys(workspaces)
    for index, workspace in enumerate(workspaces):
        contract = workspace.get("contract", default_contract)
        yield from contents_problems(f"$.workspaces[{index}]", workspace, contract)


def contents_problems(
    path: str,
    contents: Part,
    contract: Contract,
    *,
    sender_ids: Iterable[str] = (),
    campaign_ids: Iterable[str] = (),
) -> Iterator[str]:
    """Yield each fault between the parts of a workspace, which may have other parts already."""
    for kind in ("senders", "campaigns", "leads", "conversations", "people"):
        yield from _repeated(f"{path}.{kind}", contents[kind])
    yield from _repeated(f"{path}.people", contents["people"], "linkedin_url")
    yield from _campaigns_without_sender(f"{path}.campaigns", contents["campaigns"])
    senders = _KnownIds("a sender", (*sender_ids, *(one["id"] for one in contents["senders"])))
    own_campaign_ids = (one["id"] for one in contents["campaigns"])
    campaigns = _KnownIds("a campaign", (*campaign_ids, *own_campaign_ids))
    yield from _dangling_ids(path, contents, senders, campaigns)
    yield from _repeated_people(f"{path}.leads", contents["leads"], "campaign")
    yield from _repeated_people(f"{path}.conversations", contents["conversations"], "sender")
    yield from _invalid_endpoints(f"{path}.endpoints", contents["endpoints"], contract)


def _repeated(path: str, parts: Iterable[Part], field: str = "id") -> Iterator[str]:
    first: dict[Any, int] = {}
    for index, part in enumerate(parts):
        if part[field] in first:
            other = f"{path}[{first[part[field]]}]"
            got = f"{part[field]!r}, which is that of {other}, too"
            yield f"{path}[{index}].{field}: expected a unique value, got {got}"
        first.setdefault(part[field], index)


def _repeated_keys(workspaces: list[Part]) -> Iterator[str]:
    first: dict[str, str] = {}
    for index, workspace in enumerate(workspaces):
        for number, api_key in enumerate(workspace["api_keys"]):
            path = f"$.workspaces[{index}].apiKeys[{number}].key"
            if api_key["key"] in first:
                yield f"{path}: expected a unique key, got that of {first[api_key['key']]}"
            first.setdefault(api_key["key"], path)


def _repeated_people(path: str, parts: Iterable[Part], owner: str) -> Iterator[str]:
    first: dict[tuple[str, str], int] = {}
    for index, part in enumerate(parts):
        person = part[f"{owner}_id"], part["linkedin_url"]
        if person in first:
            yield (
                f"{path}[{index}].linkedinUrl: expected one that is unique within a {owner}, "
                f"got {person[1]}, which is that of {path}[{first[person]}], too"
            )
        first.setdefault(person, index)


def _campaigns_without_sender(path: str, campaigns: Iterable[Part]) -> Iterator[str]:
    for index, campaign in enumerate(campaigns):
        if campaign["sequence"] and not campaign["sender_ids"]:
            yield (
                f"{path}[{index}].senderIds: expected a sender, since the campaign has a "
                "sequence, got none"
            )


def _dangling_ids(
    path: str, workspace: Part, senders: "_KnownIds", campaigns: "_KnownIds"
) -> Iterator[str]:
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


class _KnownIds:
    """The ids of one kind that a workspace has; a problem names the first few of them."""

    def __init__(self, kind: str, ids: Iterable[str]) -> None:
        self._ids = set(ids)
        names = ", ".join(sorted(self._ids)[:_MAX_IDS]) or "none"
        more = f" and {len(self._ids) - _MAX_IDS:,} more" if len(self._ids) > _MAX_IDS else ""
        self._expected = f"expected the id of {kind} of this workspace ({names}{more})"

    def problems(self, path: str, found: str) -> Iterator[str]:
        if found not in self._ids:
            yield f"{path}: {self._expected}, got {found!r}"


def _invalid_endpoints(path: str, endpoints: Iterable[Part], contract: Contract) -> Iterator[str]:
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
