"""The journal of a workspace: which requests are in it, and what they have caused."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.traffic.journal import JournalEntry, RequestJournal
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.workspace import Workspace
from tests.support import DEMO_KEY, OTHER_KEY, Api, in_process

LEAD = "/v1/leads/lead_abc123"
OTHER_STATUS = {"status": "NOT_INTERESTED"}


@pytest.fixture
def journal(emulator: Emulator) -> RequestJournal:
    return emulator.journal(emulator.keys.open(DEMO_KEY).workspace)


def last(journal: RequestJournal) -> JournalEntry:
    return journal.all()[-1]


@pytest.mark.over_a_socket_too
def test_a_request_is_recorded_with_its_response(api: Api, journal: RequestJournal) -> None:
    reply = api("PATCH", f"{LEAD}/status?x=1", json={"status": "DONE"})
    made = last(journal)

    assert (made.method, made.path, made.query) == ("PATCH", f"{LEAD}/status", {"x": "1"})
    assert (made.json, made.operation) == ({"status": "DONE"}, "leads.updateStatus")
    assert (made.status, made.response_body) == (200, reply.body)
    assert made.response_headers["Content-Type"] == reply.headers["content-type"]


@pytest.mark.over_a_socket_too
@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        pytest.param("GET /v1/nothing", None, 404, id="no such route"),
        pytest.param("GET /api/v1/leads/unknown", None, 404, id="the other prefix"),
        pytest.param(f"PATCH {LEAD}/status", b"{", 400, id="broken JSON"),
        pytest.param(f"PATCH {LEAD}/status", b"x" * 2_000_000, 413, id="too large"),
        pytest.param("HEAD /v1/leads", None, 200, id="HEAD"),
    ],
)
def test_a_request_is_recorded_whatever_becomes_of_it(
    api: Api, journal: RequestJournal, target: str, body: bytes | None, status: int
) -> None:
    method, path = target.split()
    reply = api(method, path, body=body, headers={"Content-Type": "application/json"})
    made = last(journal)

    assert (made.method, made.path) == (method, path.removeprefix("/api"))
    assert made.status == reply.status == status
    assert made.body == (body or b"")[:64_000]


@pytest.mark.parametrize("path", ["/_emulate/requests", "/health", "/"])
def test_requests_of_others_than_the_vendors_api_are_not_recorded(
    api: Api, emulator: Emulator, journal: RequestJournal, path: str
) -> None:
    api("GET", path)
    assert (len(journal), len(emulator.unknown_requests)) == (0, 0)


def test_a_request_is_recorded_in_the_workspace_of_its_key(
    api: Api, emulator: Emulator, journal: RequestJournal
) -> None:
    api("GET", "/v1/leads", key=OTHER_KEY)
    other = emulator.journal(emulator.keys.open(OTHER_KEY).workspace)
    assert (len(journal), len(other)) == (0, 1)


@pytest.mark.parametrize("key", [None, "sp_unknown"])
def test_a_request_without_a_known_key_is_recorded_by_the_emulator(
    api: Api, emulator: Emulator, journal: RequestJournal, key: str | None
) -> None:
    api("GET", "/v1/leads", key=key)
    assert len(journal) == 0
    (made,) = emulator.unknown_requests
    assert (made.id, made.status, made.api_key_name) == ("nokey_1", 401, None)


def test_a_request_that_fails_beyond_all_handlers_is_recorded_as_500(
    app: Flask, emulator: Emulator, journal: RequestJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(emulator.keys.open(DEMO_KEY).workspace.store, "set_lead_status", fail)
    app.testing = True
    with pytest.raises(KeyboardInterrupt):
        in_process(app.test_client())("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    assert (last(journal).status, last(journal).json) == (500, {"status": "DONE"})


def test_an_entry_has_the_events_that_its_request_caused(
    api: Api, emulator: Emulator, journal: RequestJournal
) -> None:
    workspace = emulator.keys.open(DEMO_KEY).workspace
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    (event,) = emulator.outbox(workspace).events.all()[-1:]
    assert last(journal).events == (event.event_id,)

    api("GET", LEAD)
    assert last(journal).events == ()


def test_events_of_other_threads_are_not_those_of_a_request(
    api: Api, emulator: Emulator, journal: RequestJournal
) -> None:
    workspace = emulator.keys.open(DEMO_KEY).workspace

    def change_from_another_thread(_: Workspace, *, event: Event) -> None:
        if event.lead_id == "lead_abc123":
            change = workspace.store.set_lead_status
            thread = threading.Thread(target=change, args=("lead_az4fr5",), kwargs=OTHER_STATUS)
            thread.start()
            thread.join()

    with event_recorded.connected_to(change_from_another_thread, sender=workspace):
        api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    assert len(last(journal).events) == 1


def test_concurrent_requests_have_their_own_events(
    emulator: Emulator, journal: RequestJournal
) -> None:
    app = create_app(emulator)

    def change(lead_id: str) -> None:
        api = in_process(app.test_client())
        for status in ("OPPORTUNITY", "NOT_INTERESTED") * 10:
            api("PATCH", f"/v1/leads/{lead_id}/status", json={"status": status})

    threads = [
        threading.Thread(target=change, args=(one,)) for one in ("lead_abc123", "lead_az4fr5")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = emulator.outbox(emulator.keys.open(DEMO_KEY).workspace).events
    for entry in journal:
        assert [events.get(one).lead_id for one in entry.events] == [entry.path.split("/")[3]]
    assert len(journal) == 40


def test_nothing_is_recorded_if_no_requests_are_to_be_kept(
    make_emulator: Callable[..., Emulator],
) -> None:
    emulator = Emulator(max_requests=0)
    in_process(create_app(emulator).test_client())("GET", "/v1/leads", key=None)
    assert len(emulator.unknown_requests) == 0
    emulator.close()


@pytest.mark.over_a_socket_too
@pytest.mark.parametrize(
    "own",
    [
        pytest.param("checkout-42", id="a plain word"),
        pytest.param("a/b:c+d=e@f.g_h", id="every sign"),
        pytest.param("x" * 128, id="the longest"),
    ],
)
def test_the_request_id_of_a_client_is_taken_over_and_returned(
    api: Api, journal: RequestJournal, own: str
) -> None:
    reply = api("GET", LEAD, headers={"X-Request-Id": own})
    assert (reply.status, reply.headers["x-request-id"]) == (200, own)
    assert (last(journal).id, last(journal).request_id) == ("req_1", own)


@pytest.mark.over_a_socket_too
@pytest.mark.parametrize(
    "own",
    [
        pytest.param("x" * 129, id="too long"),
        pytest.param("two words", id="a blank"),
        pytest.param("", id="empty"),
        pytest.param('<b>"', id="markup"),
        pytest.param("zwölf", id="beyond ASCII"),
    ],
)
def test_a_request_without_a_usable_id_gets_that_of_its_entry(
    api: Api, journal: RequestJournal, own: str
) -> None:
    reply = api("GET", LEAD, headers={"X-Request-Id": own})
    assert (reply.status, reply.headers["x-request-id"]) == (200, "req_1")
    assert last(journal).request_id == "req_1"


@pytest.mark.over_a_socket_too
@pytest.mark.parametrize(
    ("method", "path", "key", "request_id"),
    [
        pytest.param("GET", "/v1/nothing", DEMO_KEY, "req_1", id="no such route"),
        pytest.param("GET", "/v1/leads", "sp_unknown", "nokey_1", id="an unknown key"),
    ],
)
def test_a_refused_request_has_an_id_as_well(
    api: Api, method: str, path: str, key: str, request_id: str
) -> None:
    assert api(method, path, key=key).headers["x-request-id"] == request_id


def test_requests_have_ids_without_a_journal_as_well() -> None:
    emulator = Emulator(max_requests=0)
    api = in_process(create_app(emulator).test_client())
    own = api("GET", "/v1/leads", key=None, headers={"X-Request-Id": "own"})
    assert own.headers["x-request-id"] == "own"
    emulator.close()


def test_a_request_does_not_change_the_ids_that_follow(
    make_emulator: Callable[..., Emulator],
) -> None:
    ids = []
    for request_count in (0, 3):
        emulator = make_emulator()
        api = in_process(create_app(emulator).test_client())
        for _ in range(request_count):
            api("GET", LEAD)
        ids.append(emulator.keys.open(DEMO_KEY).workspace.ids.prefixed("x"))
    assert ids[0] == ids[1]
