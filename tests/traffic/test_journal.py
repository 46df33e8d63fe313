"""The request journal: entries from raw requests, limits, and waits."""

import threading
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sendpilot.errors import NotFound
from mock_sendpilot.matching import RequestPattern
from mock_sendpilot.traffic.journal import OPERATION_ID, JournalEntry, RequestJournal
from mock_sendpilot.traffic.wsgi_request import MAX_BODY_BYTES
from tests.conftest import NOW
from tests.support import eventually, occupied_bytes

KEY = "sp_test_0123456789abcdef"


def entry(
    path: str = "/v1/leads",
    *,
    entry_id: str = "req_1",
    method: str = "GET",
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    status: int = 200,
    response: bytes = b"{}",
    response_headers: tuple[tuple[str, str], ...] = (),
    operation: str | None = None,
) -> JournalEntry:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        **{f"HTTP_{name.upper().replace('-', '_')}": one for name, one in (headers or {}).items()},
        **({} if operation is None else {OPERATION_ID: operation}),
    }
    return JournalEntry(
        entry_id,
        environ,
        (f"{status} OK", response_headers, response),
        at=NOW,
        received=NOW.timestamp(),
        duration_seconds=0.5,
        api_key_name="CI",
        events=("evt_1",),
    )


def test_an_entry_has_the_facts_of_its_request() -> None:
    made = entry(
        "/v1/leads/lead_1/status",
        method="PATCH",
        query="a=1&b=x&b=y&c=",
        headers={"User-Agent": "client/1"},
        body=b'{"status": "DONE"}',
        operation="leads.updateStatus",
    )
    assert (made.method, made.path) == ("PATCH", "/v1/leads/lead_1/status")
    assert made.query == {"a": "1", "b": ["x", "y"], "c": ""}
    assert made.headers == {"Content-Length": "18", "User-Agent": "client/1"}
    assert (made.body, made.json) == (b'{"status": "DONE"}', {"status": "DONE"})
    assert (made.operation, made.api_key_name) == ("leads.updateStatus", "CI")
    assert (made.at, made.received_at) == (NOW, NOW)
    assert made.events == ("evt_1",)


def test_an_entry_has_the_facts_of_its_response() -> None:
    made = entry(status=404, response=b'{"a":1}', response_headers=(("Retry-After", "3"),))
    assert (made.status, made.duration_seconds) == (404, 0.5)
    assert made.response_headers == {"Retry-After": "3"}
    assert (made.response_body, made.response_json) == (b'{"a":1}', {"a": 1})


def test_secrets_of_headers_and_query_are_masked() -> None:
    made = entry(
        query=f"apiKey={KEY}", headers={"X-API-Key": KEY, "Authorization": f"Bearer {KEY}"}
    )
    assert made.headers["X-API-Key"] == "sp_test_01…"
    assert KEY not in f"{made.headers} {made.query} {made!r}"


def test_a_body_that_is_no_json_has_none() -> None:
    assert entry(body=b"\xff{").json is None


def test_a_path_beyond_ascii_is_readable() -> None:
    assert entry("/v1/leads/é".encode().decode("latin-1")).path == "/v1/leads/é"


def test_a_long_body_is_cut_off() -> None:
    made = entry(body=b"x" * (MAX_BODY_BYTES + 1), response=b"y" * (MAX_BODY_BYTES + 1))
    assert (len(made.body), made.is_body_truncated) == (MAX_BODY_BYTES, True)
    assert (len(made.response_body), made.is_response_body_truncated) == (MAX_BODY_BYTES, True)


def test_a_body_of_the_maximum_length_is_whole() -> None:
    made = entry(body=b"x" * MAX_BODY_BYTES, response=b"y" * MAX_BODY_BYTES)
    assert (len(made.body), made.is_body_truncated) == (MAX_BODY_BYTES, False)
    assert (len(made.response_body), made.is_response_body_truncated) == (MAX_BODY_BYTES, False)


def test_ids_count_the_requests_as_they_come_and_numbers_as_they_end() -> None:
    journal = RequestJournal()
    slow, quick = journal.new_id(), journal.new_id()
    journal.add(entry("/v1/quick", entry_id=quick))
    journal.add(entry("/v1/slow", entry_id=slow))
    assert [(one.id, one.number) for one in journal] == [("req_2", 1), ("req_1", 2)]
    assert journal.get("req_2").path == "/v1/quick"


