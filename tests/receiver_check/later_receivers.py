"""Receivers that answer first and act later, or have more to show than a list of effects."""

import json
import queue
import threading
from itertools import count
from time import perf_counter
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.receiver_check.receivers import Receiver


class ActsLater(Receiver):
    """Answers at once and acts after `delay` seconds. Is correct."""

    def __init__(self, delay: float = 0.1) -> None:
        super().__init__()
        self.delay = delay

    def act(self, event: dict[str, Any]) -> None:
        self.act_after(self.delay, event)

    def act_after(self, delay: float, event: dict[str, Any]) -> None:
        timer = threading.Timer(delay, super().act, [event])
        timer.daemon = True
        timer.start()


class ActsOnRepetitionsLater(ActsLater):
    """A second effect shows long after that of the event that came next."""

    delay_of_repetitions = 0.22

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventId"] in self._seen:
            self.act_after(self.delay_of_repetitions, event)
            return Response(status=202)
        return super().handle(event)


class ActsOnEveryDeliveryLater(ActsLater):
    def handle(self, event: dict[str, Any]) -> Response:
        self.act(event)
        return Response(status=202)


class ActsOnRepetitionsWithTheNext(Receiver):
    """Such as in a batch: without another event its second effect never shows."""

    def __init__(self) -> None:
        super().__init__()
        self._batch: list[dict[str, Any]] = []

    def handle(self, event: dict[str, Any]) -> Response:
        self._batch.append(event)
        if event["eventId"] not in self._seen:
            self._seen.add(event["eventId"])
            batch, self._batch = self._batch, []
            for one in batch:
                self.act(one)
        return Response(status=202)


class LooksUpAndQueues(Receiver):
    """Looks up what is done before it queues; a pair is queued twice.

    A repetition shows that the queue is full by now: what comes after it is done much later.
    """

    _delay = 0.01

    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventId"] in self.effects:
            self._delay = 0.25
        else:
            timer = threading.Timer(self._delay, self.act, [event])
            timer.daemon = True
            timer.start()
        return Response(status=202)


class KnowsEventsByTheirSignature(Receiver):
    """Each attempt is signed afresh, so that it never knows one."""

    def receive(self, request: Request) -> Response:
        if not self.is_genuine(request):
            return self.refusal()
        event = json.loads(request.get_data())
        with self._lock:
            is_new = request.headers["svix-signature"] not in self._seen
            self._seen.add(request.headers["svix-signature"])
        if is_new:
            self.act(event)
        return Response(status=204)


class NumbersItsRows(Receiver):
    """Is correct. Every delivery takes a number from a sequence, as ON CONFLICT DO NOTHING does."""

    def __init__(self) -> None:
        super().__init__()
        self._sequence = count(1)
        self.rows: dict[str, int] = {}

    def handle(self, event: dict[str, Any]) -> Response:
        with self._lock:
            number = next(self._sequence)
            self.rows.setdefault(event["eventId"], number)
        return Response(status=204)

    def newest_first(self) -> list[dict[str, Any]]:
        return [{"id": number, "event": one} for one, number in reversed(self.rows.items())]

    def with_the_last_id(self) -> dict[str, int]:
        return {"rows": len(self.rows), "lastId": max(self.rows.values(), default=0)}


class HasAClock(Receiver):
    """Is correct. Its clock moves with each delivery, as if by chance, and then by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._posts = 0
        self._posted_at = perf_counter()

    def handle(self, event: dict[str, Any]) -> Response:
        self._posts += 1
        self._posted_at = perf_counter()
        return super().handle(event)

    @property
    def seconds(self) -> int:
        return self._posts + int((perf_counter() - self._posted_at) / 0.8)


class HasABrokenProbe(Receiver):
    """Its page breaks as soon as there are some effects."""

    def answer(self, request: Request) -> Response:
        if request.path == "/effects" and len(self.effects) > 3:
            return Response("no such table", 500)
        return super().answer(request)


class WorksOffAQueue(Receiver):
    """Answers at once; one worker does one event after the other, each in `seconds`. Is correct."""

    def __init__(self, seconds: float) -> None:
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


class QueuesWhatIsNotDone(WorksOffAQueue):
    def handle(self, event: dict[str, Any]) -> Response:
        if event["eventId"] not in self.effects:
            self.act(event)
        return Response(status=202)


class ActsWhenSomeHaveCome(Receiver):
    """Its first effects show with the fourth event that it takes."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[dict[str, Any]] = []

    def act(self, event: dict[str, Any]) -> None:
        self._waiting.append(event)
        if len(self._waiting) > 3:
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                super().act(one)
