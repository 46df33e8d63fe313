"""`sendpilot.reset`: a test starts over."""

from mock_sendpilot import Sandbox, WebhookReceiver
from tests.support import over_a_socket


def test_a_reset_leaves_the_sandbox_as_at_the_start(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    sendpilot.simulate("connection_sent", lead)
    sendpilot.reset()

    assert (sendpilot.leads(), list(sendpilot.events)) == ([], [])
    assert sendpilot.add_lead().id == lead.id


def test_events_and_webhooks_go_on_after_a_reset(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    events, webhooks = sendpilot.events, sendpilot.webhooks
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.reset()
    lead = sendpilot.add_lead()
    sendpilot.simulate("connection_sent", lead)

    webhooks.wait_for("connection.sent", lead_id=lead)
    assert len(events) == 2


def test_a_reset_over_http_is_seen_by_the_fixture(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    lead = sendpilot.add_lead()
    api = over_a_socket(sendpilot.origin)
    api("POST", "/_emulate/reset", key=sendpilot.api_key)

    assert lead not in sendpilot.leads()
    assert not sendpilot.clock.is_frozen


def test_endpoints_that_are_not_kept_are_gone(sendpilot: Sandbox) -> None:
    sendpilot.add_endpoint("http://127.0.0.1:9/webhooks")
    sendpilot.reset(keeps_endpoints=False)
    outbox = sendpilot.backend.view().outbox

    assert outbox.endpoints.all() == []
