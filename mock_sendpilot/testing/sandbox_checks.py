"""The checks of a sandbox: is a receiver, is a client correct?"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mock_sendpilot.client_check.sync import MAX_HANG_SECONDS, MAX_SECONDS, Limits
from mock_sendpilot.receiver_check.target import MAX_LATENCY_SECONDS
from mock_sendpilot.testing.aio import refuse_in_event_loop
from mock_sendpilot.testing.arguments import check_seconds, optional_id
from mock_sendpilot.testing.backends.protocol import Backend
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS
from mock_sendpilot.world.endpoint_settings import PROCESS
from mock_sendpilot.world.models import Lead

if TYPE_CHECKING:
    from mock_sendpilot.client_check.report import ClientReport
    from mock_sendpilot.receiver_check.report import ReceiverReport
    from mock_sendpilot.testing.receiver_check import ProbeSource
    from mock_sendpilot.testing.serving import Receiver

_PAUSE_SECONDS = 5.0


class SandboxChecks:
    """The part of a sandbox that checks what other people have written."""

    api_key: str
    _backend: Backend

    def check_receiver(
        self,
        receiver: "Receiver",
        *,
        secret: str,
        path: str | None = None,
        scheme: str | Sequence[str] | None = None,
        probe: "ProbeSource | None" = None,
        timeout: float = TIMEOUT_SECONDS,
        max_latency: float = MAX_LATENCY_SECONDS,
        lead_id: Lead | str | None = None,
        signature_clock: str = PROCESS,
    ) -> "ReceiverReport":
        """Check a receiver under this contract: `assert report.passed, str(report)`.

        It is sent a series of test webhooks, valid, forged, duplicated and late; `webhooks` has
        none of them. docs/how-to/check-receiver.md describes each check.

        Args:
            receiver: a URL, or a WSGI or ASGI app, which is served in a thread for the check.
            secret: the signing secret of the receiver, `whsec_…`.
            path: the path where an app takes webhooks; by default `/webhooks`.
            scheme: `documented`, `svix` or `standardwebhooks`; by default the contract's.
            probe: a function that returns the number of effects of events, or a list of them; or a
                URL, a path of the app, or a command (a list of texts), that returns that as JSON.
                Without it effects are inconclusive.
            timeout: seconds to wait for a response.
            max_latency: seconds that a response, and the effect of an event, should take at most.
            lead_id: the id of a lead it knows; by default a made-up one.
            signature_clock: `process` or `wall`, as for `add_endpoint`.

        Raises:
            InvalidInput: the URL, path, secret, scheme or signature clock is invalid, or the probe
                returns no count.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.check_receiver` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.check_receiver")
        # Late: the checks take longer to import than a short test takes to run.
        from mock_sendpilot.testing.receiver_check import check_receiver

        return check_receiver(
            receiver,
            secret=secret,
            contract=self._backend.contract,
            path=path,
            scheme=scheme,
            probe=probe,
            timeout=timeout,
            max_latency=max_latency,
            lead_id=optional_id(lead_id, "lead_id"),
            signature_clock=signature_clock,
        )

    def check_client(
        self,
        sync: Callable[..., Any],
        *,
        api_key: str | None = None,
        max_duration: float = MAX_SECONDS,
        max_hang: float = MAX_HANG_SECONDS,
    ) -> "ClientReport":
        """Check the client of the vendor's API: `assert report.passed, str(report)`.

        Its sync runs some twenty times, each time against an emulator of its own, in the world as
        it is now, and with other faults. `requests` has none of its requests.
        docs/how-to/check-client.md describes each check.

        Args:
            sync: a function of `base_url` and `api_key`; or of nothing, which runs as within
                `intercept()`. It may be asynchronous. It should raise an exception if it fails.
            api_key: the key that a sync without arguments has; by default that of the sandbox.
            max_duration: seconds that one run may take.
            max_hang: seconds that the client should wait for a response at most.

        Raises:
            InvalidInput: the sync takes other arguments, or a limit is no number of seconds.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.check_client` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.check_client")
        check_seconds("max_duration", max_duration)
        check_seconds("max_hang", max_hang)
        # Late: the checks take longer to import than a short test takes to run.
        from mock_sendpilot.testing.client_check import check_client

        workspace = self._backend.view().workspace
        with workspace.paused(timeout_seconds=_PAUSE_SECONDS):
            world = workspace.state()
        return check_client(
            sync,
            world=world,
            api_key=self.api_key if api_key is None else api_key,
            limits=Limits(max_seconds=max_duration, max_hang_seconds=max_hang),
        )
