"""The lists behind `sendpilot.events` and `sendpilot.webhooks`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, overload

from mock_sendpilot.matching import EventPattern
from mock_sendpilot.testing.aio import refuse_in_event_loop
from mock_sendpilot.testing.arguments import (
    check_count,
    check_seconds,
    event_id_of,
    with_ids,
)
from mock_sendpilot.testing.backends.protocol import Backend
from mock_sendpilot.testing.failures import WebhookNotSeen, no_endpoint
from mock_sendpilot.webhooks.event_log import MAX_EVENTS, SentWebhook, Stage
from mock_sendpilot.webhooks.payloads import check_pattern

_MAX_LISTED = 5


class RecordedEvents(Sequence[SentWebhook]):
    """The events of a workspace, oldest first: the latest 5,000.

    An event is here as soon as it has happened, whether or not it is sent to anybody.
    """

    _name: ClassVar[str] = "events"
    _stage: ClassVar[Stage] = Stage.RECORDED

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @overload
    def wait_for(
        self,
        event_type: str,
        *,
        count: None = None,
        after: SentWebhook | str | None = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> SentWebhook: ...
    @overload
    def wait_for(
        self,
        event_type: str,
        *,
        count: int,
        after: SentWebhook | str | None = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> list[SentWebhook]: ...
    def wait_for(
        self,
        event_type: str,
        *,
        count: int | None = None,
        after: SentWebhook | str | None = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> SentWebhook | list[SentWebhook]:
        """Return the first event of this type whose data holds these values; wait if need be.

        One of before counts, too: `after` is for the next one of the same kind.

        `sendpilot.events` waits until it has happened. `sendpilot.webhooks` waits until each
        endpoint that wants it has had its first attempt, so that the app under test has handled it;
        it fails at once where no endpoint could ever get it, or while the clock of the workspace
        is frozen, since nothing is sent then.

        Args:
            event_type: such as `lead.status.changed`.
            count: for so many: then the first `count` that fit, as a list.
            after: an event, or its id; only later ones count.
            timeout: seconds of real time.
            values: keys of `data` in snake case, such as `lead_id="lead_abc123"`; a lead, a
                campaign or the like stands for its id.

        Raises:
            InvalidInput: the workspace's contract has no such event type, or key of its data; a
                count that is not 1 or more; or a `timeout` that is no number of seconds.
            NotFound: there is no event `after`.
            WebhookNotSeen: none came in time; it shows what came, the nearest miss, and every
                attempt that failed.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop(f"sendpilot.aio.{self._name}.wait_for")
        pattern = self._pattern(event_type, values, options=("count", "after", "timeout"))
        if count is not None:
            check_count("count", count, maximum=MAX_EVENTS)
        check_seconds("timeout", timeout)
        # Waiting for what can never come only makes the test slow, so the failure comes at once.
        obstacle = self._obstacle(pattern)
        waited = self._backend.wait_for_events(
            pattern,
            count=1 if count is None else count,
            after=None if after is None else event_id_of(after),
            timeout_seconds=timeout if obstacle is None else 0.0,
            stage=self._stage,
        )
        if waited.failure is not None:
            raise WebhookNotSeen(obstacle or waited.failure)
        return waited.found[0] if count is None else waited.found

    def matching(self, event_type: str | None = None, **values: Any) -> list[SentWebhook]:
        """Return all so far that fit, oldest first, without any waiting.

        `matching(…) == []` says that nothing of the kind has happened. `sendpilot.webhooks` also
        has those whose first attempt is still to come, and those that a disruption drops: there it
        says that nothing of the kind was sent, nor is on its way. What your app has yet to ask for
        cannot be known: have it finish before.

        Args:
            event_type: such as `lead.status.changed`; None is any.
            values: as for `wait_for`.

        Raises:
            InvalidInput: the workspace's contract has no such event type, or key of its data.
            WebhookNotSeen: of `sendpilot.webhooks`, when there is no endpoint at all: then that
                nothing was sent says nothing.
        """
        __tracebackhide__ = True
        pattern = self._pattern(event_type, values, options=("event_type",))
        found = [one for one in self._candidates() if pattern.matches(one.body)]
        # An empty list means something only where something could have come.
        if not found:
            self._require_possibility(pattern)
        return found

    def __len__(self) -> int:
        return len(self._reached())

    def __iter__(self) -> Iterator[SentWebhook]:
        return iter(self._reached())

    @overload
    def __getitem__(self, index: int) -> SentWebhook: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SentWebhook]: ...
    def __getitem__(self, index: int | slice) -> SentWebhook | Sequence[SentWebhook]:
        # A new list each time: the log moves on while a test reads it.
        return self._reached()[index]

    def __repr__(self) -> str:
        types = [one.event_type for one in self]
        latest = ", ".join(types[-_MAX_LISTED:]) or "none"
        more = "… " if len(types) > _MAX_LISTED else ""
        return f"<{type(self).__name__} {len(types)}: {more}{latest}>"

    def _pattern(
        self, event_type: str | None, values: Mapping[str, Any], *, options: Iterable[str]
    ) -> EventPattern:
        pattern = EventPattern(event_type, with_ids(values))
        check_pattern(self._backend.contract, pattern, options=options)
        return pattern

    def _obstacle(self, _pattern: EventPattern) -> str | None:
        """Return the reason why waiting is in vain, or None."""
        return None

    def _candidates(self) -> list[SentWebhook]:
        """Return the events among which `matching` looks."""
        return self._all()

    def _require_possibility(self, pattern: EventPattern) -> None:
        """Refuse an empty result where it could not be anything else."""

    def _reached(self) -> list[SentWebhook]:
        return [one for one in self._all() if one.has_reached(self._stage)]

    def _all(self) -> list[SentWebhook]:
        return self._backend.view().outbox.events.all()


class SentWebhooks(RecordedEvents):
    """The webhooks of a workspace, oldest first: those of the latest 5,000 events that were sent.

    An event counts as sent when an endpoint wants it and each that does has had its first attempt.
    """

    _name: ClassVar[str] = "webhooks"
    _stage: ClassVar[Stage] = Stage.ATTEMPTED

    def _obstacle(self, pattern: EventPattern) -> str | None:
        if pattern.event_type is None or any(
            one.endpoint_count and not one.is_sent and pattern.matches(one.body)
            for one in self._all()
        ):
            return None
        return no_endpoint(self._backend.view(), pattern.event_type)

    def _candidates(self) -> list[SentWebhook]:
        return [one for one in self._all() if one.endpoint_count]

    def _require_possibility(self, pattern: EventPattern) -> None:
        __tracebackhide__ = True
        view = self._backend.view()
        if not view.outbox.endpoints.all():
            obstacle = no_endpoint(view, pattern.event_type)
            if obstacle is not None:
                raise WebhookNotSeen(obstacle)
