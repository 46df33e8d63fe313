"""Responses: how people take what senders do. They accept, reply, or leave it.

What is drawn by lot depends on the seed, the campaign, the person and the step alone: so it does
not matter what else happens meanwhile.
"""

import random
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from mock_sendpilot.world import progress
from mock_sendpilot.world.acts import Outreach
from mock_sendpilot.world.behavior import Behaviors
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.models import Contact
from mock_sendpilot.world.sequences import (
    DEFAULT_REPLY,
    ONE_OFF,
    Answer,
    Step,
    answer_to,
)

if TYPE_CHECKING:
    from mock_sendpilot.scheduling.task_queue import Task

ACCEPTS, REPLIES = "connect", "reply"
_REPLIES_AFTER = timedelta(hours=2)


class Responses:
    """The responses of a workspace's people; they belong into a transaction."""

    def __init__(self, context: WorkspaceContext, outreach: Outreach, behaviors: Behaviors) -> None:
        self._store = context.store
        self._scheduler = context.scheduler
        self._clock = context.clock
        self._seed = context.random_seed
        self._outreach = outreach
        self._behaviors = behaviors
        self._expected: dict[tuple[str, str, str], Task] = {}  # the answers that are planned

    # --- what people are going to do ------------------------------------------------------------

    def answer(self, contact: Contact, step: Step, name: str) -> Answer | None:
        """What this person answers to a step of that name, or None."""
        seed = f"{self._seed}/{contact.campaign_id}/{contact.linkedin_url}/{name}"
        chance = random.Random(seed)
        return answer_to(step, self._behaviors.of(contact), chance)

    def expect_acceptance(self, contact: Contact, step: Step = ONE_OFF) -> Answer | None:
        """After a request: what the person is going to answer, which then happens in time."""
        answer = self.answer(contact, step, ACCEPTS)
        self._expect(contact, ACCEPTS, answer)
        return answer

    def expect_reply(self, contact: Contact, answer: Answer | None = None) -> None:
        """After a message, have the person reply if `answer` or their behavior says so."""
        behavior = self._behaviors.of(contact)
        if answer is None and behavior.replies:
            answer = Answer(
                behavior.replies_after or _REPLIES_AFTER, behavior.reply or DEFAULT_REPLY
            )
        if answer is not None:
            self._expect(contact, REPLIES, answer)

    # --- what they do -----------------------------------------------------------------------------

    def accept(self, contact: Contact) -> Contact:
        """The person accepts; so it does for all leads of this sender that have asked it."""
        others = self._others_who_wait(contact)
        contact = self._outreach.accept_connection(contact)
        for other in others:
            self._outreach.accept_connection(other)
        return contact

    def reply(self, contact: Contact, text: str) -> Contact:
        """The person replies; a sequence sends nothing more."""
        self._forget(contact, REPLIES)
        return self._outreach.receive_reply(contact, text)

    def withdraw(self, contact: Contact) -> Contact:
        """The person has not answered: the sender takes its request back and gives up.

        So it does for all its leads that are this person and have asked.
        """
        others = self._others_who_wait(contact)
        standing = self._store.connection(contact.sender_id, contact.linkedin_url)
        if standing == progress.REQUESTED:
            self._store.set_connection(contact.sender_id, contact.linkedin_url, None)
            self._forget(contact, ACCEPTS)
        for other in others:
            self.give_up(other, "CONNECTION_WITHDRAWN")
        return self.give_up(contact, "CONNECTION_WITHDRAWN")

    def forget(self, contact: Contact) -> None:
        """What was expected of a person does not happen any more."""
        for what in (ACCEPTS, REPLIES):
            self._forget(contact, what)

    def give_up(self, contact: Contact, status: str) -> Contact:
        """Nothing more is sent. The lead is of this status, or DONE where the contract has none."""
        if contact.lead is None:
            return contact
        return replace(contact, lead=self._outreach.set_status(contact.lead, status, "DONE"))

    def _others_who_wait(self, contact: Contact) -> list[Contact]:
        named = contact.lead.id if contact.lead else None
        return [
            replace(contact, lead=lead, campaign_id=lead.campaign_id)
            for lead in self._store.leads_of(contact.linkedin_url)
            if lead.id != named
            and lead.sender_id == contact.sender_id
            and progress.connection_implied(lead.status) == progress.REQUESTED
        ]

    def _expect(self, contact: Contact, what: str, answer: Answer | None) -> None:
        """Plan an answer in place of the one that was expected, if there was one."""
        self._forget(contact, what)
        if answer is not None:
            self._expected[_key(contact, what)] = self._scheduler.add(
                partial(self._answer_due, contact, what, answer.text),
                due_at=self._clock.now() + answer.after,
                lane=("campaign", contact.campaign_id or contact.linkedin_url),
                about=f"what {contact.linkedin_url} answers to {contact.sender_id}",
            )

    def _forget(self, contact: Contact, what: str) -> None:
        task = self._expected.pop(_key(contact, what), None)
        if task is not None:
            self._scheduler.cancel(task)

    def _answer_due(self, contact: Contact, what: str, text: str) -> None:
        with self._store.transaction():
            expected = self._expected.get(_key(contact, what))
            if expected is None or not expected.is_taken:  # another answer is planned by now
                return
            contact = self._as_of_now(contact)
            standing = self._store.connection(contact.sender_id, contact.linkedin_url)
            if what == REPLIES:
                self.reply(contact, text)
            elif standing == progress.REQUESTED:
                self.accept(contact)

    def _as_of_now(self, contact: Contact) -> Contact:
        lead = contact.lead
        if lead is None:
            return contact
        if lead.campaign_id is None:  # by now a campaign may know the person
            return self._outreach.contact(
                contact.sender_id, contact.linkedin_url, lead=None, campaign_id=contact.campaign_id
            )
        return replace(contact, lead=self._store.lead(lead.id))


def _key(contact: Contact, what: str) -> tuple[str, str, str]:
    return contact.sender_id, contact.linkedin_url, what
