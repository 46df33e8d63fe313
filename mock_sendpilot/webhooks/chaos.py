"""Chaos: a mix of disruptions, drawn from a seed, so that the same seed draws the same again.

What is drawn depends on the seed, on the number of the endpoint among those that chaos has met, and
on the number of the delivery to it: so a run with the same events is disrupted in the same way.
"""

import random
import threading
from collections import Counter
from collections.abc import Sequence

from mock_sendpilot.webhooks.disruption import DROP, KINDS, RENAMED_EVENT, UNKNOWN

_LOSING = (DROP, UNKNOWN, RENAMED_EVENT)
"""A receiver rightly acknowledges what it does not know, and then the event does not come again."""
CHAOS_KINDS = tuple(kind for kind in KINDS if kind not in _LOSING)
"""The default mix: whatever is in it, a correct receiver has every event in the end."""
DEFAULT_RATE = 0.2


class Chaos:
    """What befalls which delivery.

    Args:
        seed: what chance is drawn from.
        rate: the share of deliveries that are disrupted, 0 to 1.
        kinds: the mix.
    """

    def __init__(self, seed: str, rate: float, kinds: tuple[str, ...]) -> None:
        self._seed = seed
        self._rate = rate
        self.kinds = kinds
        self._lock = threading.Lock()
        self._endpoint_numbers: dict[str, int] = {}
        self._counts: Counter[str] = Counter()

    def draw(self, endpoint_id: str, possible: Sequence[str]) -> str | None:
        """The kind for the next delivery to an endpoint, one of those possible; or None."""
        with self._lock:
            number = self._endpoint_numbers.setdefault(endpoint_id, len(self._endpoint_numbers))
            self._counts[endpoint_id] += 1
            chance = random.Random(f"{self._seed}/{number}/{self._counts[endpoint_id]}")
        if chance.random() >= self._rate:
            return None
        return chance.choice(possible) if possible else None
