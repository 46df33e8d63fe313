"""Campaigns: their status, and the sequences through which their leads move.

A campaign is started, paused, resumed and finished. Each enrolled lead moves through the steps of
its sequence, on the clock. A pause holds the steps back; recipients still accept and reply.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import InvalidInput, LimitExceeded, Problem, SenderNotActive
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.task_queue import Task
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.causes import Cause
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.events import (
    CampaignChanged,
    Change,
    ConnectionRequestAccepted,
    LeadStatusChanged,
    ReplyReceived,
)
from mock_sendpilot.world.models import (
    CONNECT,
    Campaign,
    Contact,
    Lead,
    LeadDraft,
    LeadImport,
    Step,
)
from mock_sendpilot.world.outreach import AUTOMATION, Outreach, fill_in_names
from mock_sendpilot.world.recipients import Behaviors, RecipientModel
from mock_sendpilot.world.state import EnrollmentState, Replanning, planned

STARTED, PAUSED, DRAFT, FINISHED = "started", "paused", "draft", "finished"

_ACTIONS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "start": ((DRAFT,), STARTED, words.CAMPAIGN_STARTED),
    "pause": ((STARTED,), PAUSED, words.CAMPAIGN_PAUSED),
    "resume": ((PAUSED,), STARTED, words.CAMPAIGN_RESUMED),
    "finish": ((STARTED, PAUSED), FINISHED, words.CAMPAIGN_FINISHED),
}
"""For each action: the statuses before it, the status after it, and the event."""
# Invented. No event says that a sender is active again, so its steps are tried again now and then.
_SENDER_RETRY = timedelta(hours=1)


def statuses_before(action: str) -> tuple[str, ...]:
    """Return the statuses that allow an action."""
    return _ACTIONS[action][0]


def status_after(action: str) -> str:
    """Return the status of a campaign after an action."""
    return _ACTIONS[action][1]


def _obstacle(campaign: Campaign, action: str) -> Problem | None:
    statuses = statuses_before(action)
    if campaign.status in statuses:
        return None
    needed = " or ".join(statuses)
    return Problem.expected(
        f"a campaign that is {needed} for {action!r}",
        got=f"{campaign.id!r}, which is {campaign.status}",
        of="action",
        rule=f"action must suit the campaign: {action!r} needs one that is {needed}",
    )


class Campaigns:
    """The campaigns of a workspace."""

    __slots__ = ("_contract", "_sequences", "_store")

    def __init__(self, context: WorkspaceContext, sequences: "SequenceRunner") -> None:
        self._store = context.store
        self._sequences = sequences
        self._contract = context.contract

    def change(self, campaign_id: str, action: str, *, by: str) -> Campaign:
        """Start, pause, resume or finish a campaign.

        The vendor's API can only pause and resume one; its dashboard starts them, and a campaign
        finishes with its last sequence.

        Args:
            campaign_id: the id of the campaign.
            action: one of `vocabulary.CAMPAIGN_ACTIONS`.
            by: `api`, `user` or `system`, as the event of a pause or resume names it.

        Raises:
            NotFound: the workspace has no such campaign.
            InvalidInput: the status does not allow the action.
        """
        with self._store.transaction():
            campaign = self._store.campaign(campaign_id)
            is_repeated = campaign.status == status_after(action)
            if is_repeated and self._contract.repeat_action == "accepted":
                return campaign
            obstacle = _obstacle(campaign, action)
            if obstacle is not None:
                raise InvalidInput(obstacle)
            return self._set_status(campaign, action, by)

    def obstacles(self, campaign_id: str) -> dict[str, str | None]:
        """Return why each action changes nothing of a campaign now; None if it does.

        Raises:
            NotFound: the workspace has no such campaign.
        """
        campaign = self._store.campaign(campaign_id)
        return {action: _obstacle(campaign, action) for action in _ACTIONS}

    def add_leads(self, campaign_id: str, drafts: Iterable[LeadDraft | str]) -> LeadImport:
        """Add leads, and enroll them in the sequence of the campaign. See `Store.add_leads`."""
        with self._store.transaction():
            result = self._store.add_leads(campaign_id, drafts)
            if self._store.campaign(campaign_id).enrolls != "none":
                self._sequences.enroll(result.added)
        return result

    def react(self, change: Change) -> None:
        """Within a transaction: react to a change, for campaigns and the leads in sequences."""
        if not isinstance(change, CampaignChanged):
            emptied_id = self._sequences.react(change)
            if emptied_id is not None:
                self._finish_if_over(emptied_id)
            return
        # The campaign as it is now, which an earlier reaction may have changed.
        campaign = self._store.campaign(change.campaign.id)
        if change.event_type == words.CAMPAIGN_STARTED and campaign.enrolls != "none":
            self._sequences.enroll(self._store.leads_in(campaign.id))
        elif change.event_type == words.CAMPAIGN_RESUMED:
            self._sequences.resume(campaign.id)
        if change.event_type in {words.CAMPAIGN_STARTED, words.CAMPAIGN_RESUMED}:
            self._finish_if_over(campaign.id)

    def _finish_if_over(self, campaign_id: str) -> None:
        """Finish a campaign whose sequence has nothing left to send to any lead."""
        campaign = self._store.campaign(campaign_id)
        if not campaign.sequence or self._sequences.has_enrolled(campaign_id):
            return
        statuses = [lead.status for lead in self._store.leads_in(campaign_id)]
        is_over = statuses and all(map(lead_progress.ends_sequence, statuses))
        if campaign.status == STARTED and is_over:
            self._set_status(campaign, "finish", "system")

    def _set_status(self, campaign: Campaign, action: str, by: str) -> Campaign:
        _, status, event_type = _ACTIONS[action]
        campaign = self._store.change_campaign(campaign, status=status)
        total = self._store.lead_count(campaign.id)
        self._store.record(CampaignChanged(event_type, campaign, total, by))
        return campaign


@dataclass(slots=True, eq=False)
class _Enrollment:
    """The place of a lead in its sequence, and the task of its next action."""

    lead_id: str
    campaign_id: str
    next_step: int = 0
    action: str | None = None
    """The name of its next action, which `task` takes."""
    task: Task | None = None
    is_held_back: bool = False
    """True if the action was due while the campaign was paused."""


_Action = Callable[[_Enrollment, Contact, Campaign], None]
_TAKE_STEP, _WITHDRAW, _FINISH = "take_step", "withdraw", "finish"


class SequenceRunner:
    """The enrolled leads of a workspace."""

    def __init__(
        self,
        context: WorkspaceContext,
        outreach: Outreach,
        recipients: RecipientModel,
        behaviors: Behaviors,
    ) -> None:
        self._store = context.store
        self._scheduler = context.scheduler
        self._clock = context.clock
        self._causes = context.causes
        self._outreach = outreach
        self._recipients = recipients
        self._behaviors = behaviors
        self._enrollments: dict[str, _Enrollment] = {}  # by lead id
        self._lead_ids: dict[str, dict[str, None]] = {}  # by campaign, in the order of enrollment

    def state(self) -> tuple[EnrollmentState, ...]:
        """Within a transaction: return all enrollments, oldest first."""
        return tuple(
            EnrollmentState(
                lead_id=one.lead_id,
                campaign_id=one.campaign_id,
                next_step=one.next_step,
                action=one.action,
                is_held_back=one.is_held_back,
                task=None if one.task is None else planned(one.task),
            )
            for one in self._enrollments.values()
        )

    def load(self, state: Iterable[EnrollmentState]) -> Iterator[Replanning]:
        """Replace all enrollments; yield how to plan their tasks again."""
        self._enrollments, self._lead_ids = {}, {}
        for one in state:
            enrollment = _Enrollment(
                one.lead_id,
                one.campaign_id,
                next_step=one.next_step,
                action=one.action,
                is_held_back=one.is_held_back,
            )
            self._enrollments[one.lead_id] = enrollment
            self._lead_ids.setdefault(one.campaign_id, {})[one.lead_id] = None
            if one.task is not None and one.action is not None:
                queue = partial(
                    self._queue, enrollment, one.action, one.task.due_at, one.task.cause
                )
                yield one.task.order, queue

    def begin(self, leads: Iterable[Lead]) -> None:
        """Enroll leads in a transaction of its own."""
        with self._store.transaction():
            self.enroll(leads)

    def enroll(self, leads: Iterable[Lead]) -> None:
        """Within a transaction: enroll leads in the sequence of their campaign.

        Each begins at the step that its status implies.
        """
        for lead in leads:
            campaign = self._store.campaign(lead.campaign_id or "")
            if campaign.sequence and campaign.status in {STARTED, PAUSED}:
                self._enroll(lead, campaign)

    def restart(self, leads: Iterable[Lead]) -> None:
        """Within a transaction: enroll leads again, since they or their campaign were replaced."""
        for lead in list(leads):
            self._end(lead)
            self._recipients.cancel_responses(Contact.of(lead))
            campaign = self._store.campaign(lead.campaign_id or "")
            if campaign.enrolls != "none":
                self.enroll([lead])

    def resume(self, campaign_id: str) -> None:
        """Within a transaction: take the actions that were due while a campaign was paused."""
        for lead_id in self._lead_ids.get(campaign_id, ()):
            enrollment = self._enrollments[lead_id]
            if enrollment.is_held_back and enrollment.action is not None:
                self._plan(enrollment, timedelta(), enrollment.action)

    def has_enrolled(self, campaign_id: str) -> bool:
        """Return whether leads of a campaign are enrolled."""
        return bool(self._lead_ids.get(campaign_id))

    def react(self, change: Change) -> str | None:
        """Within a transaction: move the lead of a change on, or end its enrollment.

        Returns:
            The id of a campaign whose last enrollment has ended.
        """
        if isinstance(change, ConnectionRequestAccepted) and change.contact.lead is not None:
            enrollment = self._enrollments.get(change.contact.lead.id)
            if enrollment is not None and self._current_step(enrollment).kind == CONNECT:
                self._go_to_next_step(enrollment)
        elif isinstance(change, ReplyReceived) and change.contact.lead is not None:
            return self._end(change.contact.lead)
        elif isinstance(change, LeadStatusChanged) and lead_progress.ends_sequence(
            change.lead.status
        ):
            return self._end(change.lead)
        return None

    # --- the course ---------------------------------------------------------------------------

    def _enroll(self, lead: Lead, campaign: Campaign) -> None:
        if (
            lead.id in self._enrollments
            or lead.sender_id is None
            or lead_progress.ends_sequence(lead.status)
        ):
            return
        enrollment = self._enrollments[lead.id] = _Enrollment(lead.id, campaign.id)
        self._lead_ids.setdefault(campaign.id, {})[lead.id] = None
        # A status may have been set over the API: it counts only if the connection agrees with it.
        connection = self._store.connection(lead.sender_id, lead.linkedin_url)
        is_credible = connection == lead_progress.implied_connection(lead.status)
        connects = campaign.sequence[0].kind == CONNECT
        if connects and is_credible and connection == lead_progress.REQUESTED:
            self._await_acceptance(enrollment, campaign.sequence[0], Contact.of(lead))
            return
        if is_credible and connection == lead_progress.CONNECTED:
            message_count = lead_progress.implied_message_count(lead.status)
            enrollment.next_step = connects + message_count
        self._plan_next_step(enrollment, campaign)

    def _go_to_next_step(self, enrollment: _Enrollment) -> None:
        enrollment.next_step += 1
        self._plan_next_step(enrollment, self._store.campaign(enrollment.campaign_id))

    def _plan_next_step(self, enrollment: _Enrollment, campaign: Campaign) -> None:
        if enrollment.next_step < len(campaign.sequence):
            after = campaign.sequence[enrollment.next_step].after
            self._plan(enrollment, after, _TAKE_STEP)
            return
        last = campaign.sequence[-1]
        is_answered = last.kind == CONNECT  # after a last message a reply may still come
        after = last.done_after + (timedelta() if is_answered else last.expires_after)
        if after:
            self._plan(enrollment, after, _FINISH)
        else:  # at once, as the service was seen to do, even in a paused campaign: it sends nothing
            lead = self._store.lead(enrollment.lead_id)
            self._finish(enrollment, Contact.of(lead), campaign)

    def _current_step(self, enrollment: _Enrollment) -> Step:
        # After its last step a lead is still enrolled, as long as a response may come.
        steps = self._store.campaign(enrollment.campaign_id).sequence
        return steps[min(enrollment.next_step, len(steps) - 1)]

    def _end(self, lead: Lead) -> str | None:
        enrollment = self._enrollments.pop(lead.id, None)
        if enrollment is None:
            return None
        if enrollment.task is not None:
            self._scheduler.cancel(enrollment.task)
        lead_ids = self._lead_ids[enrollment.campaign_id]
        del lead_ids[lead.id]
        return None if lead_ids else enrollment.campaign_id

    # --- actions ------------------------------------------------------------------------------

    def _take_step(self, enrollment: _Enrollment, contact: Contact, campaign: Campaign) -> None:
        step = campaign.sequence[enrollment.next_step]
        take = self._connect if step.kind == CONNECT else self._send_message
        try:
            if self._behaviors.is_unreachable(contact):
                self._recipients.end(contact, "PROFILE_UNREACHABLE")
            else:
                take(enrollment, step, contact)
        except LimitExceeded as error:
            retry_after = timedelta(seconds=error.retry_after_seconds)
            self._plan(enrollment, retry_after, _TAKE_STEP)
        except SenderNotActive:
            self._plan(enrollment, _SENDER_RETRY, _TAKE_STEP)
        except InvalidInput:  # for example a message to somebody who is not connected
            self._recipients.end(contact, "FAILED")

    def _connect(self, enrollment: _Enrollment, step: Step, contact: Contact) -> None:
        connection = self._store.connection(contact.sender_id, contact.linkedin_url)
        status = contact.lead.status if contact.lead else ""
        has_event = lead_progress.implied_connection(status) == lead_progress.CONNECTED
        if connection == lead_progress.CONNECTED and has_event:
            self._go_to_next_step(enrollment)
        elif connection == lead_progress.CONNECTED:  # the vendor then sends an acceptance alone
            self._recipients.accept(contact)
        elif connection == lead_progress.REQUESTED and contact.lead is not None:
            self._outreach.set_status(contact.lead, "CONNECTION_ALREADY_SENT", "CONNECTION_SENT")
            self._plan(enrollment, step.expires_after, _WITHDRAW)
        else:
            note = fill_in_names(step.text, contact.lead)
            request = self._outreach.request_connection(contact, note=note, by=AUTOMATION)
            self._await_acceptance(enrollment, step, request.contact)

    def _await_acceptance(self, enrollment: _Enrollment, step: Step, contact: Contact) -> None:
        response = self._recipients.plan_acceptance(contact, step)
        # Later than a planned acceptance, however long that takes.
        after = step.expires_after + (response.after if response else timedelta())
        self._plan(enrollment, after, _WITHDRAW)

    def _send_message(self, enrollment: _Enrollment, step: Step, contact: Contact) -> None:
        number = enrollment.next_step + 1
        text = fill_in_names(step.text, contact.lead)
        sent = self._outreach.send_message(contact, text, step=number, by=AUTOMATION)
        response = self._recipients.response_to(sent.contact, step, str(number))
        if response is None:
            self._go_to_next_step(enrollment)
        else:
            self._recipients.plan_reply(sent.contact, response)

    def _withdraw(self, _enrollment: _Enrollment, contact: Contact, _campaign: Campaign) -> None:
        self._recipients.withdraw_request(contact)

    def _finish(self, _enrollment: _Enrollment, contact: Contact, _campaign: Campaign) -> None:
        self._recipients.end(contact, "DONE")

    # --- on the clock -------------------------------------------------------------------------

    def _plan(self, enrollment: _Enrollment, after: timedelta, action: str) -> None:
        if enrollment.task is not None:
            self._scheduler.cancel(enrollment.task)
        self._queue(enrollment, action, self._clock.now() + after)

    def _queue(
        self,
        enrollment: _Enrollment,
        action: str,
        due_at: datetime,
        cause: Cause | None = None,
    ) -> None:
        enrollment.action, enrollment.is_held_back = action, False
        enrollment.task = self._scheduler.add(
            self._causes.task("step", partial(self._run, enrollment, action), cause),
            due_at=due_at,
            # One lane for all leads, so that they take their steps in the order of their due times.
            lane=("campaign", enrollment.campaign_id),
            about=f"a step of lead {enrollment.lead_id} in campaign {enrollment.campaign_id}",
        )

    def _run(self, enrollment: _Enrollment, action: str) -> None:
        with self._store.transaction():
            # While the task waited for the lock another thread may have ended the enrollment, or
            # planned another action.
            is_planned = enrollment.task is not None and enrollment.task.is_taken
            if self._enrollments.get(enrollment.lead_id) is not enrollment or not is_planned:
                return
            enrollment.task = None
            lead = self._store.lead(enrollment.lead_id)
            campaign = self._store.campaign(enrollment.campaign_id)
            if campaign.status != STARTED:
                enrollment.is_held_back = True  # without a task: a pause may last forever
            else:
                actions: Mapping[str, _Action] = {
                    _TAKE_STEP: self._take_step,
                    _WITHDRAW: self._withdraw,
                    _FINISH: self._finish,
                }
                actions[action](enrollment, Contact.of(lead), campaign)
