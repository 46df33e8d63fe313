"""Receivers that respond first and act later, or whose effects are hard to count."""

import json
import queue
import threading
from itertools import count
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.receiver_check.receivers import Receiver


class ActsLater(Receiver):
    """A correct receiver that acts `delay` seconds after its response."""

    def __init__(self, delay: float = 0.05) -> None:
        super().__init__()
        self.delay = delay

    def act(self, event: dict[str, Any]) -> None:
        self.act_after(self.delay, event)

    def act_after(self, delay: float, event: dict[str, Any]) -> None:
        timer = threading.Timer(delay, super().act, [event])
        timer.daemon = True
        timer.start()


class ActsOnDuplicatesLater(ActsLater):
    """Its second effect shows long after the effect of the next event."""

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventId"] in self._known:
            self.act_after(2 * self.delay, event)
            return Response(status=202)
        return super().handle(event)


class ActsOnEveryDeliveryLater(ActsLater):
    def handle(self, event: dict[str, Any]) -> Response:
        self.act(event)
        return Response(status=202)


class ActsOnDuplicatesWithTheNextEvent(Receiver):
    """It works in batches: the second effect of an event shows with the next event."""

    def __init__(self) -> None:
        super().__init__()
        self._batch: list[dict[str, Any]] = []

    def handle(self, event: dict[str, Any]) -> Response:
        self._batch.append(event)
        if event["eventId"] not in self._known:
            self._known.add(event["eventId"])
            batch, self._batch = self._batch, []
            for one in batch:
                self.act(one)
        return Response(status=202)


class LooksUpAndQueues(Receiver):
    """It looks up finished events before it queues one, so that a concurrent pair is queued twice.

    After a duplicate its queue is full: later events are finished much later.
    """

    _delay = 0.01

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventId"] in self.effects:
            self._delay = 0.1
        else:
            timer = threading.Timer(self._delay, self.act, [event])
            timer.daemon = True
            timer.start()
        return Response(status=202)


class KnowsEventsByTheirSignature(Receiver):
    """It never recognizes a duplicate, since each attempt is signed afresh."""

    def receive(self, request: Request) -> Response:
        if not self.is_genuine(request):
            return self.reject()
        event = json.loads(request.get_data())
        with self._lock:
            is_new = request.headers["svix-signature"] not in self._known
            self._known.add(request.headers["svix-signature"])
        if is_new:
            self.act(event)
        return Response(status=204)


class ActsTwicePerEvent(Receiver):
    """A correct receiver whose events have two effects each, one of them later."""

    def act(self, event: dict[str, Any]) -> None:
        super().act(event)
        timer = threading.Timer(0.01, super().act, [event])
        timer.daemon = True
        timer.start()


class NumbersItsRows(Receiver):
    """A correct receiver: every delivery takes a number, as with ON CONFLICT DO NOTHING."""

    def __init__(self) -> None:
        super().__init__()
        self._sequence = count(1)
        self.rows: dict[str, int] = {}

    def handle(self, event: dict[str, Any]) -> Response:
        with self._lock:
            number = next(self._sequence)
            self.rows.setdefault(event["eventId"], number)
        return Response(status=204)


class HasABrokenProbe(Receiver):
    """Its probe breaks after three effects."""

    def answer(self, request: Request) -> Response:
        if request.path == "/effects" and len(self.effects) > 3:
            return Response("no such table", 500)
        return super().answer(request)


class WorksOffAQueue(Receiver):
    """A correct receiver whose one worker needs `seconds` for each event."""

    def __init__(self, seconds: float = 0.03) -> None:
        super().__init__()
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._seconds = seconds
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            event = self._queue.get()
            threading.Event().wait(self._seconds)
            super().act(event)

    def act(self, event: dict[str, Any]) -> None:
        self._queue.put(event)


class QueuesEveryDelivery(WorksOffAQueue):
    def handle(self, event: dict[str, Any]) -> Response:
        self.act(event)
        return Response(status=202)


class QueuesUnfinishedEvents(WorksOffAQueue):
    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventId"] not in self.effects:
            self.act(event)
        return Response(status=202)


class PollsItsQueue(Receiver):
    """A correct receiver whose worker handles all waiting events 20 times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[dict[str, Any]] = []
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            threading.Event().wait(0.05)
            waiting, self._waiting = self._waiting, []
            for event in waiting:
                super().act(event)

    def act(self, event: dict[str, Any]) -> None:
        self._waiting.append(event)


class ActsAfterFourEvents(Receiver):
    """Its first effects show with the fourth event it accepts."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[dict[str, Any]] = []

    def act(self, event: dict[str, Any]) -> None:
        self._waiting.append(event)
        if len(self._waiting) > 3:
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                super().act(one)
