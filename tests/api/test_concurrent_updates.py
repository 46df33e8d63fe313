"""Many PATCHes at once, over sockets: they take effect one after another, and none is lost."""

import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest

from mock_sendpilot.contracts.contract import Contract, named_contract
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.control.shipped_seeds import demo_text
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import DeliveryFilter
from tests.api.expect import LEAD, STATUS
from tests.conftest import NOW
from tests.support import Api, eventually, over_a_socket

THREADS, EACH = 12, 10
COUNT = THREADS * EACH
# Each request sets a status that no other one sets: so the replies can be put in one order only.
OWN_STATUSES = tuple(f"STATUS_{number}" for number in range(COUNT))


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    """Within a request, too: where a lock is missing it shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture
def contract() -> Contract:
    documented = named_contract("documented")
    return replace(documented, patch_statuses=(*documented.patch_statuses, *OWN_STATUSES))


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def emulator(contract: Contract, receiver: WebhookReceiver) -> Iterator[Emulator]:
    emulator = Emulator(contract=contract, random_seed="tests")
    emulator.load(parse_seed(demo_text(), now=NOW))
    emulator.outbox(emulator.workspaces()[0]).endpoints.add(receiver.url)
    yield emulator
    emulator.close()


@pytest.fixture
def api(emulator: Emulator) -> Iterator[Api]:
    with EmulatorServer(emulator) as server:
        yield over_a_socket(server.origin)


def patch_at_once(api: Api, statuses: Sequence[str]) -> list[dict[str, Any]]:
    """PATCH every status, from several threads that begin together; all replies."""
    together = threading.Barrier(THREADS)

    def patch_some(number: int) -> list[dict[str, Any]]:
        together.wait()
        return [
            api("PATCH", STATUS, json={"status": status}).json
            for status in statuses[number::THREADS]
        ]

    with ThreadPoolExecutor(THREADS) as pool:
        return [reply for replies in pool.map(patch_some, range(THREADS)) for reply in replies]


def path_from(start: str, edges: dict[str, str]) -> list[str]:
    """The statuses in the order in which the edges lead from one to the next."""
    path = [start]
    while path[-1] in edges and len(path) <= len(edges):
        path.append(edges[path[-1]])
    return path


def delivered_changes(emulator: Emulator) -> list[tuple[str, str]]:
    """Return the changes that were queued for the endpoint, in the order of the events."""
    log = emulator.outbox(emulator.workspaces()[0]).log
    bodies = [orjson.loads(delivery.body)["data"] for delivery in log.select(DeliveryFilter())]
    return [(data["previousStatus"], data["newStatus"]) for data in reversed(bodies)]


def test_the_replies_form_one_chain_from_the_original_status(api: Api) -> None:
    replies = patch_at_once(api, OWN_STATUSES)

    edges = {reply["previousStatus"]: reply["status"] for reply in replies}
    assert len(edges) == COUNT  # no two replies have the same previous status
    path = path_from("REPLY_RECEIVED", edges)
    assert sorted(path[1:]) == sorted(OWN_STATUSES)
    assert api("GET", LEAD).json["status"] == path[-1]


def test_the_events_are_the_same_chain_in_order(api: Api, emulator: Emulator) -> None:
    replies = patch_at_once(api, OWN_STATUSES)

    edges = {reply["previousStatus"]: reply["status"] for reply in replies}
    path = path_from("REPLY_RECEIVED", edges)
    assert delivered_changes(emulator) == list(pairwise(path))


def test_each_real_change_has_one_delivery(api: Api, emulator: Emulator) -> None:
    replies = patch_at_once(
        api, ["OPPORTUNITY", "DONE", "DONE", "OPPORTUNITY", "DONE"] * (COUNT // 5)
    )

    changes = [reply for reply in replies if reply["previousStatus"] != reply["status"]]
    assert len(replies) == COUNT
    assert 0 < len(changes) < COUNT
    assert api("GET", "/_emulate/deliveries").json["pagination"]["total"] == len(changes)
    delivered = delivered_changes(emulator)
    assert all(before == after for (_, before), (after, _) in pairwise(delivered))


def test_the_receiver_gets_each_change_once(
    api: Api, emulator: Emulator, receiver: WebhookReceiver
) -> None:
    patch_at_once(api, OWN_STATUSES)
    log = emulator.outbox(emulator.workspaces()[0]).log
    eventually(lambda: log.pending_count == 0, timeout=20)

    news = [webhook.json["data"]["newStatus"] for webhook in receiver.received]
    assert sorted(news) == sorted(OWN_STATUSES)
    assert len({webhook.json["eventId"] for webhook in receiver.received}) == COUNT
