"""Whatever a client or a receiver sends is text on the pages of webhooks, requests and traces."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.control.world import parsed, world_with
from tests.dashboard.html import Document
from tests.dashboard.traffic import deliveries
from tests.dashboard.xss import GROUPS
from tests.support import eventually, in_process

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def _structures(text: str, receiver: WebhookReceiver) -> list[object]:
    """The elements of each page of a world in which everybody has sent that text."""
    emulator = Emulator()
    emulator.load(parsed(world_with("workspaces[0].endpoints[0].url", receiver.url)))
    api = in_process(create_app(emulator).test_client())
    endpoint = api("GET", "/_emulate/endpoints", key="key_a").json["endpoints"][0]["id"]
    headers = {"X-Note": text}
    api("PATCH", f"/_emulate/endpoints/{endpoint}", key="key_a", json={"headers": headers})
    receiver.respond(500, headers={"X-Note": text}, body=text)
    sent = {"X-Note": text, "X-Request-Id": text}
    body = {"status": "DONE", "note": text}
    api("PATCH", "/v1/leads/lead_a/status", key="key_a", json=body, headers=sent)
    # The attempt ends first: a request that comes meanwhile would be taken for the receiver's.
    eventually(lambda: deliveries(api, key="key_a")[0]["attemptCount"])
    delivery = deliveries(api, key="key_a")[0]
    refused = api("PATCH", "/v1/leads/lead_a/status", key="key_a", json={"status": text})
    api("GET", f"/v1/leads/{quote(text, safe='')}?{quote(text)}={quote(text)}", key="key_a")
    word = quote(text)
    paths = [
        f"/webhooks?q={word}",
        f"/endpoints/{endpoint}",
        f"/deliveries/{delivery['id']}",
        f"/events?lead={word}",
        f"/events/{delivery['eventId']}",
        f"/trigger?event={word}",
        f"/requests?q={word}&method=DELETE",
        "/requests",
        "/requests/req_1",
        f"/requests/{refused.headers['x-request-id']}",
        "/requests/req_3",
        "/trace",
        f"/trace/req_1?node={delivery['id']}:1",
    ]
    pages = [api("GET", f"/dashboard/ws_a{one}", key=None, headers=HTML) for one in paths]
    emulator.close()
    assert [page.status for page in pages] == [200] * len(pages)
    documents = [Document(page.body.decode()) for page in pages]
    words = " ".join(text.split())
    assert sum(words in one.text for one in documents) >= 4  # a hint has its beginning
    return [one.structure for one in documents]


@pytest.fixture(scope="module")
def harmless(receiver: WebhookReceiver) -> list[object]:
    return _structures("harmless", receiver)


@pytest.mark.parametrize("text", GROUPS)
def test_attempts_to_be_more_than_text_are_text(
    text: str, harmless: list[object], receiver: WebhookReceiver
) -> None:
    assert _structures(text, receiver) == harmless
