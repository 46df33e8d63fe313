"""One attempt of a delivery is made once, however many threads come to make it."""

import threading

from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import SUCCEEDED
from tests.webhooks.conftest import World


def test_an_attempt_that_is_due_twice_at_one_time_is_made_once(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    world.change("DONE")
    (delivery,) = world.deliveries()
    attempt = world.outbox._courier._attempt
    with receiver.holding():
        first = threading.Thread(target=attempt, args=(delivery.id, 1))
        first.start()
        receiver.wait_for_count(1)
        attempt(delivery.id, 1)  # returns at once, while the first one is under way
    first.join(10)

    assert len(receiver.received) == 1
    (delivery,) = world.deliveries()
    assert (delivery.state, len(delivery.attempts)) == (SUCCEEDED, 1)
