"""An agenda: what is still to be done in a workspace, each task at its time, in lanes.

Tasks of one lane run one after the other, in the order of their times and then of their arrival,
unless the lane is wider; lanes do not wait for each other. An agenda has no thread: `run_due` does
in the calling thread what is due. `Worker` calls `run_next` from its threads while the clock of the
workspace runs.
"""

import heapq
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime

Task = Callable[[], None]


@dataclass(order=True, slots=True)
class _Entry:
    due_at: datetime
    order: int
    task: Task = field(compare=False)
    about: str = field(compare=False)


@dataclass(slots=True)
class _Lane:
    entries: list[_Entry] = field(default_factory=list)
    width: int = 1
    at_work: int = 0

    @property
    def is_free(self) -> bool:
        return self.at_work < self.width

    def firsts(self) -> list[tuple[datetime, int]]:
        """The tasks for which there are places, by time and number, at the cost of these alone."""
        places = min(self.width - self.at_work, len(self.entries))
        if places <= 1:
            return [(entry.due_at, entry.order) for entry in self.entries[: max(0, places)]]
        firsts = [heapq.heappop(self.entries) for _ in range(places)]
        for entry in firsts:
            heapq.heappush(self.entries, entry)
        return [(entry.due_at, entry.order) for entry in firsts]


@dataclass(frozen=True, slots=True)
class Due:
    """What is due, and when."""

    at: datetime
    about: str
    number: int = field(default=0, compare=False)
    """That of the task: see `Agenda.added_count`."""


