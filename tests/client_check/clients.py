"""Clients to check: a right one, and those with one mistake each."""

import time
from collections.abc import Iterator
from typing import Any

import requests

CAMPAIGN = "camp_check"
SENDER = "sender_check"
PROFILE = "https://www.linkedin.com/in/lead-ida"
TEXT = "Hello Ida"


class RequestFailed(Exception):
    """The API has refused a request, or has not answered it after all tries."""


class Client:
    """A client that does everything right: one sync reads all lists, and changes two things."""

    timeout: float | None = 0.4
    first_pause = 0.11
    max_tries = 4
    per_page = 20
    retried: tuple[int, ...] = (429, 500, 502, 503, 504)

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.headers["X-API-Key"] = api_key

    @classmethod
    def run(cls, base_url: str, api_key: str) -> None:
        """Sync once."""
        client = cls(base_url, api_key)
        with client.session:
            client.sync()

    def sync(self) -> None:
        for lead in self.leads():
            self.store(lead)
        for conversation in self.conversations():
            if conversation["id"].endswith("ida"):
                list(self.messages(conversation))
        self.set_status()
        self.send_message()

    def store(self, lead: dict[str, Any]) -> str:
        name = f"{lead.get('firstName') or ''} {lead.get('lastName') or ''}".strip()
        return f"{name.upper()} {lead['status']}"

    def leads(self) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            reply = self.get("/leads", campaignId=CAMPAIGN, page=page, limit=self.per_page)
            yield from reply["leads"]
            if self.is_last(page, reply):
                return
            page += 1

    def is_last(self, page: int, reply: dict[str, Any]) -> bool:
        return page >= int(reply["pagination"]["totalPages"])

    def conversations(self) -> Iterator[dict[str, Any]]:
        return self.by_token("/inbox/conversations", "conversations")

    def messages(self, conversation: dict[str, Any]) -> Iterator[dict[str, Any]]:
        path = f"/inbox/conversations/{conversation['id']}/messages"
        return self.by_token(path, "messages", accountId=SENDER)

    def by_token(self, path: str, key: str, **query: Any) -> Iterator[dict[str, Any]]:
        token = None
        while True:
            more: dict[str, str] = {} if token is None else {"continuationToken": token}
            reply = self.get(path, limit=self.per_page, **query, **more)
            yield from reply[key]
            if not reply["pagination"]["hasMore"]:
                return
            token = self.token(reply)

    def token(self, reply: dict[str, Any]) -> str | None:
        return str(reply["pagination"]["continuationToken"])

    def set_status(self) -> None:
        self.request("PATCH", "/leads/lead_ida/status", json={"status": "DONE"})

    def send_message(self) -> None:
        body = {"senderId": SENDER, "recipientLinkedinUrl": PROFILE, "message": TEXT}
        for _ in range(self.max_tries):
            try:
                self.once("POST", "/inbox/send", json=body)
            except (requests.RequestException, RequestFailed):
                time.sleep(self.first_pause)
                if self.is_sent():
                    return
            else:
                return
        raise RequestFailed("the message was not sent")

    def is_sent(self) -> bool:
        found = self.get("/inbox/conversations", accountId=SENDER)["conversations"]
        return any(one["lastMessage"]["content"] == TEXT for one in found)

    def get(self, path: str, **query: Any) -> Any:
        return self.request("GET", path, params=query)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Send a request until it is answered, with longer and longer pauses."""
        problem: Exception = RequestFailed("no try")
        for number in range(self.max_tries):
            pause = self.pause(number)
            try:
                return self.once(method, path, **options)
            except requests.HTTPError as error:
                problem = error
                if error.response is None or error.response.status_code not in self.retried:
                    break
                pause = self.pause_after(error.response, pause)
            except requests.RequestException as error:
                problem = error
            if number + 1 < self.max_tries:
                time.sleep(pause)
        raise RequestFailed(f"{method} {path}: {problem}") from problem

    def pause(self, number: int) -> float:
        return float(self.first_pause * 2**number)

    def pause_after(self, reply: requests.Response, pause: float) -> float:
        return float(reply.headers.get("Retry-After", pause))

    def once(self, method: str, path: str, **options: Any) -> Any:
        url = f"{self.base_url}{path}"
        reply = self.session.request(method, url, timeout=self.timeout, **options)
        if reply.status_code == 401:
            raise SystemExit("the API key is invalid")
        reply.raise_for_status()
        return reply.json()


class LooksBeforeItSends(Client):
    """It lists the latest conversations before each message, and asks twice who it is."""

    def sync(self) -> None:
        self.get("/me")
        super().sync()
        for _ in range(4):
            self.is_sent()
        self.get("/me")


# --- one mistake each -----------------------------------------------------------------------------


class ReadsTheFirstPage(Client):
    def is_last(self, page: int, reply: dict[str, Any]) -> bool:
        return True


class ReadsTwoPages(Client):
    def is_last(self, page: int, reply: dict[str, Any]) -> bool:
        return page >= min(2, int(reply["pagination"]["totalPages"]))


class ReadsOnePageTooMany(Client):
    def is_last(self, page: int, reply: dict[str, Any]) -> bool:
        return page > int(reply["pagination"]["totalPages"])


class ForgetsTheToken(Client):
    """It asks for the first page again and again."""

    def token(self, reply: dict[str, Any]) -> str | None:
        return None


class MakesUpTokens(Client):
    def token(self, reply: dict[str, Any]) -> str | None:
        return str(reply["pagination"]["continuationToken"]).rstrip("=") + "AA=="


class ReadsOneTokenPage(Client):
    def by_token(self, path: str, key: str, **query: Any) -> Iterator[dict[str, Any]]:
        yield from self.get(path, limit=self.per_page, **query)[key]


class IgnoresRetryAfter(Client):
    def pause_after(self, reply: requests.Response, pause: float) -> float:
        return pause


class TakesRetryAfterForMilliseconds(Client):
    def pause_after(self, reply: requests.Response, pause: float) -> float:
        return float(reply.headers.get("Retry-After", pause * 1000)) / 1000


class RequiresRetryAfter(Client):
    def pause_after(self, reply: requests.Response, pause: float) -> float:
        if reply.status_code == 429:
            return float(reply.headers["Retry-After"])
        return pause


class DoesNotRepeat(Client):
    max_tries = 1

    def send_message(self) -> None:
        self.once(
            "POST",
            "/inbox/send",
            json={"senderId": SENDER, "recipientLinkedinUrl": PROFILE, "message": TEXT},
        )


class DoesNotRepeatBrokenConnections(Client):
    def once(self, method: str, path: str, **options: Any) -> Any:
        try:
            return super().once(method, path, **options)
        except requests.HTTPError:
            raise
        except requests.RequestException as error:
            raise RequestFailed(str(error)) from error


class RepeatsWithoutPause(Client):
    def pause(self, number: int) -> float:
        return 0.0


class PausesEquallyLong(Client):
    def pause(self, number: int) -> float:
        return self.first_pause


class NeverGivesUp(Client):
    max_tries = 1_000_000

    def pause(self, number: int) -> float:
        return min(0.3, super().pause(min(number, 5)))


class RepeatsTwentyTimes(Client):
    max_tries = 20

    def pause(self, number: int) -> float:
        return 0.01 * number


class SwallowsFailures(Client):
    def get(self, path: str, **query: Any) -> Any:
        try:
            return super().get(path, **query)
        except RequestFailed:
            return {
                "leads": [],
                "conversations": [],
                "messages": [],
                "pagination": {"totalPages": 0, "hasMore": False},
            }

    max_tries = 1


class HasNoTimeout(Client):
    timeout = None


class SendsAgainWithoutALook(Client):
    def is_sent(self) -> bool:
        return False


class SendsAgainAfterServerErrors(Client):
    """It looks after a broken connection alone: it takes a 500 for an answer."""

    def once(self, method: str, path: str, **options: Any) -> Any:
        self.has_answer = False
        try:
            return super().once(method, path, **options)
        except requests.HTTPError:
            self.has_answer = True
            raise

    def is_sent(self) -> bool:
        return not self.has_answer and super().is_sent()


class TakesEveryMessageForSent(Client):
    def is_sent(self) -> bool:
        return True


class RepeatsRefusedRequests(Client):
    retried = (400, 404, *Client.retried)


class GoesOnWithoutAccess(Client):
    def once(self, method: str, path: str, **options: Any) -> Any:
        try:
            return super().once(method, path, **options)
        except SystemExit as error:
            raise requests.ConnectionError("401") from error


class ParsesBeforeItLooks(Client):
    """It knows errors as JSON alone."""

    def once(self, method: str, path: str, **options: Any) -> Any:
        url = f"{self.base_url}{path}"
        reply = self.session.request(method, url, timeout=self.timeout, **options)
        if "json" not in reply.headers["Content-Type"]:
            raise TypeError("expected JSON")
        return super().once(method, path, **options)


class KnowsAllFields(Client):
    def get(self, path: str, **query: Any) -> Any:
        reply = super().get(path, **query)
        if not set(reply) <= {"leads", "pagination", "conversations", "messages", "conversationId"}:
            raise ValueError("unexpected fields")
        return reply


class KnowsAllStatuses(Client):
    def store(self, lead: dict[str, Any]) -> str:
        known = ("PENDING", "REPLY_RECEIVED", "CONNECTION_ACCEPTED", "DONE")
        return str(known.index(lead["status"]))


class NeedsNames(Client):
    def store(self, lead: dict[str, Any]) -> str:
        return str(lead["firstName"]).upper() if lead["firstName"] else lead["firstName"].upper()
