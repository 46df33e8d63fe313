"""Assertions for a 400 of the control API: unlike the vendor's it has the details in `message`."""

from tests.api.expect import assert_error
from tests.support import Reply


def assert_invalid(reply: Reply, *says: str) -> None:
    """A 400 in the envelope, whose message holds these words."""
    assert_error(reply, 400, reply.json.get("message"))
    message = reply.json["message"]
    assert message.startswith("Validation failed: ")
    assert [words for words in says if words not in message] == [], message