def test_a_request_without_an_own_id_has_that_of_its_entry() -> None:
    assert entry(entry_id="req_7").request_id == "req_7"


def test_an_id_that_the_journal_does_not_have_is_refused() -> None:
    with pytest.raises(NotFound):
        RequestJournal().get("req_1")


def test_numbers_go_on_after_all_entries_are_removed() -> None:
    journal = RequestJournal()
    journal.add(entry(entry_id=journal.new_id()))
    journal.remove_all()
    journal.add(entry(entry_id=journal.new_id()))
    assert [(one.id, one.number) for one in journal] == [("req_2", 2)]


@given(st.lists(st.integers(0, 3000), max_size=40), st.integers(1, 10), st.integers(1, 20_000))
@settings(deadline=None, max_examples=60)
def test_the_journal_stays_within_its_limits(
    lengths: list[int], max_entries: int, max_bytes: int
) -> None:
    journal = RequestJournal(max_entries=max_entries, max_bytes=max_bytes)
    for length in lengths:
        journal.add(entry(response=b"x" * length))
        kept = journal.all()
        assert kept[-1].number == journal.latest
        assert len(kept) <= max_entries
        assert len(kept) == 1 or sum(one.size for one in kept) <= max_bytes
    numbers = [one.number for one in journal]
    assert numbers == list(range(len(lengths) - len(numbers) + 1, len(lengths) + 1))


def test_the_size_of_an_entry_counts_all_of_its_texts() -> None:
    texts = {"headers": {"X-A": "x" * 1000}, "body": b"x" * 1000, "response": b"x" * 1000}
    assert entry(**texts).size >= entry().size + 3000  # type: ignore[arg-type]


def test_an_entry_occupies_hardly_more_than_its_size() -> None:
    def kept() -> list[JournalEntry]:
        rows = [{"id": f"lead_{number}"} for number in range(100)]
        return [entry(response=orjson.dumps(rows)) for _ in range(50)]

    size = sum(one.size for one in kept())
    assert occupied_bytes(kept) < 1.5 * size


def test_a_request_of_before_is_found_without_waiting() -> None:
    journal = RequestJournal()
    for path in ("/v1/a", "/v1/b", "/v1/b"):
        journal.add(entry(path))
    found = journal.wait_for(RequestPattern(path="/v1/b"), timeout_seconds=0)
    assert [one.number for one in found] == [2]


def test_a_wait_ends_when_enough_requests_have_come() -> None:
    journal = RequestJournal()
    found: list[JournalEntry] = []

    def wait() -> None:
        found.extend(journal.wait_for(RequestPattern(path="/v1/b"), count=2, timeout_seconds=10))

    waiting = threading.Thread(target=wait)
    waiting.start()
    for path in ("/v1/a", "/v1/b", "/v1/c", "/v1/b"):
        journal.add(entry(path))
    waiting.join(10)
    assert [one.number for one in found] == [2, 4]


def test_a_wait_has_what_came_until_its_timeout() -> None:
    journal = RequestJournal()
    journal.add(entry("/v1/b"))
    pattern = RequestPattern(path="/v1/b")
    assert len(journal.wait_for(pattern, count=2, timeout_seconds=0.01)) == 1


def test_closing_ends_every_wait() -> None:
    journal = RequestJournal()
    waiting = threading.Thread(target=journal.later_than, args=(0,), kwargs={"timeout_seconds": 60})
    waiting.start()
    eventually(lambda: journal._waiting_count)
    journal.close()
    waiting.join(10)
    assert not waiting.is_alive()


def test_threads_may_add_at_the_same_time() -> None:
    journal = RequestJournal()

    def add() -> None:
        for _ in range(100):
            journal.add(entry())

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.number for one in journal] == list(range(1, 801))


def test_a_line_about_an_entry_has_what_was_asked_and_the_status() -> None:
    made = entry(
        "/v1/leads/a/status", method="PATCH", query="x=1", body=orjson.dumps({"a": 1}), status=400
    )
    assert made.summary() == 'PATCH /v1/leads/a/status?x=1 {"a":1} -> 400'
