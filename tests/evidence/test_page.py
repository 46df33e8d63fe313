"""The page: what it shows, what it hides, and how large it may be."""

from pathlib import Path
from unittest.mock import patch

import pytest
import requests

from mock_sendpilot import Sandbox, SandboxFactory, WebhookReceiver
from mock_sendpilot.evidence import page as page_module
from mock_sendpilot.evidence.document import WorkspaceEvidence
from mock_sendpilot.evidence.files import MAX_BYTES
from mock_sendpilot.evidence.saving import save
from tests.evidence.worlds import SECRET, call, close, data, saved, without_data

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\""


def test_the_timeline_has_requests_events_and_attempts_in_order(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    sandbox.add_endpoint(sendpilot_receiver.url)
    lead = sandbox.add_lead(lead_id="lead_1")
    close(sandbox, lead.id)
    sandbox.clock.advance()

    page = without_data(saved(sandbox, tmp_path))
    rows = ["req_1 PATCH /v1/leads/lead_1/status", "lead.status.changed evt_", "attempt 1 of lead."]
    places = [page.index(row) for row in rows]
    assert places == sorted(places)
    assert max(places) < page.index(">Workspace<")


def test_a_request_and_a_delivery_are_shown_whole(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    sendpilot_receiver.respond(500, headers={"X-Reason": "full"}, body="the disk is full")
    sandbox.add_endpoint(sendpilot_receiver.url)
    close(sandbox, sandbox.add_lead(lead_id="lead_1").id, "OPPORTUNITY")
    sandbox.clock.advance()

    page = without_data(saved(sandbox, tmp_path))
    for text in ("OPPORTUNITY", "the disk is full", "X-Reason", "previousStatus", "svix-id"):
        assert text in page


def test_no_secret_is_in_the_file(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    headers = {"Authorization": "Bearer token-of-the-receiver"}
    endpoint = sandbox.add_endpoint(sendpilot_receiver.url, headers=headers, secret=SECRET)
    second = sandbox.rotate_secret(endpoint).secret
    fields = {"key": sandbox.api_key, "secret": SECRET, "escaped": SECRET.replace("/", "\\/")}
    lead = sandbox.add_lead(custom_fields=fields)
    call(sandbox, "GET", f"/leads/{lead.id}?token=a-token-in-a-query")
    close(sandbox, lead.id)
    sandbox.clock.advance()

    page = saved(sandbox, tmp_path)
    for secret in (sandbox.api_key, SECRET, second, "token-of-the-receiver", "a-token-in-a-query"):
        assert secret not in page


def test_hostile_bodies_are_shown_as_text(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    sendpilot_receiver.respond(500, headers={"X-Evil": HOSTILE}, body=HOSTILE)
    sandbox.add_endpoint(sendpilot_receiver.url)
    close(sandbox, sandbox.add_lead(first_name=HOSTILE).id)
    call(sandbox, "POST", f"/leads?q={HOSTILE}", data=HOSTILE.encode())
    sandbox.clock.advance()

    page = saved(sandbox, tmp_path)
    assert "<img src=x" not in page
    assert page.count("<script") == 1
    assert page.count("</script>") == 1
    assert "onerror" in page


def test_a_request_without_a_known_key_is_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    url = f"{sandbox.base_url}/leads/lead_9"
    requests.get(url, headers={"X-API-Key": "another"}, timeout=10)

    page = without_data(saved(sandbox, tmp_path))
    assert "/v1/leads/lead_9" in page
    assert "no known API key" in page


def test_the_calls_of_the_test_are_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.add_lead(lead_id="lead_1")
    sandbox.clock.advance(hours=1)

    page = without_data(saved(sandbox, tmp_path))
    assert "POST /leads {" in page
    assert "the clock is moved to 2030-01-31T10:00:00.000Z" in page


def test_nothing_is_loaded_or_run(sandbox: Sandbox, tmp_path: Path) -> None:
    page = saved(sandbox, tmp_path)

    assert "default-src 'none'" in page
    assert "<link" not in page
    assert 'src="' not in page


@pytest.mark.slow
def test_a_page_of_large_bodies_stays_small_and_says_what_is_cut(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    for number in range(60):
        text = f"{number:03}" * 15_000
        call(sandbox, "PATCH", "/leads/lead_1/status", json={"status": "DONE", "note": text})

    page = saved(sandbox, tmp_path)
    assert len(page.encode()) < MAX_BYTES
    assert "Shown is the first" in page
    assert "need more than the file may have" in data(page)["workspaces"][0]["problem"]


def test_the_page_says_why_it_cannot_be_replayed(sendpilot: Sandbox, tmp_path: Path) -> None:
    page = saved(sendpilot, tmp_path)

    assert "Not possible: its steps were not recorded" in page


def test_a_page_of_many_sandboxes_stays_small_and_shows_the_latest(
    factory: SandboxFactory, tmp_path: Path
) -> None:
    found = []
    for number in range(8):
        sandbox = factory(frozen=True)
        for index in range(10):
            close(sandbox, sandbox.add_lead(lead_id=f"lead_{index}").id)
        found.append(WorkspaceEvidence(sandbox.backend, label=f"box_{number}"))
    with patch.object(page_module, "MAX_BYTES", 200_000):
        save(tmp_path / "evidence.html", found, title="many")

    text = (tmp_path / "evidence.html").read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert "earlier workspaces are left out" in text
    assert "Workspace of box_7<" in text
    assert "Workspace of box_0<" not in text