class Agenda:
    """The tasks of one workspace. Every method may be called from any thread.

    Attributes:
        added_count: how many tasks were ever added; each has the number it found there.

    Args:
        wake: called, without any lock held, with the time at which a task can run next and with its
            number, whenever a lane gets a task that is due before all others of that lane.
    """

    def __init__(self, wake: Callable[["Agenda", datetime, int], None] | None = None) -> None:
        self._wake = wake or (lambda _agenda, _due_at, _number: None)
        self._lock = threading.Condition()
        self._lanes: dict[Hashable, _Lane] = {}
        # A live head for each lane that has tasks and is free; outdated heads are passed over.
        self._heads: list[tuple[datetime, int, Hashable]] = []
        self._head_times: set[tuple[datetime, int]] = set()  # so that no head is there twice
        self.added_count = 0
        self._is_closed = False

    def add(
        self, task: Task, *, due_at: datetime, lane: Hashable, about: str = "a task", width: int = 1
    ) -> int:
        """Run `task` at `due_at` or as soon after it as its lane is free.

        Args:
            task: what is to be done.
            due_at: when, by the clock of the workspace.
            lane: tasks of the same lane wait for each other.
            about: tells people what it is.
            width: how many tasks of the lane may be at work at one time, from now on.

        Returns:
            A number by which it can be brought forward.
        """
        with self._lock:
            order = self.added_count
            self.added_count += 1
            if self._is_closed:
                return order
            waiting = self._lanes.setdefault(lane, _Lane())
            is_wide = waiting.width > 1 or width > 1
            waiting.width = width
            entry = _Entry(due_at, order, task, about)
            heapq.heappush(waiting.entries, entry)
            # A wide lane wants as many threads as it has tasks: each of them wakes one.
            leads = waiting.is_free and (is_wide or waiting.entries[0] is entry)
            if leads:
                self._put_head(lane)
        if leads:
            self._wake(self, due_at, order)
        return order

    def bring_forward(self, number: int, *, lane: Hashable, due_at: datetime) -> None:
        """Have a waiting task run earlier, before those that came after it; else do nothing."""
        with self._lock:
            waiting = self._lanes.get(lane)
            found = [] if waiting is None else waiting.entries
            entry = next((entry for entry in found if entry.order == number), None)
            if waiting is None or entry is None or entry.due_at <= due_at:
                return
            entry.due_at = due_at
            heapq.heapify(waiting.entries)
            firsts = self._look_at(lane)
        self._wake_for(firsts)

    def next_due_at(self) -> datetime | None:
        """When the next task can run, or None; tasks of a lane at work do not count."""
        due = self.next_due()
        return None if due is None else due.at

    def next_due(self) -> Due | None:
        """The same, with what it is."""
        with self._lock:
            lane = self._first_lane()
            first = None if lane is None else self._lanes[lane].entries[0]
            return None if first is None else Due(first.due_at, first.about, first.order)

    def run_next(self, now: datetime, *, unless: Callable[[], bool] = lambda: False) -> bool:
        """Run the task that is due first, if one is; tell whether there was one.

        `unless` is asked when no other task can begin or end: if it is so, none runs.
        """
        with self._lock:
            lane = self._first_lane()
            if lane is None or self._lanes[lane].entries[0].due_at > now or unless():
                return False
            self._pop_head()
            self._lanes[lane].at_work += 1
            entry = heapq.heappop(self._lanes[lane].entries)
            self._put_head(lane)
        try:
            entry.task()
        finally:
            self._release(lane)
        return True

    def run_due(self, now: datetime) -> int:
        """Run all that is due, in due order, in this thread; return how many tasks ran."""
        count = 0
        while self.run_next(now):
            count += 1
        return count

    def wake_all(self) -> None:
        """Call `wake` for the first tasks of every lane, as many as can be at work."""
        with self._lock:
            firsts = [first for lane in self._lanes.values() for first in lane.firsts()]
        self._wake_for(sorted(firsts))

    def wait_until_idle(self, now: Callable[[], datetime], *, within_seconds: float) -> bool:
        """Wait until no task is at work or due by then; tell whether that came about in time."""
        with self._lock:
            return self._lock.wait_for(lambda: self._is_idle(now()), within_seconds)

    def wait_while_busy(self, *, within_seconds: float) -> bool:
        """Wait until no lane is at work; tell whether that came about in time."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._is_busy(), within_seconds)

    def drop(self, lane: Hashable) -> None:
        """Forget the waiting tasks of a lane; one at work goes on."""
        with self._lock:
            waiting = self._lanes.get(lane)
            if waiting is not None and waiting.at_work:
                waiting.entries.clear()
            elif waiting is not None:
                del self._lanes[lane]
            self._lock.notify_all()

    def close(self) -> None:
        """Forget everything and take nothing more."""
        with self._lock:
            self._is_closed = True
            for lane in self._lanes.values():
                lane.entries.clear()
            self._lock.notify_all()

    def _is_idle(self, now: datetime) -> bool:
        firsts = (lane.entries[0].due_at for lane in self._lanes.values() if lane.entries)
        return not self._is_busy() and all(due_at > now for due_at in firsts)

    def _is_busy(self) -> bool:
        return any(lane.at_work for lane in self._lanes.values())

    def _first_lane(self) -> Hashable | None:
        while self._heads:
            _, order, lane = self._heads[0]
            waiting = self._lanes.get(lane)
            is_free = waiting is not None and waiting.is_free
            if waiting and is_free and waiting.entries and waiting.entries[0].order == order:
                return lane
            self._pop_head()
        return None

    def _pop_head(self) -> None:
        due_at, order, _ = heapq.heappop(self._heads)
        self._head_times.discard((due_at, order))

    def _put_head(self, lane: Hashable) -> None:
        """Let the first task of a lane that is free be found."""
        waiting = self._lanes[lane]
        if waiting.entries and waiting.is_free:
            first = waiting.entries[0]
            if (first.due_at, first.order) not in self._head_times:
                self._head_times.add((first.due_at, first.order))
                heapq.heappush(self._heads, (first.due_at, first.order, lane))

    def _release(self, lane: Hashable) -> None:
        with self._lock:
            self._lanes[lane].at_work -= 1
            firsts = self._look_at(lane)
        self._wake_for(firsts)

    def _look_at(self, lane: Hashable) -> list[tuple[datetime, int]]:
        """After a change of a lane: forget it if it is empty; return what to wake for."""
        waiting = self._lanes[lane]
        self._lock.notify_all()
        if not waiting.entries and not waiting.at_work:
            del self._lanes[lane]
        firsts = waiting.firsts()
        if firsts:
            self._put_head(lane)
        return firsts

    def _wake_for(self, firsts: list[tuple[datetime, int]]) -> None:
        for due_at, number in firsts:
            self._wake(self, due_at, number)
