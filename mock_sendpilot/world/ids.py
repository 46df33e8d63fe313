"""Ids from a seeded source: the same seed and the same calls give the same ids."""

import random
import string
import threading
from datetime import datetime

from mock_sendpilot.scheduling.clock import epoch_milliseconds


# A draw per letter takes more than ten times as long, and each event needs 36 letters.
def _letters_of_bytes(alphabet: str) -> bytes:
    """Return a table for `bytes.translate` that makes letters of random bytes."""
    return bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))


_LOWER = _letters_of_bytes(string.digits + string.ascii_lowercase)
_MIXED = _letters_of_bytes(string.digits + string.ascii_letters)


class Ids:
    """The source of a workspace's ids and other random bytes; threads may share it."""

    __slots__ = ("_lock", "_random", "_seed")

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        # Made with the first id: it occupies 2.5 kB.
        self._random: random.Random | None = None

    def state(self) -> tuple[int, tuple[int, ...], float | None]:
        """Return the state of the source."""
        with self._lock:
            version, words, gauss = self._source().getstate()
        return version, words, gauss

    def load(self, state: tuple[int, tuple[int, ...], float | None]) -> None:
        """Go on from a state."""
        with self._lock:
            self._source().setstate(state)

    def prefixed(self, prefix: str) -> str:
        """Return an id in the style of the vendor's pages: `lead_` and 12 alphanumerics."""
        return f"{prefix}_{self._text(_LOWER, 12)}"

    def cuid(self) -> str:
        """Return an id as the live service has them: `c` and 24 lower-case alphanumerics."""
        return "c" + self._text(_LOWER, 24)

    def event_id(self, at: datetime) -> str:
        """Return `evt_<milliseconds since 1970>_<9 alphanumerics>`."""
        return f"evt_{epoch_milliseconds(at)}_{self._text(_LOWER, 9)}"

    def webhook_message_id(self) -> str:
        """Return the `svix-id` of an event: `msg_` and 27 alphanumerics."""
        return f"msg_{self._text(_MIXED, 27)}"

    def random_bytes(self, count: int) -> bytes:
        """Return that many bytes. They are no secret: from enough of them one can predict more."""
        with self._lock:
            return self._source().randbytes(count)

    def _source(self) -> random.Random:
        """Within the lock: return the source of random bytes, which is made on first use."""
        if self._random is None:
            # The command line may pass a seed that is no UTF-8.
            self._random = random.Random(self._seed.encode("utf-8", "surrogateescape"))
        return self._random

    def _text(self, letters: bytes, length: int) -> str:
        return self.random_bytes(length).translate(letters).decode()
