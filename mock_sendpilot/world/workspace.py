"""A workspace: one isolated world with its contract, clock, ids, store and scheduler."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.contracts.watched import watched
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.scheduling.clock import SystemClock, WorkspaceClock, iso_milliseconds
from mock_sendpilot.scheduling.scheduler import (
    ADVANCE_TIMEOUT_SECONDS,
    FIRST_MOMENT,
    Scheduler,
    TaskRunner,
)
from mock_sendpilot.signals import event_recorded, has_foreign_receivers, option_read, send
from mock_sendpilot.world.campaigns import Campaigns, SequenceRunner
from mock_sendpilot.world.causes import Causes
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.credits import Balance, Credits
from mock_sendpilot.world.direct_actions import DirectOutreach, ManualActions
from mock_sendpilot.world.event_publisher import EventPublisher
from mock_sendpilot.world.events import CHANGED, Event
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.inbox import Inbox
from mock_sendpilot.world.lead_progress import CONNECTED
from mock_sendpilot.world.limits import Quotas
from mock_sendpilot.world.outreach import Outreach
from mock_sendpilot.world.recipients import Behaviors, RecipientModel
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.state import ClockState, Replanning, WorldState
from mock_sendpilot.world.store import Store

if TYPE_CHECKING:
    from mock_sendpilot.world.jobs import Extractions, Searches


class Workspace:
    """A customer's workspace at the vendor, filled with its seed.

    Args:
        seed: its first contents; the id of the seed is also in every webhook body.
        contract: the contract, unless the seed has one.
        clock: its clock; a `ManualClock` is frozen until it is advanced.
        random_seed: the same seed and the same calls give the same ids, secrets and behaviors.
        workers: threads for the tasks of a running clock.

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
        self.seed = seed
        self.id = seed.id
        self.name = seed.name
        self.plan = seed.plan
        self.contract = self._watched(seed.contract or contract)
        self.clock = clock
        self.random_seed = random_seed
        self.ids = Ids(random_seed)
        self.scheduler = Scheduler(clock, workers)
        self.causes = Causes()
        self._publisher = EventPublisher(
            workspace_id=seed.id,
            ids=self.ids,
            causes=self.causes,
            publish=self._publish,
            may_wait_for_us=self._has_foreign_receivers,
        )
        self.store = Store(
            clock=clock, new_lead_id=self.new_lead_id, publisher=self._publisher, react=self._react
        )
        self.inbox = Inbox(self.ids, self.contract)
        self.quotas = Quotas(clock)
        self.credits = Credits(clock, seed.credits)
        self._context = context = WorkspaceContext(
            store=self.store,
            clock=clock,
            ids=self.ids,
            contract=self.contract,
            scheduler=self.scheduler,
            causes=self.causes,
            random_seed=random_seed,
        )
        self.behaviors = Behaviors()
        self.outreach = Outreach(
            context,
            inbox=self.inbox,
            quotas=self.quotas,
            is_unreachable=self.behaviors.is_unreachable,
        )
        self.recipients = RecipientModel(context, self.outreach, self.behaviors)
        self.sequences = SequenceRunner(context, self.outreach, self.recipients, self.behaviors)
        self.campaigns = Campaigns(context, self.sequences)
        self._job_seed = seed
        self._jobs_lock = Lock()
        self._searches: Searches | None = None
        self._extractions: Extractions | None = None
        self._fill(seed)

    # The next two have no state of their own, and few workspaces need them.

    @property
    def direct_outreach(self) -> DirectOutreach:
        """Single actions over the API."""
        return DirectOutreach(self._context, self.outreach, self.recipients)

    @property
    def manual_actions(self) -> ManualActions:
        """Single actions by hand."""
        return ManualActions(self._context, self.outreach, self.recipients)

    @property
    def searches(self) -> "Searches":
        """The searches of the lead database. Their code, with all its people, is imported late."""
        if self._searches is None:
            from mock_sendpilot.world.jobs import Searches

            seed = self._job_seed
            with self._jobs_lock:
                self._searches = self._searches or Searches(
                    self._job_context(), self.credits, seed.job_timing, people=seed.people
                )
        return self._searches

    @property
    def extractions(self) -> "Extractions":
        """The extractions from LinkedIn."""
        if self._extractions is None:
            from mock_sendpilot.world.jobs import Extractions

            with self._jobs_lock:
                self._extractions = self._extractions or Extractions(
                    self._job_context(), self.credits, self._job_seed.job_timing
                )
        return self._extractions

    def __repr__(self) -> str:
        return f"<Workspace {self.id}>"

    def advance(self, duration: timedelta = timedelta()) -> int:
        """Move the clock forward, running every task that becomes due: see `Scheduler.advance`."""
        return self.scheduler.advance(duration)

    def set_clock(
        self,
        moment: datetime,
        *,
        then_frozen: bool | None = None,
        timeout_seconds: float = ADVANCE_TIMEOUT_SECONDS,
    ) -> int:
        """Move the clock to a moment; back only while nothing has happened yet.

        Args:
            moment: the time that the clock shows afterwards.
            then_frozen: whether the clock is frozen afterwards; None leaves it as it was.
            timeout_seconds: the time limit, in real time.

        Returns:
            The number of tasks that ran.

        Raises:
            InvalidInput: the moment is in the past, and something has happened; or as for
                `Scheduler.advance`.
            AdvanceTimedOut: as for `Scheduler.advance`.
        """
        # Going back would date later events before earlier ones, so it is for setup only.
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
        now, target = iso_milliseconds(self.clock.now()), iso_milliseconds(moment)
        if event_count or task_count:
            raise InvalidInput(
                f"the clock cannot go back once something has happened: expected {now} or later, "
                f"got {target} (events recorded: {event_count}, tasks scheduled: {task_count}); "
                "set it before, or let the workspace start there: clock.startsAt in the seed, "
                "starts_at in a test"
            )
        if moment < FIRST_MOMENT:
            raise InvalidInput(f"the clock cannot go back before 1970, got {target}")

    def job_runner(self, job_id: str) -> "Searches | Extractions":
        """Return the searches or the extractions, whichever has the job of that id.

        Raises:
            NotFound: neither has it.
        """
        for runner in (self.searches, self.extractions):
            if runner.has(job_id):
                return runner
        # Not as the vendor says it of a search or of an extraction: this may have been either.
        hint = f"this workspace has no search or extraction {job_id[:80]!r}"
        raise NotFound("Job not found", hint=hint)

    @contextmanager
    def paused(self, *, timeout_seconds: float) -> Iterator[None]:
        """Let nothing change and no event be published meanwhile.

        Raises:
            InvalidInput: events are being published for that long, or by the caller itself.
        """
        with (
            self._publisher.paused(timeout_seconds=timeout_seconds),
            self.store.transaction(),
        ):
            yield

    def state(self) -> WorldState:
        """Within `paused`: return everything but the webhooks."""
        clock = self.clock
        return WorldState(
            seed=self.seed,
            contract=self.contract.plain,
            random_seed=self.random_seed,
            clock=ClockState(
                now=clock.now(), is_frozen=clock.is_frozen, real_time=SystemClock().now()
            ),
            ids=self.ids.state(),
            store=self.store.state(),
            conversations=self.inbox.state(),
            quotas=self.quotas.state(),
            balance=self.credits.balance(),
            behaviors=self.behaviors.by_lead(),
            enrollments=self.sequences.state(),
            responses=self.recipients.state(),
            searches=self.searches.state(),
            extractions=self.extractions.state(),
            people=self.searches.people,
            publisher=self._publisher.state(),
            task_count=self.scheduler.added_count,
        )

    def load(self, state: WorldState) -> list[Replanning]:
        """Replace the contents of this new workspace by the state of another one.

        Its seed becomes that of the state, with the id and the API keys that it had here. Nothing
        is planned by it, so that the caller can plan all tasks in their order.

        Returns:
            How to plan the tasks again.
        """
        own = self.seed
        self.seed = replace(
            state.seed, id=own.id, api_keys=own.api_keys, random_seed=own.random_seed
        )
        self.store.load(state.store)  # first: responses look up their leads in it
        self.inbox.load(state.conversations)
        self.quotas.load(state.quotas)
        self.credits.set(state.balance)
        self.behaviors.load(state.behaviors)
        self.searches.load_people(state.people)
        self._publisher.load(state.publisher)
        self.ids.load(state.ids)
        return [
            *self.sequences.load(state.enrollments),
            *self.recipients.load(state.responses),
            *self.searches.load(state.searches),
            *self.extractions.load(state.extractions),
        ]

    def start(self, workers: TaskRunner | None) -> None:
        """Go on after `load`: run tasks, and publish the events that were not yet published."""
        self.scheduler.start(workers)
        self._publisher.publish(self._publisher.last_recorded)

    def begin(self) -> None:
        """Enroll the leads of campaigns whose sequence takes all leads."""
        for campaign in self.store.campaigns():
            if campaign.enrolls == "all":
                self.sequences.begin(self.store.leads(campaign_id=campaign.id))

    def merge(self, seed: WorkspaceSeed, *, balance: Balance | None = None) -> None:
        """Add the contents of a seed, or replace what has the same ids, all or nothing.

        It records no event. Leads that are new or replaced are enrolled at the step that their
        status implies, and so are all leads of a campaign that is replaced.

        Args:
            seed: its senders, campaigns, leads, conversations, behaviors and people are merged.
            balance: the credits from now on; None leaves them.

        Raises:
            InvalidInput: it does not fit together with the contents of the workspace.
        """
        with self.store.transaction():
            problems = [
                f"sender {one.sender_id!r} has the conversation {known!r} with that person already"
                for one, _ in seed.conversations
                for known in [self.inbox.id_of_pair(one.sender_id, one.participant.profile_url)]
                if known not in {None, one.id}
            ]
            if problems:
                raise InvalidInput(*problems)
            self.store.merge(senders=seed.senders, campaigns=seed.campaigns, leads=seed.leads)
            self._put_relations(seed)
            if seed.people:
                self.searches.add_people(seed.people)
            if balance is not None:
                self.credits.set(balance)
            restarted = [lead for one in seed.campaigns for lead in self.store.leads_in(one.id)]
            self.sequences.restart({lead.id: lead for lead in (*restarted, *seed.leads)}.values())

    def _put_relations(self, seed: WorkspaceSeed) -> None:
        """Put the connections, conversations and behaviors of the people of a seed."""
        for sender_id, urls in seed.connections.items():
            for url in urls:
                self.store.set_connection(sender_id, url, CONNECTED)
        for conversation, messages in seed.conversations:
            # Only connected people write to each other on LinkedIn.
            url = conversation.participant.profile_url
            self.store.set_connection(conversation.sender_id, url, CONNECTED)
            self.inbox.put(conversation, messages)
        for lead_id, behavior in seed.behaviors.items():
            self.behaviors.set(lead_id, behavior)

    def _watched(self, contract: Contract) -> Contract:
        """Return the contract; if somebody receives `option_read`, one that sends it."""
        if not option_read.has_receivers_for(self):
            return contract
        return watched(contract, lambda name: send(option_read, self, option=name))

    def _fill(self, seed: WorkspaceSeed) -> None:
        # In this order: a lead names its campaign and its sender.
        for sender in seed.senders:
            self.store.put_sender(sender)
        for campaign in seed.campaigns:
            self.store.put_campaign(campaign)
        self.store.put_leads(seed.leads)
        self._put_relations(seed)  # last: a connection that is listed counts more than a status

    def _job_context(self) -> WorkspaceContext:
        # Jobs do not depend on the emulator's seed: the same search finds the same people on every
        # start.
        seed = self._job_seed
        return replace(self._context, random_seed=seed.random_seed or seed.id)

    def _publish(self, event: Event) -> None:
        send(event_recorded, self, event=event)

    def _has_foreign_receivers(self) -> bool:
        # Receivers of this package only enqueue, so they never wait for a request.
        return has_foreign_receivers(self)

    def new_lead_id(self) -> str:
        """Return a new id in the style of the contract."""
        return self.ids.cuid() if self.contract.lead_ids == "cuid" else self.ids.prefixed("lead")

    def _react(self, event: Event) -> None:
        """React to an event within the transaction that has recorded it."""
        # A triggered event is only sent: nothing of the workspace has changed.
        if event.options.origin == CHANGED:
            self.causes.react(event.id, partial(self.campaigns.react, event.change))
