"""Makes `docs/contracts.md`: `python -m tests.project.contracts_page > docs/contracts.md`."""

import sys
from collections.abc import Iterator

from mock_sendpilot.cli.contracts import value_text
from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.contracts.options import OPTIONS, ContractOption

_HEAD = """\
# Contracts

SendPilot's documents contradict each other. A contract is one consistent interpretation of them;
six have names:

| name | what it stands for |
| --- | --- |
| `documented` | the published page, both of its halves at once: satisfies a client of either half |
| `example` | only the hand-written half of that page: three statuses, the five-key reply |
| `schema` | only its OpenAPI half: six statuses, `note`, the four-key reply |
| `live` | what the service does now, as its newest specification and its clients show |
| `strict` | for each option the value that accepts and promises least, of all sources |
| `observed` | `live`, with all that clients saw in production and hardly anybody expects |

Integrating today: `live`. Writing from the published page: `documented`. To fail at home rather
than in production: `strict`.

A client that passes under `strict` leans on nothing doubtful. PATCH accepts only the five newest
statuses, `campaignId` is required, a POST accepts 100 leads, leads have no `senderId`, pages of 50
conversations and notes of senders without Premium answer 500, and a 400 has no sentences. Where no
value is less than the others, `strict` has that of `live`.

Choose one with `--contract`, in a workspace of the seed (`"contract": "live"`), or with the marker
`@pytest.mark.sendpilot("live")`. Each option can be set alone, to its value in another contract or
to one of its extra values: `--contract-option patch_reply=schema`, `{"name": "live", "options":
{"patch_reply": "schema"}}`, `@pytest.mark.sendpilot("live", patch_reply="schema")`.

The sources: the published page, whose hand-written half contradicts its OpenAPI half; the older
pages, to which it belongs, and the newer ones; the earlier and the newest specification; clients,
whose public code shows what the service did in production. Where the source is
unknown, the default is invented.

The same under every contract: the error envelope, unknown routes answer 404 `Cannot PUT /v1/...`,
unknown body fields are ignored, a PATCH that changes nothing is 200 and records no event.

This page is made from `mock_sendpilot/contracts/options.py`.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *(line for key in OPTIONS for line in _section(key, OPTIONS[key]))])


def _section(key: str, option: ContractOption) -> Iterator[str]:
    yield f"## {key}\n"
    yield f"{_capitalized(option.about)}. Source: {option.source}.\n"
    yield "| value | meaning |\n| --- | --- |"
    earlier: dict[str, str] = {}
    for name, value in option.values().items():
        text = value_text(value)
        yield f"| `{name}` | {f'as `{earlier[text]}`' if text in earlier else text} |"
        if name in CONTRACTS:
            earlier.setdefault(text, name)
    yield ""


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


if __name__ == "__main__":
    sys.stdout.write(page())
