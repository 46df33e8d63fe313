"""Makes `docs/reference/contracts.md`."""

from collections.abc import Iterator

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.contracts.options import ABOUT, OPTIONS, ContractOption, value_text

_HEAD = (
    """\
# Contracts

SendPilot's documents contradict each other. A contract is one consistent interpretation of them.
Six have names:

| contract | what it stands for |
| --- | --- |
"""
    + "".join(f"| `{name}` | {about} |\n" for name, about in ABOUT.items())
    + """
Use `live` to integrate today, `documented` to write from the published page, and `strict` to fail
at home rather than in production. [Why there are contracts, and the
sources](../explanation/contradictions.md).

Under `strict`, PATCH accepts only the five newest statuses, `campaignId` is required, a POST
accepts 100 leads, leads have no `senderId`, pages of 50 conversations and notes of senders
without Premium respond 500, and a 400 has no sentences. Where no value is less than the others,
`strict` has that of `live`.

Choose a contract with `--contract`, in a workspace of the seed (`"contract": "live"`), or with
the marker `@pytest.mark.sendpilot("live")`. Each option can be set alone, to its value in another
contract or to one of its own values: `--contract-option patch_reply=schema`, `{"name": "live",
"options": {"patch_reply": "schema"}}`, `@pytest.mark.sendpilot("live", patch_reply="schema")`.
`mock-sendpilot contracts show live` prints every value.

The following is the same under every contract. Errors have the same body. An unknown route
responds 404 with `Cannot PUT /v1/...`. Unknown body fields are ignored. A PATCH that changes
nothing responds 200 and records no event.

This page is generated from `mock_sendpilot/contracts/options.py`.
"""
)


def page() -> str:
    """Return the page as Markdown."""
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
