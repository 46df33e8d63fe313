"""Ids, drawn from a seeded source: the same seed and the same calls give the same ids."""

import random
import string
import threading
from datetime import datetime

from mock_sendpilot.scheduling.clock import epoch_milliseconds


def _letters_of_bytes(alphabet: str) -> bytes:
    """For `bytes.translate`: each of the 256 bytes as a letter, all letters about as often."""
    return bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))


_LOWER = _letters_of_bytes(string.digits + string.ascii_lowercase)
_MIXED = _letters_of_bytes(string.digits + string.ascii_letters)


class Ids:
    """A workspace's source of ids and of other random bytes; safe to share between threads."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed.encode("utf-8", "surrogateescape"))
        self._lock = threading.Lock()

    def prefixed(self, prefix: str) -> str:
        """An id in the style of the vendor's pages: `lead_` and 12 alphanumerics."""
        return f"{prefix}_{self._text(_LOWER, 12)}"

    def cuid(self) -> str:
        """An id as the live service gives them: 25 lower-case characters that start with `c`."""
        return "c" + self._text(_LOWER, 24)

    def event_id(self, at: datetime) -> str:
        """`evt_<milliseconds since 1970>_<9 alphanumerics>`."""
        return f"evt_{epoch_milliseconds(at)}_{self._text(_LOWER, 9)}"

    def webhook_message_id(self) -> str:
        """The `svix-id` of an event: `msg_` and 27 alphanumerics."""
        return f"msg_{self._text(_MIXED, 27)}"

    def random_bytes(self, count: int) -> bytes:
        """Return so many bytes; from enough of them the next ones can be worked out."""
        with self._lock:
            return self._random.randbytes(count)

    def _text(self, letters: bytes, length: int) -> str:
        return self.random_bytes(length).translate(letters).decode()
