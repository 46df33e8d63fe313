"""The webhooks of a sandbox: endpoints, triggered events and disruptions."""

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mock_sendpilot.api.fields import Text
from mock_sendpilot.control.seed_loading import load_value
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import plain_json
from mock_sendpilot.matching import ANY_EVENT, EventPattern
from mock_sendpilot.testing.aio import refuse_in_event_loop
from mock_sendpilot.testing.arguments import (
    Subject,
    as_tuple,
    check_seconds,
    event_id_of,
    id_of,
    optional_id,
    with_ids,
)
from mock_sendpilot.testing.backends.protocol import Backend, Host
from mock_sendpilot.webhooks.disruption_kinds import DEFAULT_RATE, OPTIONS
from mock_sendpilot.webhooks.disruptions import CHAOS_KINDS, Disruption
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.endpoint_settings import PROCESS, EndpointSettings
from mock_sendpilot.world.models import Campaign, Lead, Sender
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from mock_sendpilot.testing.receiver_check import ProbeSource
    from mock_sendpilot.testing.serving import App, AppServer, Receiver

_DISRUPT_OPTIONS = ("endpoint", "event_type", "times", *OPTIONS)
_logger = logging.getLogger(__name__)


class SandboxWebhooks:
    """The part of a sandbox that is about its webhooks."""

    random_seed: str
    _host: Host
    _backend: Backend
    _servers: "dict[int, AppServer]"
    """The servers of apps by the `id()` of the app, which they keep alive."""

    @property
    def workspace(self) -> Workspace:
        """The emulator's own object behind all of this; its API may change.

        A reset and a restore put another object in its place.

        Raises:
            NotInThisProcess: the emulator runs elsewhere.
        """
        return self._host.own_workspace(self._backend.view())

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
        pass_traceparent: bool = False,
    ) -> Endpoint:
        """Send webhooks to a URL or an app.

        Args:
            url: a URL; or a WSGI or ASGI app, which is served in a thread until the test ends. For
                an app in a container it is its published port on 127.0.0.1; how a container
                reaches the fixture (`host=`) is in docs/how-to/pytest.md.
            path: the path where an app takes webhooks; by default `/webhooks`.
            secret: the signing secret, `whsec_…`; by default a new one.
            events: one or more event types; by default all of them.
            retry_delays: the retry schedule: seconds before each further attempt; by default the
                contract's.
            timeout: seconds to wait for a response; by default 30.
            signatures: any of `documented`, `svix` and `standardwebhooks`.
            concurrency: the number of deliveries at a time; more than 1 keep no order.
            signature_clock: the clock for the time in signatures. `process` is the time of this
                process, so that an app in it can verify while the test freezes time or travels;
                `wall` is real time, and `virtual` that of `sendpilot.clock`.
            headers: headers to send with each webhook, in addition to the emulator's own.
            pass_traceparent: whether webhooks of a request with a header `traceparent` have one of
                the same trace.

        Raises:
            InvalidInput: an invalid URL, secret or setting, an event type unknown to the contract,
                or an object that is no app.
            AppNotStarted: the startup of an ASGI app failed.
        """
        # Two places for one path would leave open which of them counts.
        if isinstance(url, str) and path is not None:
            raise InvalidInput(
                f"path: expected an app with it, got a URL; write {path!r} at the end of the URL"
            )
        settings = EndpointSettings(
            retry_delays_seconds=None if retry_delays is None else tuple(retry_delays),
            timeout_seconds=timeout,
            signatures=None if signatures is None else as_tuple(signatures),
            concurrency=concurrency,
            signature_clock=signature_clock,
            headers={} if headers is None else headers,
            pass_traceparent=pass_traceparent,
        )
        types = None if events is None else as_tuple(events)
        target = url if isinstance(url, str) else self._served(url, path)
        return self._backend.add_endpoint(
            target, secret=secret, event_types=types, settings=settings
        )

    def _served(self, app: "App", path: str | None) -> str:
        """Serve an app, if it is not served yet, and return the URL at which it takes webhooks."""
        # Late: serving an ASGI app imports asyncio, which most tests do without.
        from mock_sendpilot.testing.serving import AppServer, checked_path

        path = checked_path(path)
        self._host.check_can_reach_apps()
        # By identity: apps need not be hashable, and equal ones are still two apps.
        server = self._servers.get(id(app))
        if server is None:
            server = AppServer(app)
            server.start()
            self._servers[id(app)] = server
        return f"{server.origin}{path}"

    def rotate_secret(self, endpoint: Endpoint | str, *, secret: str | None = None) -> Endpoint:
        """Give an endpoint a new secret; the old one is valid for 24 hours more, by the clock.

        Raises:
            InvalidInput: an invalid secret, or the current one.
        """
        return self._backend.rotate_secret(id_of(endpoint, "endpoint"), secret)

    def set_enabled(self, endpoint: Endpoint | str, *, enabled: bool) -> Endpoint:
        """Disable an endpoint, which cancels what is pending for it, or enable it.

        Raises:
            NotFound: there is no such endpoint.
        """
        return self._backend.set_enabled(id_of(endpoint, "endpoint"), enabled=enabled)

    def send_test_event(
        self, endpoint: Endpoint | str, event_type: str | None = None
    ) -> SentWebhook:
        """Send sample data to one endpoint, as the vendor's dashboard can.

        Raises:
            InvalidInput: the endpoint is disabled, or there is no such event type.
        """
        return self._backend.send_test_event(id_of(endpoint, "endpoint"), event_type)

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
        """Send an event about an existing lead, campaign or job, and change nothing else.

        Wherever an id is expected you can pass the object.

        Args:
            event_type: any of the 12 event types, by its name in any contract.
            lead_id: the lead, for the events of leads, messages and connections.
            campaign_id: the campaign, for the events of campaigns.
            job_id: the search or extraction, for their events.
            sender_id: a sender other than the lead's own.
            overrides: values for keys of `data`, in place of the usual ones.
            text: the message, reply or note in it, under whichever key the contract has for it.
            with_effects: do what causes the event instead, with all its effects.

        Raises:
            NotFound: there is no such lead, campaign or job.
            InvalidInput: the event type or a key is unknown, or the cause cannot happen.
        """
        from mock_sendpilot.webhooks.triggers import TriggerRequest

        request = TriggerRequest(
            event_type=event_type,
            lead_id=optional_id(lead_id, "lead_id"),
            campaign_id=optional_id(campaign_id, "campaign_id"),
            job_id=optional_id(job_id, "job_id"),
            sender_id=optional_id(sender_id, "sender_id"),
            overrides=overrides or {},
            text=text,
        )
        return self._backend.trigger(request, with_effects=with_effects)

    def disrupt(
        self,
        kind: str,
        *,
        endpoint: Endpoint | str | None = None,
        event_type: str | None = None,
        times: int | None = 1,
        **values: Any,
    ) -> Disruption:
        """Make the next delivery that matches hostile; deliveries already queued are left alone.

        Args:
            kind: such as `duplicate` or `wrong_secret`; docs/reference/webhooks.md lists them.
            endpoint: match only deliveries to this endpoint.
            event_type: match only events of this type.
            times: the number of deliveries; None for all.
            values: options of the kind (`seconds`, `attempts`, `copies`, `bytes`), and keys of
                `data` in snake case with the values to match, such as `lead_id=…`.

        Raises:
            InvalidInput: an unknown kind, event type, option or key of data, a value that JSON
                cannot hold, or no times at all.
        """
        endpoint_id = optional_id(endpoint, "endpoint")
        # Options and keys of `data` share the keywords.
        options = {name: value for name, value in values.items() if name in OPTIONS}
        data = with_ids({name: value for name, value in values.items() if name not in OPTIONS})
        pattern = EventPattern(
            event_type, {name: plain_json(value, name) for name, value in data.items()}
        )
        outbox = self._backend.view().outbox
        outbox.check_target(endpoint_id, pattern, options=_DISRUPT_OPTIONS)
        return self._backend.arm_disruption(
            kind,
            endpoint_id=endpoint_id,
            pattern=pattern,
            times=times,
            options=options,
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
            rate: the share of deliveries, 0 to 1.
            random_seed: the seed of the mix; by default the name of the test.
            kinds: the kinds in the mix; by default those after which a correct receiver has every
                event in the end.
            endpoint: disrupt only deliveries to this endpoint.

        Raises:
            InvalidInput: an unknown kind, no kind at all, or an invalid rate.
        """
        endpoint_id = optional_id(endpoint, "endpoint")
        self._backend.view().outbox.check_target(endpoint_id, ANY_EVENT)
        seed = self.random_seed if random_seed is None else random_seed
        load_value(Text(may_be_empty=True), seed, "random_seed")
        chaos = self._backend.arm_delivery_chaos(
            seed, rate=rate, kinds=as_tuple(kinds), endpoint_id=endpoint_id
        )
        _logger.warning("chaos at rate %g, seed %r", rate, seed)
        return chaos

    def assert_converges(
        self,
        probe: "ProbeSource",
        *,
        leads: Iterable[Lead | str] | None = None,
        timeout: float = 5.0,
    ) -> None:
        """Wait until what the app knows about its leads agrees with the emulator.

        For an app that acknowledges a webhook first and works later. It waits until no webhook is
        being sent or due, and then asks the probe, with growing pauses, until all fields agree that
        the probe returns.

        Args:
            probe: a function; or a URL, a path of the app added last, or a command (a list of
                texts), which returns JSON. It returns the app's leads: `{id: {"status": …}}`,
                `{id: status}`, or a list of objects with an `id`. Next to fields of leads they may
                have `replies` and `messages`: the number of texts, or the texts. A function is
                called in the thread of the test.
            leads: compare only these leads, or their ids; by default all of either side.
            timeout: seconds of real time, also while the clock is frozen.

        Raises:
            InvalidInput: the probe is invalid, or returns something else; a `timeout` that is no
                number of seconds.
            NotConverged: they do not agree in time. It shows each field that differs, and the
                webhooks about the lead.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.assert_converges` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.assert_converges")
        check_seconds("timeout", timeout)
        from mock_sendpilot.testing.convergence import wait_for_convergence
        from mock_sendpilot.testing.receiver_check import probe_of

        servers = list(self._servers.values())
        if isinstance(probe, str) and probe.startswith("/") and not servers:
            raise InvalidInput(f"the probe: expected a URL, since no app is served, got {probe!r}")
        wait_for_convergence(
            lambda seconds: probe_of(
                probe, origin=servers[-1].origin if servers else "", timeout_seconds=seconds
            ),
            self._backend,
            lead_ids=None if leads is None else [id_of(one, "leads") for one in leads],
            timeout=timeout,
        )

    def disruption(self, disruption: Disruption | str) -> Disruption:
        """Return a disruption as it is now, with its `state`, `match_count` and `matches`.

        Raises:
            NotFound: there is none.
        """
        return self._backend.view().outbox.disruptions.get(id_of(disruption, "disruption"))

    def resend(self, webhook: SentWebhook | str) -> None:
        """Make one more attempt of each delivery of a webhook: the same event, signed again.

        Raises:
            NotFound: it had no endpoint to go to.
        """
        self._backend.resend(event_id_of(webhook))
