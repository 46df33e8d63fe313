import asyncio
import json

import httpx
import pytest


class App:
    """Stands for your own app, an ASGI app with a webhook handler."""

    def __init__(self):
        self.statuses = {}

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            data = json.loads((await receive())["body"])["data"]
            self.statuses[data["leadId"]] = data["newStatus"]
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})


@pytest.fixture
async def client(sendpilot):
    async with httpx.AsyncClient(base_url=sendpilot.base_url, headers=sendpilot.headers) as client:
        yield client


async def test_the_app_follows_a_lead(sendpilot, client):
    app = App()
    sendpilot.add_endpoint(app)
    lead = sendpilot.add_lead()

    await client.patch(f"/leads/{lead.id}/status", json={"status": "DONE"})

    await sendpilot.aio.webhooks.wait_for("lead.status.changed", lead_id=lead)
    assert app.statuses == {lead.id: "DONE"}


async def test_a_slow_answer_leaves_the_event_loop_free(sendpilot, client):
    with sendpilot.fault("leads.list", latency=0.2):
        request = asyncio.create_task(client.get("/leads"))
        came = await sendpilot.aio.requests.wait_for("leads.list")
        assert not request.done()
        assert (await request).status_code == came.status == 200


async def test_a_retry_comes_after_a_minute(sendpilot, sendpilot_receiver):
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.clock.freeze()
    sendpilot_receiver.respond(503, times=1)
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())

    await sendpilot.aio.clock.advance("1h")

    assert len(await sendpilot_receiver.aio.wait_for("message.sent", count=2)) == 2
