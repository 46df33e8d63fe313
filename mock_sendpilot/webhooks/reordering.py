"""Deliveries that let the next one to their endpoint pass: the disruption `reorder`."""

import threading
from dataclasses import dataclass

from mock_sendpilot.scheduling.task_queue import Task
from mock_sendpilot.webhooks.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Reordered:
    """A delivery whose first attempt is put off, and the task that is to make it."""

    delivery: Delivery
    task: Task


class ReorderedDeliveries:
    """What is held back for each endpoint. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, list[Reordered]] = {}

    def hold(self, delivery: Delivery, task: Task) -> None:
        """Remember a delivery until a later one has passed it."""
        with self._lock:
            held = self._held.setdefault(delivery.endpoint_id, [])
            held.append(Reordered(delivery, task))

    def release_overtaken_by(self, delivery: Delivery) -> list[Reordered]:
        """Those that a delivery has passed, oldest first; they are not held any more.

        What was under way before them passes nobody. The delivery itself ceases to be held.
        """
        with self._lock:
            held = self._held.pop(delivery.endpoint_id, [])
            later = [one for one in held if one.delivery.sequence > delivery.sequence]
            if later:
                self._held[delivery.endpoint_id] = later
        return [one for one in held if one.delivery.sequence < delivery.sequence]

    def forget(self, endpoint_id: str) -> None:
        """Hold nothing for an endpoint any more."""
        with self._lock:
            self._held.pop(endpoint_id, None)
