"""Assertions for every response of the leads API, and the keys of `limited_keys`."""

import re

from tests.support import Reply

JSON = {"Content-Type": "application/json"}
LEAD = "/v1/leads/lead_abc123"
STATUS = f"{LEAD}/status"
A_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

READ_KEY, WRITE_KEY, NO_SCOPE_KEY, REVOKED_KEY = "key_read", "key_write", "key_none", "key_revoked"

DOCUMENTED_STATUSES = (
    "PENDING", "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "REPLY_RECEIVED",
    "OPPORTUNITY", "NOT_INTERESTED", "DONE",
)  # fmt: skip
EVERY_STATUS = (
    "PENDING", "PROCESSING", "MESSAGE_SENT", "CONNECTION_SENT", "CONNECTION_ACCEPTED",
    "CONNECTION_ALREADY_SENT", "REPLY_RECEIVED", "FOLLOWUP_SENT", "BLOCKED",
    "PROFILE_UNREACHABLE", "RATE_LIMITED", "FAILED", "SUCCESS", "UNSUBSCRIBED", "IRRELEVANT",
    "SKIPPED", "DONE", "MEETING_BOOKED", "OPPORTUNITY", "LIKED_POST", "MESSAGE_SCHEDULED",
    "CONNECTION_SCHEDULED", "LIKE_POST_SCHEDULED", "VIEW_PROFILE_SCHEDULED", "CONNECTED",
    "CONNECTION_WITHDRAWN", "WITHDRAWAL_SCHEDULED", "WITHDRAWAL_NOT_POSSIBLE", "NOT_CONNECTED",
    "ICP_MATCH", "ICP_NOT_MATCH", "PROFILE_VIEWED", "STARTED", "STOPPED", "WAITING",
    "NOT_INTERESTED",
)  # fmt: skip

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Payload Too Large",
    500: "Internal Server Error",
}


def assert_error(reply: Reply, status: int, message: str | list[str]) -> None:
    """The vendor's error envelope, to the last byte."""
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert list(reply.json) == ["statusCode", "message", "error"]
    assert reply.json == {"statusCode": status, "message": message, "error": _PHRASES[status]}


def assert_invalid(reply: Reply, *says: str) -> None:
    """A 400 with the vendor's words in the body, and a hint that holds these words."""
    assert reply.status == 400, reply.body
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    envelope = reply.json
    assert list(envelope) == ["statusCode", "message", "error", "errors"]
    sentences = envelope.pop("errors")
    assert envelope == {"statusCode": 400, "message": "Validation failed", "error": "Bad Request"}
    assert sentences
    assert [sentence for sentence in sentences if ", got " in sentence or ";" in sentence] == []
    hint = reply.headers["x-emulator-hint"]
    assert [words for words in says if in_ascii(words) not in hint] == [], hint


def assert_refused(reply: Reply, details: str) -> None:
    """The same, and the hint is these details."""
    assert_invalid(reply)
    assert reply.headers["x-emulator-hint"] == in_ascii(details)


def in_ascii(text: str) -> str:
    """A text as a header has it."""
    return text.encode("ascii", "backslashreplace").decode()


def assert_no_route(reply: Reply, method: str, path: str) -> None:
    """Nest's own 404, whose keys stand in another order."""
    assert reply.status == 404, reply.body
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert list(reply.json) == ["message", "error", "statusCode"]
    assert reply.json == {
        "message": f"Cannot {method} {path}",
        "error": "Not Found",
        "statusCode": 404,
    }
