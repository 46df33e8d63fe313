"""One isolated world: its contract, clock, ids, store and agenda. Worlds do not know each other."""

from collections.abc import Callable
from datetime import datetime, timedelta

from mock_sendpilot.domain.agenda import Agenda
from mock_sendpilot.domain.clock import Clock, ManualClock
from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.events import Event
from mock_sendpilot.domain.ids import Ids
from mock_sendpilot.domain.signals import announce, event_recorded
from mock_sendpilot.domain.store import Store


class Workspace:
    """A customer's workspace at the vendor.

    Args:
        workspace_id: also stands in every webhook body.
        clock: a `ManualClock` makes time stand still until `advance`.
        id_seed: the same seed and the same calls give the same ids and secrets.
        wake: the hook for the agenda of a workspace on the system clock.
    """

    def __init__(
        self,
        workspace_id: str,
        *,
        name: str,
        contract: Contract,
        clock: Clock,
        id_seed: str,
        wake: Callable[[Agenda, datetime], None] | None = None,
    ) -> None:
        self.id = workspace_id
        self.name = name
        self.contract = contract
        self.clock = clock
        self.ids = Ids(id_seed)
        self.agenda = Agenda(None if clock.is_manual else wake)
        self.store = Store(
            workspace_id=workspace_id,
            clock=clock,
            ids=self.ids,
            new_lead_id=self._new_lead_id,
            announce=self._announce,
        )

    def __repr__(self) -> str:
        return f"<Workspace {self.id}>"

    def advance(self, duration: timedelta = timedelta()) -> int:
        """Move a manual clock, doing in this thread all that falls due, in due order.

        Returns:
            How many tasks ran.

        Raises:
            TypeError: the workspace is on the system clock.
        """
        if not isinstance(self.clock, ManualClock):
            raise TypeError(f"{self!r} is on the system clock; give it a ManualClock to advance it")
        target = self.clock.now() + duration
        count = 0
        while (due_at := self.agenda.next_due_at()) is not None and due_at <= target:
            self.clock.move_to(due_at)
            count += self.agenda.run_next(self.clock.now())
        self.clock.move_to(target)
        return count

    def _new_lead_id(self) -> str:
        return self.ids.cuid() if self.contract.lead_ids == "cuid" else self.ids.prefixed("lead")

    def _announce(self, event: Event) -> None:
        announce(event_recorded, self, event=event)
