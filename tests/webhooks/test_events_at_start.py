"""Events at the start are sent to endpoints of the seed and of the command line."""

from dataclasses import replace
from datetime import timedelta

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.world.models import Campaign, Sender, Step
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed
from tests.webhooks.conftest import START, seed_of_one_lead

SENDER = Sender(
    id="sender_1", name="Sam", linkedin_url="https://www.linkedin.com/in/sam", status="active"
)
AT_ONCE = Step(kind="connect", after=timedelta(), response_rate=0.0)


def walking(workspace_id: str) -> WorkspaceSeed:
    seed = seed_of_one_lead()
    campaign: Campaign = replace(seed.campaigns[0], sender_ids=("sender_1",), sequence=(AT_ONCE,))
    lead = replace(seed.leads[0], sender_id="sender_1", created_at=START)
    keys = tuple(replace(key, key=f"key_{workspace_id}") for key in seed.api_keys)
    return replace(
        seed,
        id=workspace_id,
        api_keys=keys,
        senders=(SENDER,),
        campaigns=(campaign,),
        leads=(lead,),
    )


def test_an_event_at_the_start_is_sent(receiver: WebhookReceiver) -> None:
    emulator = Emulator()
    emulator.load([walking("ws_1"), walking("ws_2")], endpoints=[EndpointSeed(url=receiver.url)])
    receiver.wait_for(count=4)
    types = sorted(one.json["eventType"] for one in receiver.received)
    emulator.close()

    assert types == ["connection.sent"] * 2 + ["lead.status.changed"] * 2
