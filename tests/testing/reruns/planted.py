"""A suite with one client for each contract option, each of which relies on a value of it.

It is the suite of a stranger: it is copied, and run by the matrix, which has to name each option by
the test of the same name. `benchmarks/matrix.py` measures how many it names.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
import requests

from mock_sendpilot import Lead, Sandbox, WebhookReceiver

PERSON = "https://www.linkedin.com/in/ida-example"
INTERNAL = "https://www.linkedin.com/in/ACoAAA123"


class Client:
    """A client of the API, and the webhooks it gets."""

    def __init__(self, sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
        self.world = sendpilot
        self.receiver = receiver

    def __call__(self, method: str, path: str, json: object = None) -> requests.Response:
        url, headers = f"{self.world.base_url}{path}", self.world.headers
        return requests.request(method, url, json=json, headers=headers, timeout=10)

    def lead(self) -> Lead:
        return self.world.add_lead(PERSON)

    def set_status(self, status: str = "DONE") -> requests.Response:
        return self("PATCH", f"/leads/{self.lead().id}/status", {"status": status})

    def listen(self) -> None:
        self.world.add_endpoint(self.receiver.url)

    def event(self) -> dict[str, Any]:
        return self.receiver.wait_for(timeout=5).json

    def send(self, url: str = PERSON) -> requests.Response:
        self.world.connect(PERSON)
        body = {"senderId": "sender_test", "recipientLinkedinUrl": url, "message": "Hi"}
        return self("POST", "/inbox/send", body)

    def conversation(self) -> dict[str, Any]:
        self.send()
        (found,) = self("GET", "/inbox/conversations").json()["conversations"]
        return dict(found)

    def retries(self, status: int = 500, headers: Mapping[str, str] | None = None) -> list[float]:
        """Return the seconds between the attempts of a delivery that always fails."""
        self.receiver.respond(status, times=50, headers=headers)
        self.world.clock.freeze()
        self.listen()
        self.set_status()
        self.world.clock.advance(hours=2)
        (webhook,) = self.world.webhooks
        times = [attempt.started_at for attempt in webhook.deliveries[0].attempts]
        return [(b - a).total_seconds() for a, b in pairwise(times)]


@pytest.fixture
def client(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> Client:
    return Client(sendpilot, sendpilot_receiver)


# --- leads ----------------------------------------------------------------------------------------


def test_patch_statuses(client: Client) -> None:
    assert client.set_status("REPLY_RECEIVED").ok


def test_patch_body(client: Client) -> None:
    path = f"/leads/{client.lead().id}/status"
    assert client("PATCH", path, {"customLeadStatus": "INTERESTED"}).status_code == 400


def test_patch_reply(client: Client) -> None:
    assert client.set_status().json()["updatedAt"]


def test_list_needs_campaign(client: Client) -> None:
    client.lead()
    assert client("GET", "/leads").json()["leads"]


def test_list_statuses(client: Client) -> None:
    assert client("GET", "/leads?status=OPPORTUNITY").ok


def test_leads_per_post(client: Client) -> None:
    leads = [{"linkedinUrl": f"https://www.linkedin.com/in/person-{n}"} for n in range(101)]
    body = {"campaignId": client.world.campaign_id, "leads": leads}
    assert client("POST", "/leads", body).status_code == 400


def test_lead_fields(client: Client) -> None:
    assert client("GET", f"/leads/{client.lead().id}").json()["senderId"] == "sender_test"


def test_lead_ids(client: Client) -> None:
    body = {"campaignId": client.world.campaign_id, "leads": [{"linkedinUrl": PERSON}]}
    client("POST", "/leads", body)
    (lead,) = client("GET", f"/leads?campaignId={client.world.campaign_id}").json()["leads"]
    assert lead["id"].startswith("lead_")


def test_post_status_code(client: Client) -> None:
    assert client.send().status_code == 201


def test_validation_message(client: Client) -> None:
    assert client.set_status("WON").json()["errors"]


# --- webhooks -------------------------------------------------------------------------------------


def test_lead_events(client: Client) -> None:
    client.listen()
    client.set_status()
    assert client.event()["data"]["changedBy"]


def test_event_types(client: Client) -> None:
    client.listen()
    client.set_status()
    assert client.event()["eventType"] == "lead.status.changed"


def test_event_texts(client: Client) -> None:
    client.listen()
    client.send()
    assert client.event()["data"]["messagePreview"] == "Hi"


def test_event_urls(client: Client) -> None:
    client.listen()
    client.set_status()
    assert client.event()["data"]["linkedinUrl"] == PERSON


def test_signatures(client: Client) -> None:
    client.listen()
    client.set_status()
    headers = client.receiver.wait_for(timeout=5).headers
    assert "webhook-signature" in {name.lower() for name in headers}


def test_retry_delays_seconds(client: Client) -> None:
    assert client.retries() == [5, 30, 120, 900, 3600]


def test_honor_retry_after(client: Client) -> None:
    assert client.retries(503, {"Retry-After": "60"})[0] == 5


def test_disable_on_410(client: Client) -> None:
    assert len(client.retries(410)) == 5


def test_disable_after_failing_days(client: Client) -> None:
    client.receiver.respond(500, times=500)
    client.world.clock.freeze()
    client.world.add_endpoint(client.receiver.url, retry_delays=[])
    lead = client.lead()
    for day in range(7):
        status = ("DONE", "OPPORTUNITY")[day % 2]
        client("PATCH", f"/leads/{lead.id}/status", {"status": status})
        client.world.clock.advance(days=1)
    assert len(client.world.webhooks) == 7


# --- campaigns ------------------------------------------------------------------------------------


def test_campaign_list(client: Client) -> None:
    assert client("GET", "/campaigns").json()["campaigns"]


def test_campaign_statuses(client: Client) -> None:
    path = f"/campaigns/{client.world.campaign_id}"
    assert client("GET", path).json()["status"] == "started"


def test_campaign_filters(client: Client) -> None:
    assert client("GET", "/campaigns?status=started").ok


def test_campaign_item(client: Client) -> None:
    reply = client("GET", "/campaigns").json()
    (campaign,) = reply["campaigns"]
    assert campaign["repliesReceived"] == 0


def test_campaign_detail(client: Client) -> None:
    assert client("GET", f"/campaigns/{client.world.campaign_id}").json()["metrics"]


def test_repeat_action(client: Client) -> None:
    path = f"/campaigns/{client.world.campaign_id}"
    assert client("PATCH", path, {"action": "resume"}).status_code == 400


# --- the inbox ------------------------------------------------------------------------------------


def test_direct_send_moves_status(client: Client) -> None:
    lead = client.lead()
    client.send()
    assert client.world.lead(lead).status == "PENDING"


def test_opening_message_id(client: Client) -> None:
    reply = client.send().json()
    assert reply["messageId"] != reply["conversationId"]


def test_internal_recipients(client: Client) -> None:
    client.world.connect(INTERNAL)
    assert client.send(url=INTERNAL).status_code == 400


def test_participant_urls(client: Client) -> None:
    assert client.conversation()["participants"][0]["profileUrl"] == PERSON


def test_trailing_space(client: Client) -> None:
    assert client.conversation()["lastMessage"]["content"] == "Hi"


def test_conversations_limit_fault(client: Client) -> None:
    assert client("GET", "/inbox/conversations?limit=100&accountId=sender_test").ok


def test_conversations_end_fault(client: Client) -> None:
    assert client("GET", "/inbox/conversations?page=2").json()["conversations"] == []


def test_note_fault(client: Client) -> None:
    body = {"senderId": "sender_test", "recipientLinkedinUrl": PERSON, "message": "Hello"}
    assert client("POST", "/inbox/connect", body).ok


def test_send_fault(client: Client) -> None:
    assert client.send().ok


def test_retry_after(client: Client) -> None:
    client.world.fail_next(429)
    assert client("GET", "/me").headers["Retry-After"]
