"""The webhooks of a sandbox: where they go, events by hand, and deliveries that are disrupted."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import plain_json
from mock_sendpilot.matching import ANY_EVENT, EventPattern
from mock_sendpilot.receiver_check.target import MAX_LATENCY_SECONDS, Probe
from mock_sendpilot.testing.event_loop import refuse_in_event_loop
from mock_sendpilot.testing.sandbox_checks import (
    Subject,
    as_tuple,
    check_text,
    event_id_of,
    id_of,
    with_ids,
)
from mock_sendpilot.webhooks import triggers
from mock_sendpilot.webhooks.disruption_kinds import DEFAULT_RATE, OPTIONS
from mock_sendpilot.webhooks.disruptions import CHAOS_KINDS, Disruption
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.endpoint_settings import PROCESS, EndpointSettings
from mock_sendpilot.world.models import Campaign, Lead, Sender
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from mock_sendpilot.receiver_check.report import Report
    from mock_sendpilot.testing.serving import App, AppServer, Receiver

_OF_DISRUPT = ("endpoint", "event_type", "times", *OPTIONS)
_logger = logging.getLogger(__name__)


class SandboxWebhooks:
    """Endpoints, triggers and disruptions of a sandbox."""

    workspace: Workspace
    random_seed: str
    _outbox: Outbox
    _servers: "dict[int, AppServer]"
    """Of the apps that are served, by the id of the app, which they keep alive."""

    def add_endpoint(
        self,
        url: "Receiver",
        *,
        path: str | None = None,
        secret: str | None = None,
        events: str | Iterable[str] | None = None,
        retry_delays: Iterable[float] | None = None,
        timeout: float | None = None,
        signatures: str | Iterable[str] | None = None,
        concurrency: int = 1,
        signature_clock: str = PROCESS,
        headers: Mapping[str, str] | None = None,
    ) -> Endpoint:
        """Have webhooks sent to a URL or an app; a `secret` is made unless it is given.

        Args:
            url: where to; or a WSGI or ASGI app, which is served in a thread for the length of the
                test. For an app in a container it is its published port on 127.0.0.1; how a
                container reaches the fixture (`host=`) is in docs/how-to/pytest.md.
            path: where an app takes webhooks, by default `/webhooks`.
            secret: `whsec_…`.
            events: which event type or types; all of them by default.
            retry_delays: seconds before each further attempt, in place of the contract's.
            timeout: seconds that the receiver has for its answer, in place of 30.
            signatures: out of `documented`, `svix` and `standardwebhooks`.
            concurrency: how many deliveries may be under way at once; more than 1 keep no order.
            signature_clock: which time stands in signatures. `process` is what this process shows,
                so that an app in it can verify while the test freezes time or travels; `wall` is
                real time, and `virtual` that of `sendpilot.clock`.
            headers: sent with each webhook, in addition to those that the emulator sets itself.

        Raises:
            InvalidInput: a bad URL, secret or setting, an event type unknown to the contract, or an
                object that is no app.
            AppNotStarted: the startup of an ASGI app failed.
        """
        if isinstance(url, str) and path is not None:
            raise InvalidInput(f"path is for an app; write {path!r} at the end of the URL")
        settings = EndpointSettings(
            retry_delays_seconds=None if retry_delays is None else tuple(retry_delays),
            timeout_seconds=timeout,
            signatures=None if signatures is None else as_tuple(signatures),
            concurrency=concurrency,
            signature_clock=signature_clock,
            headers={} if headers is None else headers,
        )
        types = None if events is None else as_tuple(events)
        add = self._outbox.endpoints.add
        target = url if isinstance(url, str) else self._served(url, path)
        return add(target, secret=secret, event_types=types, settings=settings)

    def _served(self, app: "App", path: str | None) -> str:
        """Serve an app, if it is not served yet, and return the URL at which it takes webhooks."""
        from mock_sendpilot.testing.serving import AppServer, checked_path

        path = checked_path(path)
        server = self._servers.get(id(app))
        if server is None:
            server = AppServer(app)
            server.start()
            self._servers[id(app)] = server
        return f"{server.origin}{path}"

    def rotate_secret(self, endpoint: Endpoint | str, *, secret: str | None = None) -> Endpoint:
        """Give an endpoint a new secret; the old one is valid for 24 hours more, by the clock.

        Raises:
            InvalidInput: a bad secret, or the one in use.
        """
        return self._outbox.endpoints.rotate(id_of(endpoint, "endpoint"), secret)

    def set_enabled(self, endpoint: Endpoint | str, *, enabled: bool) -> Endpoint:
        """Disable an endpoint, which cancels what is pending for it, or enable it.

        Raises:
            NotFound: there is no such endpoint.
        """
        return self._outbox.update_endpoint(id_of(endpoint, "endpoint"), {"is_enabled": enabled})

    def send_test_event(
        self, endpoint: Endpoint | str, event_type: str | None = None
    ) -> SentWebhook:
        """Send sample data to one endpoint, as the vendor's dashboard can.

        Raises:
            InvalidInput: the endpoint is disabled, or there is no such event type.
        """
        return triggers.send_test_event(
            self.workspace, self._outbox, id_of(endpoint, "endpoint"), event_type
        )

    def trigger(
        self,
        event_type: str,
        *,
        lead_id: Lead | str | None = None,
        campaign_id: Campaign | str | None = None,
        job_id: Subject | str | None = None,
        sender_id: Sender | str | None = None,
        overrides: Mapping[str, Any] | None = None,
        text: str | None = None,
        with_effects: bool = False,
    ) -> SentWebhook:
        """Send an event about an existing lead, campaign or job; nothing else changes.

        Args:
            event_type: any of the twelve, by its name in any contract.
            lead_id: whose, for the events of leads, messages and connections; here and below an
                id, or what has it.
            campaign_id: for the events of campaigns.
            job_id: for those of searches and extractions.
            sender_id: a sender other than the lead's own.
            overrides: values for keys of `data`, in place of the usual ones.
            text: the message, reply or note in it, whatever the contract calls its key.
            with_effects: do what causes the event instead, with all its effects.

        Raises:
            NotFound: there is no such lead, campaign or job.
            InvalidInput: no such event type or key, or what causes it cannot happen.
        """
        request = triggers.TriggerRequest(
            event_type=event_type,
            lead_id=_optional_id(lead_id, "lead_id"),
            campaign_id=_optional_id(campaign_id, "campaign_id"),
            job_id=_optional_id(job_id, "job_id"),
            sender_id=_optional_id(sender_id, "sender_id"),
            overrides=overrides or {},
            text=text,
        )
        return triggers.trigger_event(
            self.workspace, self._outbox, request, with_effects=with_effects
        )

    def disrupt(
        self,
        kind: str,
        *,
        endpoint: Endpoint | str | None = None,
        event_type: str | None = None,
        times: int | None = 1,
        **values: Any,
    ) -> Disruption:
        """Make the next delivery that fits hostile; deliveries that are queued already are not.

        Args:
            kind: such as `duplicate` or `wrong_secret`; docs/reference/webhooks.md lists them.
            endpoint: only to this one.
            event_type: only of this type.
            times: how many deliveries; None for all.
            values: numbers that the kind takes (`seconds`, `attempts`, `copies`, `bytes`), and keys
                of `data` in snake case with the values they must have, such as `lead_id=…`.

        Raises:
            InvalidInput: an unknown kind, event type, number or key of data, a value that JSON
                cannot hold, or no times at all.
        """
        endpoint_id = _optional_id(endpoint, "endpoint")
        wanted = with_ids(_without(values, OPTIONS))
        plain = {name: plain_json(value, name) for name, value in wanted.items()}
        pattern = EventPattern(event_type, plain)
        self._outbox.check_target(endpoint_id, pattern, options=_OF_DISRUPT)
        return self._outbox.disruptions.arm(
            kind,
            endpoint_id=endpoint_id,
            pattern=pattern,
            times=times,
            options={name: value for name, value in values.items() if name in OPTIONS},
        )

    def chaos(
        self,
        rate: float = DEFAULT_RATE,
        *,
        random_seed: str | None = None,
        kinds: str | Iterable[str] = CHAOS_KINDS,
        endpoint: Endpoint | str | None = None,
    ) -> Disruption:
        """Disrupt this share of the deliveries from now on, in a mix drawn from a seed.

        The same seed and the same events are disrupted in the same way. The seed is logged, and
        pytest shows the log of a test that fails.

        Args:
            rate: 0 to 1.
            random_seed: by default the name of the test.
            kinds: the mix; by default all after which a right receiver has every event in the end.
            endpoint: only to this one.

        Raises:
            InvalidInput: an unknown kind, or none at all, or a rate that is no share.
        """
        endpoint_id = _optional_id(endpoint, "endpoint")
        self._outbox.check_target(endpoint_id, ANY_EVENT)
        seed = self.random_seed if random_seed is None else random_seed
        check_text("random_seed", seed)
        arm_chaos = self._outbox.disruptions.arm_chaos
        chaos = arm_chaos(seed, rate=rate, kinds=as_tuple(kinds), endpoint_id=endpoint_id)
        _logger.warning("chaos at rate %g, seed %r", rate, seed)
        return chaos

    def check_receiver(
        self,
        receiver: "Receiver",
        *,
        secret: str,
        path: str | None = None,
        scheme: str | Sequence[str] | None = None,
        probe: str | Probe | None = None,
        timeout: float = TIMEOUT_SECONDS,
        max_latency: float = MAX_LATENCY_SECONDS,
        lead_id: Lead | str | None = None,
        signature_clock: str = PROCESS,
    ) -> "Report":
        """Check a receiver under this contract: `assert report.passed, str(report)`.

        It is sent a series of test webhooks, valid, forged, duplicated and late; `webhooks` has
        none of them. docs/how-to/check-receiver.md describes each check.

        Args:
            receiver: a URL, or a WSGI or ASGI app, which is served in a thread for the check.
            secret: the signing secret of the receiver, `whsec_…`.
            path: the path where an app takes webhooks; by default `/webhooks`.
            scheme: `documented`, `svix` or `standardwebhooks`; by default the contract's.
            probe: a function that returns the number of effects of events, or a list of them; or a
                URL, or a path of the app, that returns that as JSON. Without it effects are
                inconclusive.
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
        from mock_sendpilot.testing.receiver_check import check_receiver

        return check_receiver(
            receiver,
            secret=secret,
            contract=self.workspace.contract,
            path=path,
            scheme=scheme,
            probe=probe,
            timeout=timeout,
            max_latency=max_latency,
            lead_id=_optional_id(lead_id, "lead_id"),
            signature_clock=signature_clock,
        )

    def disruption(self, disruption: Disruption | str) -> Disruption:
        """A disruption as it is now, with what it has done: `state`, `match_count`, `matches`.

        Raises:
            NotFound: there is none.
        """
        return self._outbox.disruptions.get(id_of(disruption, "disruption"))

    def resend(self, webhook: SentWebhook | str) -> None:
        """Make one more attempt of each delivery of a webhook: the same event, signed afresh.

        Raises:
            NotFound: it had no endpoint to go to.
        """
        self._outbox.resend_event(event_id_of(webhook))


def _optional_id(thing: object, name: str) -> str | None:
    return None if thing is None else id_of(thing, name)


def _without(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in set(names)}
