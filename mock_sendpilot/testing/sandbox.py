"""The fixture `sendpilot`: a workspace of the test's own."""

import secrets
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.aio import AsyncSandbox
from mock_sendpilot.testing.event_loop import refuse_in_event_loop
from mock_sendpilot.testing.failures import NotIdle
from mock_sendpilot.testing.recorded_events import RecordedEvents
from mock_sendpilot.testing.sandbox_checks import check_seconds
from mock_sendpilot.testing.sandbox_clock import SandboxClock
from mock_sendpilot.testing.sandbox_options import SandboxOptions
from mock_sendpilot.testing.sandbox_webhooks import SandboxWebhooks
from mock_sendpilot.testing.sandbox_world import (
    CAMPAIGN_ID,
    SENDER_ID,
    SandboxWorld,
    new_campaign,
)
from mock_sendpilot.testing.sent_webhooks import SentWebhooks
from mock_sendpilot.webhooks.deliveries import describe_failed_attempts
from mock_sendpilot.world.models import ApiKey, JobTiming, Sender
from mock_sendpilot.world.seed import WorkspaceSeed

if TYPE_CHECKING:
    from typing_extensions import Self

_QUICK = JobTiming(start_delay=timedelta(milliseconds=50), duration=timedelta(milliseconds=150))


class Sandbox(SandboxWorld, SandboxWebhooks):
    """A fresh workspace on a running server, isolated from all others; it has one campaign.

    Args:
        server: the server of the test session.
        options: the contract, the start of its clock, and the seed of chance.
        random_seed: what chance is drawn from where the options have none: the same one gives the
            same people and behaviors.

    Attributes:
        base_url: what replaces `https://api.sendpilot.ai/v1`.
        origin: the same without `/v1`.
        api_key: the key of this workspace, and of no other.
        headers: the key as a header, for any HTTP client.
        campaign_id: the campaign in which `add_lead` puts leads.
        sender_id: the sender of those leads.
        random_seed: what chance is drawn from here.
        workspace: the emulator's own object, to which all of this is done; it may change.
        events: what happened.
        webhooks: what was sent.
        clock: the clock of this workspace, to be turned.
        aio: the calls that wait, to be awaited in a test with an event loop.
    """

    def __init__(
        self, server: EmulatorServer, options: SandboxOptions, *, random_seed: str | None = None
    ) -> None:
        token = secrets.token_hex(8)
        self._emulator = server.emulator
        self.base_url = server.base_url
        self.origin = server.origin
        self.api_key = f"sp_test_{secrets.token_hex(16)}"
        self.headers = {"X-API-Key": self.api_key}
        self.campaign_id = CAMPAIGN_ID
        self.sender_id = SENDER_ID
        self.random_seed = options.random_seed or random_seed or token
        self.workspace = self._emulator.add_workspace(
            _seed(token, self.api_key, options, self.random_seed)
        )
        self._outbox = self._emulator.outbox(self.workspace)
        self._servers = {}
        self.events = RecordedEvents(self.workspace, self._outbox)
        self.webhooks = SentWebhooks(self.workspace, self._outbox)
        self.clock = SandboxClock(self.workspace)
        self.aio = AsyncSandbox(self)

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.workspace.id}, contract {self.workspace.contract.name}>"

    def wait_until_idle(self, *, timeout: float = 5.0) -> None:
        """Wait until nothing is being sent or due; retries and steps that are due later may remain.

        Args:
            timeout: seconds of real time. With a frozen clock there is no waiting: what is due then
                needs `clock.advance()`.

        Raises:
            InvalidInput: a `timeout` that is no number of seconds.
            NotIdle: something is still running or due; it says what is due next.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.wait_until_idle` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.wait_until_idle")
        check_seconds("timeout", timeout)
        if not self.workspace.scheduler.wait_until_idle(timeout_seconds=timeout):
            notes = describe_failed_attempts(self._outbox.log.all())
            raise NotIdle(self.workspace.scheduler, timeout, notes)

    def close(self) -> None:
        """Forget the workspace, and end what serves its apps; a second time does nothing."""
        self._emulator.remove_workspace(self.workspace)
        while self._servers:
            _, server = self._servers.popitem()
            server.stop()


def _seed(token: str, api_key: str, options: SandboxOptions, random_seed: str) -> WorkspaceSeed:
    now = options.starts_at or SystemClock().now()
    sender = Sender(
        id=SENDER_ID,
        name="Test Sender",
        linkedin_url="https://www.linkedin.com/in/test-sender",
        status="active",
    )
    return WorkspaceSeed(
        id=f"ws_{token}",
        random_seed=random_seed,
        name="Test",
        contract=options.contract,
        starts_at=options.starts_at,
        is_frozen=options.is_frozen,
        api_keys=(ApiKey(key=api_key),),
        senders=(sender,),
        job_timing=_QUICK,
        plan="test",
        campaigns=(new_campaign(CAMPAIGN_ID, "Test campaign", "started", now),),
    )
