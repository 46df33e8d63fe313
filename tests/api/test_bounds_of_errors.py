"""Errors stay small, whatever is wrong with a request; hints are headers that any client takes."""

from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput, Problem
from mock_sendpilot.server import EmulatorServer
from tests.support import DEMO_KEY, Api

SEARCH = "/v1/lead-database/searches"
MAX_BYTES = 25_000


def search(filters: dict[str, object]) -> dict[str, object]:
    return {"name": "s", "limit": 5, "filters": filters}


def test_many_invalid_items_make_one_sentence_and_a_short_hint(api: Api) -> None:
    reply = api("POST", SEARCH, json=search({"job_titles": [5] * 20_000}))

    assert reply.json["errors"] == ["filters.each value in job_titles must be a string"]
    assert len(reply.headers["x-emulator-hint"]) <= 1000
    assert reply.headers["x-emulator-hint"].endswith("and 19,980 more")


def test_a_detailed_message_names_the_first_20_problems_and_how_many_more(
    api_under: Callable[..., Api],
) -> None:
    api = api_under("live", validation_message="detailed")
    reply = api("POST", SEARCH, json=search({"job_titles": [5] * 20_000}))

    assert (reply.status, len(reply.body) < MAX_BYTES) == (400, True)
    assert reply.json["message"].endswith("; and 19,980 more")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"/v1/leads?status={'x' * 100_000}", id="a parameter"),
        pytest.param(f"/v1/leads?{'x' * 100_000}=1&page=0", id="the name of a parameter"),
        pytest.param(f"/v1/lead-database/filters?filter={'x' * 100_000}", id="a filter"),
        pytest.param(f"/_emulate/deliveries?{'x' * 100_000}=1", id="an unknown field"),
        pytest.param(f"/_emulate/deliveries?state={'x' * 100_000}", id="a choice"),
        pytest.param(f"/openapi.json?contract={'x' * 100_000}", id="a contract"),
    ],
)
def test_a_long_value_makes_a_short_error(api: Api, path: str) -> None:
    reply = api("GET", path)

    assert (reply.status, len(reply.body) < MAX_BYTES) == (400, True)
    assert len(reply.headers.get("x-emulator-hint", "")) <= 1000


def test_many_bad_leads_in_a_post_have_a_short_reason_each(api: Api) -> None:
    leads = [{"linkedinUrl": 5, "firstName": "x" * 9000, "email": ["x" * 9000]}] * 40
    reply = api("POST", "/v1/leads", json={"campaignId": "camp_xyz789", "leads": leads})

    assert max(len(one["reason"]) for one in reply.json["errors"]) < 300


def test_an_error_keeps_20_problems_and_counts_the_others() -> None:
    error = InvalidInput(*(f"problem {number}" for number in range(1_000_000)))

    assert error.problems == (*(f"problem {number}" for number in range(20)), "and 999,980 more")
    assert len(str(error)) < 400


def test_a_long_problem_loses_its_middle() -> None:
    long = Problem.expected("a, " * 1000, got='"b"')
    (problem,) = InvalidInput(long).problems

    assert len(problem) <= 1000
    assert problem.startswith("expected a, a, ")
    assert problem.endswith(', got "b"')
    assert isinstance(problem, Problem)
    assert len(problem.rule) <= 1000


# --- headers ------------------------------------------------------------------------------------


ODD_TEXTS = [
    *map(chr, (*range(33), *range(127, 161))), "\u2028", "é😀", " " * 50, "\\", "\x00" * 5000
]  # fmt: skip


def send_message(client: httpx.Client, text: str) -> httpx.Response:
    return client.post("/v1/inbox/send", json={"senderId": text, "message": text})


def start_search(client: httpx.Client, text: str) -> httpx.Response:
    return client.post(SEARCH, json=search({f"x{text}": 1}))


def get_lead(client: httpx.Client, text: str) -> httpx.Response:
    return client.get(f"/v1/leads/x{quote(text)}")


def list_leads(client: httpx.Client, text: str) -> httpx.Response:
    return client.get(f"/v1/leads?status={quote(text)}&x{quote(text)}=1")


@pytest.mark.parametrize(
    ("send", "status"),
    [
        pytest.param(start_search, 201, id="name of a filter"),
        pytest.param(send_message, 400, id="value of a field"),
        pytest.param(get_lead, 404, id="id"),
        pytest.param(list_leads, 400, id="name and value of a parameter"),
    ],
)
def test_httpx_accepts_hints_about_odd_characters(
    emulator: Emulator, send: Callable[[httpx.Client, str], httpx.Response], status: int
) -> None:
    headers = {"X-API-Key": DEMO_KEY}
    with (
        EmulatorServer(emulator) as server,
        httpx.Client(base_url=server.origin, headers=headers, trust_env=False) as client,
    ):
        replies = {text: send(client, text) for text in ODD_TEXTS}

    assert [text for text, reply in replies.items() if reply.status_code != status] == []
    hints = [reply.headers["x-emulator-hint"] for reply in replies.values()]
    assert [hint for hint in hints if not (hint.isprintable() and hint.isascii())] == []


def test_a_hint_escapes_control_characters(api: Api) -> None:
    reply = api("POST", SEARCH, json=search({"job\x00titles": 1}))

    assert "\\x00" in reply.headers["x-emulator-hint"]
