"""A workspace: one isolated world with its contract, clock, ids, store and scheduler."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.clock import WorkspaceClock, iso_milliseconds
from mock_sendpilot.scheduling.scheduler import (
    ADVANCE_TIMEOUT_SECONDS,
    FIRST_MOMENT,
    Scheduler,
    TaskRunner,
)
from mock_sendpilot.signals import event_recorded, has_foreign_receivers, send
from mock_sendpilot.world.acts import Outreach
from mock_sendpilot.world.behavior import Behaviors
from mock_sendpilot.world.by_hand import ByHand
from mock_sendpilot.world.campaigns import Campaigns
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.correspondence import Correspondence
from mock_sendpilot.world.credits import Credits
from mock_sendpilot.world.event_publisher import EventPublisher
from mock_sendpilot.world.events import CHANGED, Event
from mock_sendpilot.world.extractions import Extractions
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.inbox import Inbox
from mock_sendpilot.world.progress import CONNECTED
from mock_sendpilot.world.quotas import Quotas
from mock_sendpilot.world.responses import Responses
from mock_sendpilot.world.searches import Searches
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.simulation import Simulation
from mock_sendpilot.world.store import Store


class Workspace:
    """A customer's workspace at the vendor, filled with its seed.

    Args:
        seed: what it starts with; its id also stands in every webhook body.
        contract: for a seed that brings none.
        clock: a `ManualClock` makes time stand still until it is advanced.
        random_seed: the same seed and the same calls give the same ids, secrets and behaviors.
        workers: run what is due while the clock runs.

    Raises:
        InvalidInput: the seed does not fit together.
    """

    def __init__(
        self,
        seed: WorkspaceSeed,
        *,
        contract: Contract,
        clock: WorkspaceClock,
        random_seed: str,
        workers: TaskRunner | None = None,
    ) -> None:
        self.id = seed.id
        self.name = seed.name
        self.plan = seed.plan
        self.contract = seed.contract or contract
        self.clock = clock
        self.ids = Ids(random_seed)
        self.scheduler = Scheduler(clock, workers)
        self._publisher = EventPublisher(
            workspace_id=seed.id,
            ids=self.ids,
            publish=self._publish,
            may_wait_for_us=partial(has_foreign_receivers, self),
        )
        self.store = Store(
            clock=clock,
            new_lead_id=self._new_lead_id,
            publisher=self._publisher,
            react=self._react,
        )
        self.inbox = Inbox(self.ids, opening_message_id=self.contract.opening_message_id)
        self.quotas = Quotas(clock)
        self.credits = Credits(clock, seed.credits)
        context = WorkspaceContext(
            store=self.store,
            clock=clock,
            ids=self.ids,
            contract=self.contract,
            scheduler=self.scheduler,
            random_seed=random_seed,
        )
        self._set_up_outreach(context)
        self._set_up_jobs(context, seed)
        self._fill(seed)

    def __repr__(self) -> str:
        return f"<Workspace {self.id}>"

    def advance(self, duration: timedelta = timedelta()) -> int:
        """Let time pass, running all that falls due: see `Scheduler.advance`."""
        return self.scheduler.advance(duration)

    def set_clock(
        self,
        moment: datetime,
        *,
        then_frozen: bool | None = None,
        timeout_seconds: float = ADVANCE_TIMEOUT_SECONDS,
    ) -> int:
        """Let the time up to a moment pass; or go back to it, while nothing has happened yet.

        Args:
            moment: what the clock is to show.
            then_frozen: whether the clock is to be frozen afterwards; None is as before.
            timeout_seconds: how long it may take, in real time.

        Returns:
            How many tasks ran.

        Raises:
            InvalidInput: it has passed, and something has happened; or as for `advance`.
            AdvanceTimedOut: as for `advance`.
        """
        if moment >= self.clock.now():
            return self.scheduler.advance_to(
                moment, then_frozen=then_frozen, timeout_seconds=timeout_seconds
            )
        self._check_can_go_back(moment)
        if then_frozen:
            self.scheduler.freeze()
        self.clock.start_at(moment)
        if then_frozen is False:
            self.scheduler.resume()
        return 0

    def _check_can_go_back(self, moment: datetime) -> None:
        event_count, task_count = self._publisher.last_recorded, self.scheduler.added_count
        now, wanted = iso_milliseconds(self.clock.now()), iso_milliseconds(moment)
        if event_count or task_count:
            raise InvalidInput(
                f"the clock must not go back once something has happened: it shows {now}, got "
                f"{wanted} (events recorded: {event_count}, tasks scheduled: {task_count}); set it "
                "before, or let the workspace start there: clock.startsAt in the seed, starts_at "
                "in a test"
            )
        if moment < FIRST_MOMENT:
            raise InvalidInput(f"the clock must not go back before 1970, got {wanted}")

    def _set_up_outreach(self, context: WorkspaceContext) -> None:
        self.behaviors = Behaviors()
        self.outreach = outreach = Outreach(
            context, inbox=self.inbox, daily_quotas=self.quotas, behaviors=self.behaviors
        )
        self.responses = responses = Responses(context, outreach, self.behaviors)
        self.correspondence = Correspondence(context, outreach, responses)
        self.by_hand = ByHand(context, outreach, responses)
        self.simulation = Simulation(context, outreach, responses, self.behaviors)
        self.campaigns = Campaigns(context, self.simulation)

    def _set_up_jobs(self, context: WorkspaceContext, seed: WorkspaceSeed) -> None:
        # What jobs find does not depend on the emulator's seed: the same search, the same people.
        context = replace(context, random_seed=seed.random_seed or seed.id)
        self.searches = Searches(context, self.credits, seed.pace, people=seed.people)
        self.extractions = Extractions(context, self.credits, seed.pace)

    def _fill(self, seed: WorkspaceSeed) -> None:
        for sender in seed.senders:
            self.store.put_sender(sender)
        for campaign in seed.campaigns:
            self.store.put_campaign(campaign)
        for sender_id, urls in seed.connections.items():
            for url in urls:
                self.store.set_connection(sender_id, url, CONNECTED)
        for lead in seed.leads:
            self.store.put_lead(lead)
        for conversation, messages in seed.conversations:
            self.inbox.put(conversation, messages)
            url = conversation.participant.profile_url
            self.store.set_connection(conversation.sender_id, url, CONNECTED)
        for lead_id, behavior in seed.behaviors.items():
            self.behaviors.set(lead_id, behavior)

    def jobs_with(self, job_id: str) -> Searches | Extractions:
        """The jobs among which there may be one of that id."""
        return self.searches if self.searches.has(job_id) else self.extractions

    def begin(self) -> None:
        """Let the campaigns run that walk with the leads they start with."""
        for campaign in self.store.campaigns():
            if campaign.enrolls == "all":
                self.simulation.begin(self.store.leads(campaign_id=campaign.id))

    def _new_lead_id(self) -> str:
        return self.ids.cuid() if self.contract.lead_ids == "cuid" else self.ids.prefixed("lead")

    def _react(self, event: Event) -> None:
        """Move campaigns on, within the transaction that has recorded an event."""
        if event.options.origin == CHANGED:
            self.campaigns.react(event.change)

    def _publish(self, event: Event) -> None:
        send(event_recorded, self, event=event)
