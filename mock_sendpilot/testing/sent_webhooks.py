"""What a workspace has sent: the list behind `sendpilot.webhooks`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.observation.patterns import EventPattern
from mock_sendpilot.testing.failures import WebhookNotSeen
from mock_sendpilot.testing.sandbox_checks import check_count, event_id_of, with_ids
from mock_sendpilot.webhooks.event_keys import check_pattern
from mock_sendpilot.webhooks.event_log import MOST_EVENTS, EventLog, SentWebhook
from mock_sendpilot.webhooks.waiting import wait_for_events

_MOST_SHOWN = 5


class SentWebhooks(Sequence[SentWebhook]):
    """The webhooks of a workspace, oldest first: the latest 5,000.

    A webhook counts as sent when each endpoint that wants it has had its first attempt, and at once
    where there is no such endpoint. So after `wait_for` the app under test has handled it.
    """

    def __init__(self, workspace: Workspace, events: EventLog) -> None:
        self._workspace = workspace
        self._events = events

    @overload
    def wait_for(
        self,
        event_type: str,
        *,
        count: None = None,
        after: SentWebhook | str | None = None,
        within: float = 2.0,
        **values: Any,  # noqa: ANN401
    ) -> SentWebhook: ...
    @overload
    def wait_for(
        self,
        event_type: str,
        *,
        count: int,
        after: SentWebhook | str | None = None,
        within: float = 2.0,
        **values: Any,  # noqa: ANN401
    ) -> list[SentWebhook]: ...
    def wait_for(
        self,
        event_type: str,
        *,
        count: int | None = None,
        after: SentWebhook | str | None = None,
        within: float = 2.0,
        **values: Any,
    ) -> SentWebhook | list[SentWebhook]:
        """The first webhook of this type whose data holds these values, waiting if need be.

        One that was sent before counts, too: `after` is for the next one of the same kind.
        While the clock of the workspace is frozen nothing is sent, and there is no waiting.

        Args:
            event_type: such as `lead.status.changed`.
            count: for so many webhooks: then the first `count` that fit, as a list.
            after: a webhook, or the id of its event; only later ones count.
            within: seconds of real time.
            values: keys of `data` in snake case, such as `lead_id="lead_abc123"`; a lead, a
                campaign or the like stands for its id.

        Raises:
            InvalidInput: the workspace's contract has no such event type, or key of its data; or a
                count that is not 1 or more.
            NotFound: there is no event `after`.
            WebhookNotSeen: none was sent in time; it shows what was sent, and the nearest miss.
        """
        __tracebackhide__ = True
        pattern = self._pattern(event_type, values, options=("count", "after", "within"))
        if count is not None:
            check_count("count", count, most=MOST_EVENTS)
        waited = wait_for_events(
            self._events,
            self._workspace.scheduler,
            pattern,
            count=1 if count is None else count,
            after=None if after is None else event_id_of(after),
            within_seconds=within,
        )
        if waited.failure is not None:
            raise WebhookNotSeen(waited.failure)
        return waited.found[0] if count is None else waited.found

    def matching(self, event_type: str | None = None, **values: Any) -> list[SentWebhook]:  # noqa: ANN401
        """All webhooks so far that fit, oldest first, without any waiting.

        Also those whose first attempt is still to come: so `matching(…) == []` says that nothing of
        the kind was sent, nor is on its way. What your app has yet to ask for cannot be known: have
        it finish before.

        Args:
            event_type: such as `lead.status.changed`; None is any.
            values: as for `wait_for`.

        Raises:
            InvalidInput: the workspace's contract has no such event type, or key of its data.
        """
        pattern = self._pattern(event_type, values, options=("event_type",))
        return [webhook for webhook in self._all() if pattern.matches(webhook.body)]

    def __len__(self) -> int:
        return len(self._sent())

    def __iter__(self) -> Iterator[SentWebhook]:
        return iter(self._sent())

    @overload
    def __getitem__(self, index: int) -> SentWebhook: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SentWebhook]: ...
    def __getitem__(self, index: int | slice) -> SentWebhook | Sequence[SentWebhook]:
        return self._sent()[index]

    def __repr__(self) -> str:
        types = [webhook.event_type for webhook in self]
        latest = ", ".join(types[-_MOST_SHOWN:]) or "none"
        return f"<SentWebhooks {len(types)}: {'… ' if len(types) > _MOST_SHOWN else ''}{latest}>"

    def _pattern(
        self, event_type: str | None, values: Mapping[str, Any], *, options: Iterable[str]
    ) -> EventPattern:
        pattern = EventPattern(event_type, with_ids(values))
        check_pattern(self._workspace.contract, pattern, options=options)
        return pattern

    def _sent(self) -> list[SentWebhook]:
        return [webhook for webhook in self._all() if webhook.is_sent]

    def _all(self) -> list[SentWebhook]:
        return self._events.all()
