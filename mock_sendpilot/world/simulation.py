"""Campaigns that run by themselves: each lead walks through the sequence, on the clock.

Pausing a campaign holds its steps back; what people do (they accept, they reply) goes on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from mock_sendpilot.errors import InvalidInput, LimitExceeded, SenderNotActive
from mock_sendpilot.scheduling.task_queue import Task
from mock_sendpilot.world import progress
from mock_sendpilot.world.acts import AUTOMATION, Outreach, words_for
from mock_sendpilot.world.behavior import Behaviors
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.events import (
    Change,
    ConnectionRequestAccepted,
    LeadStatusChanged,
    ReplyReceived,
)
from mock_sendpilot.world.models import Campaign, Contact, Lead
from mock_sendpilot.world.responses import Responses
from mock_sendpilot.world.sequences import CONNECT, Step

_LOOK_AGAIN = timedelta(hours=1)


@dataclass(slots=True, eq=False)
class _Walk:
    """The place of a lead in its sequence, and the task that moves it on."""

    lead_id: str
    campaign_id: str
    next_step: int = 0
    task: Task | None = None
    held_back: "_Act | None" = None
    """What fell due while the campaign was paused."""


_Act = Callable[[_Walk, Contact, Campaign], None]


class Simulation:
    """The walks of a workspace's leads."""

    def __init__(
        self,
        context: WorkspaceContext,
        outreach: Outreach,
        responses: Responses,
        behaviors: Behaviors,
    ) -> None:
        self._store = context.store
        self._scheduler = context.scheduler
        self._clock = context.clock
        self._outreach = outreach
        self._responses = responses
        self._behaviors = behaviors
        self._walks: dict[str, _Walk] = {}
        self._walking: dict[str, dict[str, None]] = {}  # lead ids by campaign, in their order

    def begin(self, leads: Iterable[Lead]) -> None:
        """Enroll leads, in a transaction of its own."""
        with self._store.transaction():
            self.enroll(leads)

    def enroll(self, leads: Iterable[Lead]) -> None:
        """Within a transaction: queue leads for the sequence of their campaign.

        Each begins from where its status says it is.
        """
        for lead in leads:
            campaign = self._store.campaign(lead.campaign_id or "")
            if campaign.sequence and campaign.status in {"started", "paused"}:
                self._enter(lead, campaign)

    def release(self, campaign_id: str) -> None:
        """Within a transaction: take the steps that were held back while a campaign was paused."""
        for lead_id in self._walking.get(campaign_id, ()):
            walk = self._walks[lead_id]
            if walk.held_back is not None:
                self._plan(walk, timedelta(), walk.held_back)

    def has_walks(self, campaign_id: str) -> bool:
        """Whether some lead of a campaign is still on its way."""
        return bool(self._walking.get(campaign_id))

    def react(self, change: Change) -> str | None:
        """Within a transaction: move the lead of a change on, or end its walk.

        Returns:
            The id of a campaign whose last walk has ended.
        """
        if isinstance(change, ConnectionRequestAccepted) and change.contact.lead is not None:
            self._accepted(change.contact.lead)
        elif isinstance(change, ReplyReceived) and change.contact.lead is not None:
            return self._end(change.contact.lead)
        elif isinstance(change, LeadStatusChanged) and progress.is_done_with(change.lead.status):
            return self._end(change.lead)
        return None

    # --- the way ------------------------------------------------------------------------------

    def _enter(self, lead: Lead, campaign: Campaign) -> None:
        is_walking = lead.id in self._walks
        if is_walking or lead.sender_id is None or progress.is_done_with(lead.status):
            return
        walk = self._walks[lead.id] = _Walk(lead.id, campaign.id)
        self._walking.setdefault(campaign.id, {})[lead.id] = None
        # A status may have been set by hand: it counts where the connection bears it out.
        standing = self._store.connection(lead.sender_id, lead.linkedin_url)
        is_so = standing == progress.connection_implied(lead.status)
        connects = campaign.sequence[0].kind == CONNECT
        if connects and is_so and standing == progress.REQUESTED:
            self._await_acceptance(walk, campaign.sequence[0], _contact(lead))
            return
        if is_so and standing == progress.CONNECTED:
            walk.next_step = connects + progress.messages_implied(lead.status)
        self._plan_next(walk, campaign)

    def _plan_next(self, walk: _Walk, campaign: Campaign) -> None:
        if walk.next_step < len(campaign.sequence):
            self._plan(walk, campaign.sequence[walk.next_step].after, self._take_step)
            return
        last = campaign.sequence[-1]
        is_answered = last.kind == CONNECT  # a reply to a last message may still come
        after = last.done_after + (timedelta() if is_answered else last.expires_after)
        if after:
            self._plan(walk, after, self._finish)
        else:  # as the service does it; a pause holds back what is sent, and this sends nothing
            self._finish(walk, _contact(self._store.lead(walk.lead_id)), campaign)

    def _go_on(self, walk: _Walk) -> None:
        walk.next_step += 1
        self._plan_next(walk, self._store.campaign(walk.campaign_id))

    def _accepted(self, lead: Lead) -> None:
        walk = self._walks.get(lead.id)
        if walk is not None and self._step(walk).kind == CONNECT:
            self._go_on(walk)

    def _end(self, lead: Lead) -> str | None:
        walk = self._walks.pop(lead.id, None)
        if walk is None:
            return None
        if walk.task is not None:
            self._scheduler.cancel(walk.task)
        walking = self._walking[walk.campaign_id]
        del walking[lead.id]
        return None if walking else walk.campaign_id

    def _step(self, walk: _Walk) -> Step:
        steps = self._store.campaign(walk.campaign_id).sequence
        return steps[min(walk.next_step, len(steps) - 1)]

    # --- its steps ----------------------------------------------------------------------------

    def _take_step(self, walk: _Walk, contact: Contact, campaign: Campaign) -> None:
        step = campaign.sequence[walk.next_step]
        act = self._connect if step.kind == CONNECT else self._send_message
        try:
            if self._behaviors.of(contact).is_unreachable:
                self._responses.give_up(contact, "PROFILE_UNREACHABLE")
            else:
                act(walk, step, contact)
        except LimitExceeded as error:
            self._plan(walk, timedelta(seconds=error.retry_after_seconds), self._take_step)
        except SenderNotActive:
            self._plan(walk, _LOOK_AGAIN, self._take_step)
        except InvalidInput:  # such as a message to one who is not connected
            self._responses.give_up(contact, "FAILED")

    def _connect(self, walk: _Walk, step: Step, contact: Contact) -> None:
        standing = self._store.connection(contact.sender_id, contact.linkedin_url)
        status = contact.lead.status if contact.lead else ""
        is_told = progress.connection_implied(status) == progress.CONNECTED
        if standing == progress.CONNECTED and is_told:
            self._go_on(walk)
        elif standing == progress.CONNECTED:  # the vendor then tells of an acceptance alone
            self._responses.accept(contact)
        elif standing == progress.REQUESTED and contact.lead is not None:
            self._outreach.set_status(contact.lead, "CONNECTION_ALREADY_SENT", "CONNECTION_SENT")
            self._plan(walk, step.expires_after, self._withdraw)
        else:
            note = words_for(step.text, contact.lead)
            request = self._outreach.request_connection(contact, note=note, by=AUTOMATION)
            self._await_acceptance(walk, step, request.contact)

    def _await_acceptance(self, walk: _Walk, step: Step, contact: Contact) -> None:
        answer = self._responses.expect_acceptance(contact, step)
        patience = step.expires_after + (answer.after if answer else timedelta())
        self._plan(walk, patience, self._withdraw)

    def _send_message(self, walk: _Walk, step: Step, contact: Contact) -> None:
        number = walk.next_step + 1
        text = words_for(step.text, contact.lead)
        sent = self._outreach.send_message(contact, text, step=number, by=AUTOMATION)
        answer = self._responses.answer(sent.contact, step, str(number))
        if answer is None:
            self._go_on(walk)
        else:
            self._responses.expect_reply(sent.contact, answer)

    def _withdraw(self, _walk: _Walk, contact: Contact, _campaign: Campaign) -> None:
        self._responses.withdraw(contact)

    def _finish(self, _walk: _Walk, contact: Contact, _campaign: Campaign) -> None:
        self._responses.give_up(contact, "DONE")

    # --- on the clock ---------------------------------------------------------------------------

    def _plan(self, walk: _Walk, after: timedelta, act: _Act) -> None:
        if walk.task is not None:
            self._scheduler.cancel(walk.task)
        walk.held_back = None
        walk.task = self._scheduler.add(
            partial(self._run, walk, act),
            due_at=self._clock.now() + after,
            lane=("campaign", walk.campaign_id),
            about=f"a step of lead {walk.lead_id} in campaign {walk.campaign_id}",
        )

    def _run(self, walk: _Walk, act: _Act) -> None:
        with self._store.transaction():
            is_planned = walk.task is not None and walk.task.is_taken  # and no other one by now
            if self._walks.get(walk.lead_id) is not walk or not is_planned:
                return
            lead = self._store.lead(walk.lead_id)
            campaign = self._store.campaign(walk.campaign_id)
            if campaign.status != "started":
                walk.held_back = act
            else:
                act(walk, _contact(lead), campaign)


def _contact(lead: Lead) -> Contact:
    return Contact(
        sender_id=lead.sender_id or "",
        linkedin_url=lead.linkedin_url,
        lead=lead,
        campaign_id=lead.campaign_id,
    )
