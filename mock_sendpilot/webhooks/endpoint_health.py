"""When the answers of a receiver disable its endpoint, and when they put off the next attempt.

The vendor documents neither (a client reports that its webhook "went silent"); Svix, which delivers
for it, does both. So each is a switch of the contract, and off.
"""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.webhooks.deliveries import Attempt

_FAILING_DAYS = 5
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_MAX_DIGITS = 6
_MAX_RETRY_AFTER = timedelta(seconds=10**_MAX_DIGITS)


class EndpointHealth:
    """How long each endpoint of a workspace has been failing."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._failing_since: dict[str, datetime] = {}

    def reason_to_disable(self, endpoint_id: str, attempt: Attempt) -> str | None:
        """Take note of an attempt; tell why its endpoint is to be disabled, if it is."""
        if attempt.is_success:
            self._failing_since.pop(endpoint_id, None)
            return None
        if self._contract.disable_on_410 and attempt.status_code == HTTPStatus.GONE:
            return "the receiver answered 410 Gone"
        since = self._failing_since.setdefault(endpoint_id, attempt.started_at)
        is_long = attempt.started_at - since >= timedelta(days=_FAILING_DAYS)
        if self._contract.disable_after_failing_days and is_long:
            return f"it has failed for {_FAILING_DAYS} days"
        return None

    def wait_for(self, attempt: Attempt, scheduled: timedelta) -> timedelta:
        """How long to wait for the next attempt: what a busy receiver asks for, if it is longer."""
        if not self._contract.honor_retry_after or attempt.status_code not in _BUSY:
            return scheduled
        headers = attempt.response.headers if attempt.response else {}
        asked = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
        return max(scheduled, _wait_asked_for(asked, attempt.sent_at))

    def forget(self, endpoint_id: str) -> None:
        """Begin anew."""
        self._failing_since.pop(endpoint_id, None)


def _wait_asked_for(retry_after: str, sent_at: datetime) -> timedelta:
    """Seconds, or an HTTP date, which is by the receiver's own clock; nothing if it is neither."""
    if retry_after.isdecimal() and retry_after.isascii() and len(retry_after) <= _MAX_DIGITS:
        return timedelta(seconds=int(retry_after))
    try:
        wait = parsedate_to_datetime(retry_after) - sent_at
    except Exception:  # a receiver may send anything in place of a date
        return timedelta()
    return wait if wait < _MAX_RETRY_AFTER else timedelta()
