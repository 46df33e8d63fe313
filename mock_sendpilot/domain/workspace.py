"""A workspace: one isolated world with its contract, clock, ids, store and agenda."""

from datetime import datetime, timedelta

from mock_sendpilot.domain.clock import WorkspaceClock, iso_milliseconds
from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.credits import Credits
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.domain.events import Event
from mock_sendpilot.domain.finding.extractions import Extractions
from mock_sendpilot.domain.finding.running_jobs import JobSurroundings
from mock_sendpilot.domain.finding.searches import Searches
from mock_sendpilot.domain.ids import Ids
from mock_sendpilot.domain.inbox import Inbox
from mock_sendpilot.domain.outreach.acts import Outreach
from mock_sendpilot.domain.outreach.by_hand import ByHand
from mock_sendpilot.domain.outreach.campaigns import Campaigns
from mock_sendpilot.domain.outreach.correspondence import Correspondence
from mock_sendpilot.domain.outreach.fates import Fates
from mock_sendpilot.domain.outreach.responses import Responses
from mock_sendpilot.domain.outreach.simulation import Simulation
from mock_sendpilot.domain.progress import CONNECTED
from mock_sendpilot.domain.quotas import Quotas
from mock_sendpilot.domain.seed import WorkspaceSeed
from mock_sendpilot.domain.signals import announce, event_recorded
from mock_sendpilot.domain.store import Store
from mock_sendpilot.domain.timekeeper import FIRST_MOMENT, Timekeeper, Wake


class Workspace:
    """A customer's workspace at the vendor, filled with its seed.

    Args:
        seed: what it starts with; its id also stands in every webhook body.
        contract: for a seed that brings none.
        clock: a `ManualClock` makes time stand still until it is advanced.
        id_seed: the same seed and the same calls give the same ids, secrets and fates.
        wake: has what is due done in another thread, while the clock runs.

    Raises:
        InvalidInput: the seed does not fit together.
    """

    def __init__(
        self,
        seed: WorkspaceSeed,
        *,
        contract: Contract,
        clock: WorkspaceClock,
        id_seed: str,
        wake: Wake | None = None,
    ) -> None:
        self.id = seed.id
        self.name = seed.name
        self.plan = seed.plan
        self.contract = seed.contract or contract
        self.clock = clock
        self.ids = Ids(id_seed)
        self.timekeeper = Timekeeper(clock, wake, settle=self._settle)
        self.agenda = self.timekeeper.agenda
        self.store = Store(
            workspace_id=seed.id,
            clock=clock,
            ids=self.ids,
            new_lead_id=self._new_lead_id,
            announce=self._announce,
        )
        self.inbox = Inbox(self.ids, opening_message_id=self.contract.opening_message_id)
        self.quotas = Quotas(clock)
        self.credits = Credits(clock, seed.credits)
        self._set_up_outreach(id_seed)
        self._set_up_campaigns()
        self._set_up_jobs(seed)
        self._fill(seed)

    def __repr__(self) -> str:
        return f"<Workspace {self.id}>"

    def advance(self, duration: timedelta = timedelta()) -> int:
        """Let time pass, doing in this thread all that falls due: see `Timekeeper.advance`."""
        return self.timekeeper.advance(duration)

    def set_clock(self, moment: datetime, *, runs_afterwards: bool | None = None) -> int:
        """Let the time up to a moment pass; or go back to it, while nothing has happened yet.

        Args:
            moment: what the clock is to show.
            runs_afterwards: whether the clock is to run then; None is as before.

        Returns:
            How many tasks ran.

        Raises:
            InvalidInput: it has passed, and something has happened; or as for `advance`.
        """
        if moment >= self.clock.now():
            return self.timekeeper.advance_to(moment, runs_afterwards=runs_afterwards)
        self._check_can_go_back(moment)
        if runs_afterwards is False:
            self.timekeeper.freeze()
        self.clock.start_at(moment)
        if runs_afterwards:
            self.timekeeper.resume()
        return 0

    def _check_can_go_back(self, moment: datetime) -> None:
        event_count, task_count = self.store.announcer.recorded_count, self.agenda.added_count
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

    def _set_up_outreach(self, id_seed: str) -> None:
        store, contract = self.store, self.contract
        self.fates = Fates()
        self.outreach = outreach = Outreach(
            store=store,
            inbox=self.inbox,
            daily_quotas=self.quotas,
            clock=self.clock,
            ids=self.ids,
            contract=contract,
            fates=self.fates,
        )
        self.responses = responses = Responses(
            store=store,
            outreach=outreach,
            fates=self.fates,
            agenda=self.agenda,
            clock=self.clock,
            seed=id_seed,
        )
        self.correspondence = Correspondence(
            store=store, outreach=outreach, responses=responses, contract=contract
        )
        self.by_hand = ByHand(store=store, outreach=outreach, responses=responses)

    def _set_up_campaigns(self) -> None:
        self.simulation = Simulation(
            store=self.store,
            outreach=self.outreach,
            responses=self.responses,
            fates=self.fates,
            agenda=self.agenda,
            clock=self.clock,
        )
        self.campaigns = Campaigns(
            store=self.store, simulation=self.simulation, contract=self.contract
        )

    def _set_up_jobs(self, seed: WorkspaceSeed) -> None:
        around = JobSurroundings(
            store=self.store,
            agenda=self.agenda,
            clock=self.clock,
            ids=self.ids,
            pace=seed.pace,
            credits=self.credits,
            seed=seed.random_seed or seed.id,
        )
        self.searches = Searches(around, people=seed.people)
        self.extractions = Extractions(around)

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
        for lead_id, fate in seed.fates.items():
            self.fates.tell(lead_id, fate)

    def jobs_with(self, job_id: str) -> Searches | Extractions:
        """The jobs among which there may be one of that id."""
        return self.searches if self.searches.has(job_id) else self.extractions

    def begin(self) -> None:
        """Let the campaigns run that walk with the leads they start with."""
        for campaign in self.store.campaigns():
            if campaign.walks == "all":
                self.simulation.begin(self.store.leads(campaign_id=campaign.id))

    def _new_lead_id(self) -> str:
        return self.ids.cuid() if self.contract.lead_ids == "cuid" else self.ids.prefixed("lead")

    def _settle(self, seconds: float) -> bool:
        return self.store.announcer.wait_until_told(within_seconds=seconds)

    def _announce(self, event: Event) -> None:
        announce(event_recorded, self, event=event)
