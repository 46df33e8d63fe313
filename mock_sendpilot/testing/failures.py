"""What fails a test that waits."""

from mock_sendpilot.domain.clock import iso_milliseconds
from mock_sendpilot.domain.timekeeper import Timekeeper


class WebhookNotSeen(AssertionError):
    """The expected webhook did not come in time; the message shows what came instead."""


class NotIdle(AssertionError):
    """Something was still at work or due when the time to wait was over."""

    def __init__(self, keeper: Timekeeper, within: float) -> None:
        due = keeper.agenda.next_due()
        text = f"due at {iso_milliseconds(due.at)}: {due.about}" if due else "a task is at work"
        now = iso_milliseconds(keeper.clock.now())
        if keeper.is_frozen:
            super().__init__(f"not idle: the clock stands still at {now}, {text}; advance it")
        else:
            super().__init__(f"not idle within {within:g} s: it is {now}, {text}")
