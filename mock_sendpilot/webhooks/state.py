"""The state of one workspace's webhooks, which the outbox fills and the runner works on."""

from dataclasses import dataclass

from mock_sendpilot.webhooks.counters import Counters
from mock_sendpilot.webhooks.deliveries import DeliveryLog
from mock_sendpilot.webhooks.endpoints import Endpoints, JobEndpoints
from mock_sendpilot.webhooks.event_log import EventLog
from mock_sendpilot.webhooks.forwarding import ForwardingQueues


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookState:
    """The shared state of one workspace's webhooks.

    Attributes:
        log: the deliveries.
        events: the events, which notice every change of their deliveries.
        endpoints: where deliveries go to.
        job_endpoints: the URLs of single jobs.
        forwarding: the way to endpoints that the server itself cannot reach.
        counters: counts events and attempts.
    """

    log: DeliveryLog
    events: EventLog
    endpoints: Endpoints
    job_endpoints: JobEndpoints
    forwarding: ForwardingQueues
    counters: Counters
