"""The client of a CRM for SendPilot's API."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

RETRIED = (429, 500, 502, 503, 504)


class RequestFailed(Exception):
    """The API has refused a request, or has not answered it after all attempts."""


class SendPilotClient:
    """A client that pages, times out, and retries what is safe to repeat.

    Args:
        base_url: such as `https://api.sendpilot.ai/v1`.
        api_key: the key of the workspace.
        timeout: seconds for the first byte of an answer.
        max_attempts: how often a request is sent at most.
        per_page: how many leads a page has.
        sleep: waits between two attempts; a test takes note instead.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float = 5.0,
        max_attempts: int = 5,
        per_page: int = 100,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._base_url = base_url
        self._timeout = timeout
        self._max_attempts = max_attempts
        self._per_page = per_page
        self._sleep = sleep
        self._session = requests.Session()
        self._session.headers["X-API-Key"] = api_key

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def leads(self) -> Iterator[dict[str, Any]]:
        """Yield the leads of all pages."""
        page = 1
        while True:
            query = {"page": page, "limit": self._per_page}
            reply = self._request("GET", "/leads", params=query)
            yield from reply["leads"]
            if page >= reply["pagination"]["totalPages"]:
                return
            page += 1

    def set_status(self, lead_id: str, status: str) -> None:
        """Set the status of a lead, which is safe to repeat."""
        self._request("PATCH", f"/leads/{lead_id}/status", json={"status": status})

    def send_message(self, sender_id: str, linkedin_url: str, text: str) -> None:
        """Send a message once: if an answer is lost, look before sending it again."""
        message = {"senderId": sender_id, "recipientLinkedinUrl": linkedin_url, "message": text}

        def is_sent() -> bool:
            return self._last_message(sender_id, linkedin_url) == text

        self._request("POST", "/inbox/send", json=message, is_done=is_sent)

    def _last_message(self, sender_id: str, linkedin_url: str) -> str | None:
        reply = self._request("GET", "/inbox/conversations", params={"accountId": sender_id})
        for conversation in reply["conversations"]:
            if any(one["profileUrl"] == linkedin_url for one in conversation["participants"]):
                return str(conversation["lastMessage"]["content"])
        return None

    def _request(
        self,
        method: str,
        path: str,
        *,
        is_done: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Any:
        """Send a request until it is answered, with longer and longer pauses."""
        url = f"{self._base_url}{path}"
        problem, pause = "", 0.0
        for attempt in range(self._max_attempts):
            if attempt:
                self._sleep(pause)
                if is_done():
                    return None
            pause = 0.5 * 2**attempt
            try:
                reply = self._session.request(method, url, timeout=self._timeout, **options)
                if reply.ok:
                    return reply.json()
            except requests.RequestException as error:  # also a body that is no JSON
                problem = str(error)
                continue
            problem = f"{reply.status_code} {reply.text}"
            if reply.status_code not in RETRIED:
                break
            pause = float(reply.headers.get("Retry-After", pause))
        raise RequestFailed(f"{method} {path}: {problem}")
