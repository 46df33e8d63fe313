"""Exploring a receiver: a search, webhooks at the same time, and all of them delivered."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mock_sendpilot.scheduling.scheduler import ADVANCE_TIMEOUT_SECONDS
from mock_sendpilot.testing.aio import refuse_in_event_loop
from mock_sendpilot.testing.arguments import as_tuple, check_count, check_seconds
from mock_sendpilot.testing.failures import NotDelivered
from mock_sendpilot.testing.sandbox_webhooks import SandboxWebhooks
from mock_sendpilot.webhooks.deliveries import (
    CANCELLED,
    DROPPED,
    EXHAUSTED,
    Delivery,
    describe_failed_attempts,
)
from mock_sendpilot.webhooks.disruption_kinds import UNKNOWN_TYPE
from mock_sendpilot.webhooks.disruptions import Disruption
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.stages import Release, Stages
from mock_sendpilot.world.endpoint_settings import MAX_CONCURRENCY
from mock_sendpilot.world.seed import WorkspaceSeed

if TYPE_CHECKING:
    from mock_sendpilot.explorer.exploring import Exploration, Progress
    from mock_sendpilot.explorer.playing import Invariant
    from mock_sendpilot.testing.receiver_check import ProbeSource
    from mock_sendpilot.testing.receiver_process import ReceiverProcess
    from mock_sendpilot.testing.sandbox import Sandbox
    from mock_sendpilot.testing.serving import Receiver

MAX_EXAMPLES, MAX_STEPS = 1_000_000, 50
_MAX_ROUNDS = 500
_MAX_RESENDS = 3


class SandboxExploration(SandboxWebhooks):
    """The part of a sandbox that puts a receiver under pressure."""

    @property
    def _outbox(self) -> Outbox:
        """The webhooks of the workspace, which has to be in this process."""
        view = self._backend.view()
        self._host.own_workspace(view)
        return view.outbox

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Send the webhooks of a `with` block at the same time, released by their last bytes.

        What the block changes or resends is queued, and sent at its end. The receiver has all of
        these requests complete within a fraction of a millisecond: what it does between looking
        something up and storing it is done twice.

        Raises:
            AdvanceTimedOut: it took too long; it says what held it up.
            EventLoopBlocked: called in a coroutine.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("asyncio.to_thread")
        workspace, outbox = self.workspace, self._outbox
        scheduler = workspace.scheduler
        is_frozen = scheduler.clock.is_frozen
        self._backend.freeze()
        try:
            self._advance()  # what was due before is not of the block
            endpoints = outbox.endpoints.all()
            for one in endpoints:
                outbox.endpoints.update(one.id, {"concurrency": MAX_CONCURRENCY})
            try:
                yield
                with outbox.staged(Release(outbox.due_count())):
                    self._advance()
            finally:
                for one in endpoints:
                    width = {"concurrency": one.settings.concurrency}
                    outbox.endpoints.update(one.id, width)
        finally:
            if not is_frozen:
                self._backend.resume()

    def deliver_all(self) -> None:
        """Let time pass until everything is delivered; resend what a disruption has dropped.

        Raises:
            NotDelivered: a valid webhook was never acknowledged with a 2xx; it says which attempts
                failed, and why.
            AdvanceTimedOut: it took too long; it says what held it up.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.deliver_all` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.deliver_all")
        scheduler, log = self.workspace.scheduler, self._outbox.log
        self._advance()
        resend_counts: dict[str, int] = {}
        for _ in range(_MAX_ROUNDS):
            due = scheduler.next_due()
            if due is not None:
                self._advance(max(timedelta(), due.at - scheduler.clock.now()))
                continue
            dropped = [one for one in log.all() if one.state == DROPPED]
            waiting = [one for one in dropped if resend_counts.get(one.id, 0) < _MAX_RESENDS]
            if not waiting:
                break
            for one in waiting:
                resend_counts[one.id] = resend_counts.get(one.id, 0) + 1
                self._backend.resend_delivery(one.id)
        failed = [one for one in log.all() if _is_undelivered(one)]
        if failed:
            count = "1 webhook was" if len(failed) == 1 else f"{len(failed)} webhooks were"
            notes = describe_failed_attempts(failed)
            raise NotDelivered("\n  ".join([f"{count} never acknowledged with a 2xx", *notes]))

    def _advance(self, duration: timedelta = timedelta()) -> None:
        self._backend.advance(duration, timeout_seconds=ADVANCE_TIMEOUT_SECONDS)

    @contextmanager
    def staged(self, stages: Stages) -> Iterator[None]:
        """Let `stages` act on the attempts that are made in a `with` block."""
        with self._outbox.staged(stages):
            yield

    def disarm(self, disruption: Disruption) -> None:
        """Let a disruption meet no further delivery."""
        self._backend.remove_disruption(disruption.id)

    def renew(self, seed: WorkspaceSeed) -> None:
        """Begin again with the contents of a seed, without endpoints; the API key stays."""
        self._host.server.emulator.reset(self.workspace, seed=seed, keeps_endpoints=False)

    def explore(
        self,
        receiver: "Receiver",
        *,
        probe: "ProbeSource",
        examples: int = 300,
        invariants: "Iterable[Invariant]" = (),
        secret: str | None = None,
        path: str | None = None,
        events: str | Iterable[str] | None = None,
        kinds: str | Iterable[str] | None = None,
        restart: "Callable[[], object] | ReceiverProcess | None" = None,
        reset: Callable[[], object] | None = None,
        random_seed: str | None = None,
        max_steps: int | None = None,
        timeout: float = 2.0,
        replay: str | Path | None = None,
        on_progress: "Progress | None" = None,
    ) -> "Exploration":
        """Search for the smallest schedule that a receiver does not survive.

        A schedule changes leads, sends messages, has people reply, disrupts webhooks, sends two at
        once, lets time pass and restarts the receiver. At its end everything is delivered; then the
        app must agree with the emulator about the leads. Each schedule begins in this workspace as
        new, with leads that no other had; afterwards it is as before, except for its request
        journal. `assert exploration.passed, str(exploration)`.

        Args:
            receiver: a URL, or a WSGI or ASGI app, which is served in a thread until the test ends.
            probe: what the app knows about its leads, as for `assert_converges`.
            examples: the number of schedules.
            invariants: functions that are called with the sandbox at the end of each schedule; each
                raises AssertionError or returns False if something is wrong.
            secret: the signing secret of the receiver, `whsec_…`; by default a new one.
            path: the path where an app takes webhooks; by default `/webhooks`.
            events: one or more event types that it is sent; by default all of them.
            kinds: the kinds of disruptions; by default those after which a correct receiver has
                every event in the end.
            restart: a function that restarts the app, so that it forgets what is only in memory;
                or a `ReceiverProcess`, which is also killed while it handles a webhook.
            reset: a function that makes the app forget everything, before each schedule.
            random_seed: the seed of the search; by default the name of the test.
            max_steps: the largest number of steps of a schedule; by default 10.
            timeout: seconds of real time for each response, and to agree in the end.
            replay: a test that an exploration has printed, or its JSON: the file of a schedule to
                play, instead of a search.
            on_progress: a function that is called with the number of each schedule and its phase.

        Raises:
            InvalidInput: hypothesis is not installed, an option is invalid, or the probe returns no
                view of leads.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.explore` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.explore")
        # Late: most tests explore nothing, and hypothesis takes long to import.
        from mock_sendpilot.evidence.recording import paused, recording_of
        from mock_sendpilot.explorer.exploring import Explorer
        from mock_sendpilot.explorer.generated_test import schedule_of_file
        from mock_sendpilot.explorer.playing import Subject
        from mock_sendpilot.testing.receiver_process import FunctionRestart, ReceiverProcess

        check_seconds("timeout", timeout)
        check_count("examples", examples, maximum=MAX_EXAMPLES)
        if max_steps is not None:
            check_count("max_steps", max_steps, maximum=MAX_STEPS)
        restartable = (
            restart
            if restart is None or isinstance(restart, ReceiverProcess)
            else FunctionRestart(restart)
        )
        subject = Subject(
            receiver=receiver,
            probe=probe,
            path=path,
            secret=secret,
            events=None if events is None else as_tuple(events),
            invariants=tuple(invariants),
            timeout_seconds=timeout,
            restartable=restartable,
            reset=reset,
        )
        schedule, starts_at = (None, None) if replay is None else schedule_of_file(Path(replay))
        explorer = Explorer(
            cast("Sandbox", self),
            subject,
            kinds=None if kinds is None else as_tuple(kinds),
            max_steps=max_steps,
            starts_at=starts_at,
            on_progress=on_progress or (lambda _count, _phase: None),
        )
        seed = self.random_seed if random_seed is None else str(random_seed)
        with paused(self._backend):
            if schedule is not None:
                exploration = explorer.replay(schedule, random_seed=seed)
            else:
                exploration = explorer.explore(examples=examples, random_seed=seed)
        if (recording := recording_of(self._backend)) is not None:
            recording.exploration = exploration
        return exploration


def _is_undelivered(delivery: Delivery) -> bool:
    """Return whether a delivery ended without success that a correct receiver acknowledges."""
    if delivery.state in {CANCELLED, DROPPED}:
        return True
    if delivery.state != EXHAUSTED:
        return False
    # What was forged to the last attempt has to be rejected.
    return delivery.attempts[-1].disruption in {None, UNKNOWN_TYPE}
