"""Makes `docs/reference/events.md`."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone

import orjson

from mock_sendpilot.api.operation import CLIENTS, PAGES
from mock_sendpilot.cli.options import EXAMPLE_SECRET
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.webhooks.payloads import event_type, payload
from mock_sendpilot.webhooks.signing import sign
from mock_sendpilot.world.samples import sample_event

_HEAD = """\
# Events

There are twelve events. Their names and the keys of their data depend on the
[contract](contracts.md); the envelope is `eventId`, `eventType`, `timestamp`, `workspaceId`,
`data` under each of them. This page shows every event under every contract, with an example of
its body. The headings are the current names.

`mock-sendpilot trigger EVENT` sends any of them. [Webhooks](webhooks.md) describes how they are
delivered. This page is generated from the code that makes the bodies.
"""

_EVENT_NOTES: Mapping[str, tuple[str, str]] = {
    words.MESSAGE_SENT: (f"{PAGES} and {CLIENTS}", ""),
    words.REPLY_RECEIVED: (f"{PAGES} and {CLIENTS}", ""),
    words.CONNECTION_REQUEST_SENT: (f"{PAGES} and {CLIENTS}", "`note` only of a Premium sender"),
    words.CONNECTION_REQUEST_ACCEPTED: (f"{PAGES} and {CLIENTS}", ""),
    words.CAMPAIGN_STARTED: ("one good source", ""),
    words.CAMPAIGN_PAUSED: (PAGES, ""),
    words.CAMPAIGN_RESUMED: (PAGES, ""),
    words.CAMPAIGN_FINISHED: (f"{PAGES}, by its name alone", "its whole data"),
    words.LEAD_UPDATED: (f"{PAGES} and {CLIENTS}", ""),
    words.LEAD_TAG_UPDATED: (
        "its name, and the tests of a client in production",
        "tags are codes of customLeadStatus",
    ),
    words.SEARCH_COMPLETED: (PAGES, "to a job's own `webhook_url` it is not signed"),
    words.EXTRACTION_COMPLETED: (PAGES, "to a job's own `webhook_url` it is not signed"),
}


_SIGNED_AT = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)


def page() -> str:
    """Return the page as Markdown."""
    lines = [_HEAD, *_signed_request()]
    for name in words.EVENT_TYPES:
        lines += _section(name)
    return "\n".join(lines)


def _signed_request() -> Iterator[str]:
    yield "## A signed request\n"
    yield "The same event, signed under each scheme. A contract may use several schemes at once.\n"
    contract = CONTRACTS["live"]
    body = _body(words.LEAD_UPDATED, contract)
    yield "```http\nPOST /webhooks HTTP/1.1\nContent-Type: application/json"
    for scheme in ("documented", "svix", "standardwebhooks"):
        headers = sign(
            [scheme],
            secret=EXAMPLE_SECRET,
            message_id="msg_2uVxR3kQm8dWcT5nLhYb0Zf4PaE",
            timestamp=int(_SIGNED_AT.timestamp()),
            body=body,
        )
        yield from (f"{name}: {value}" for name, value in headers.items())
    yield f"\n{body.decode()}\n```\n"
    yield f"The secret is `{EXAMPLE_SECRET}`.\n"


def _section(name: str) -> Iterator[str]:
    source, invented = _EVENT_NOTES[name]
    yield f"## {name}\n"
    yield f"- known from {source} ([sources](../explanation/contradictions.md#sources))"
    if invented:
        yield f"- invented: {invented}"
    yield ""
    contracts_by_text: dict[str, list[str]] = {}
    for key, contract in CONTRACTS.items():
        contracts_by_text.setdefault(_text(name, contract), []).append(f"`{key}`")
    for text, contracts in contracts_by_text.items():
        yield f"Under {', '.join(contracts)}{text}"


def _text(name: str, contract: Contract) -> str:
    """Return the name of the event and its body under a contract."""
    called = event_type(sample_event(name), contract)
    if called is None:
        return " there is no such event.\n"
    body = orjson.dumps(orjson.loads(_body(name, contract)), option=orjson.OPT_INDENT_2).decode()
    return f" it is `{called}`:\n\n```json\n{body}\n```\n"


def _body(name: str, contract: Contract) -> bytes:
    event = sample_event(name)
    return payload(event, event_type(event, contract) or name, contract).body
