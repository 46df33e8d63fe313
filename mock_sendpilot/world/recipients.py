"""Recipients: simulated people who accept, reply, or do neither.

A behavior says what a person does: it is set for a lead, or by a magic slug in the LinkedIn URL.
Both are this emulator's own. Without one, the response is random. It depends only on the seed, the
campaign, the person and the step, so it does not matter what else happens meanwhile.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.durations import parse_duration
from mock_sendpilot.scheduling.task_queue import Task
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.causes import Cause
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.models import CONNECT, DEFAULT_REPLY, Behavior, Contact, Step
from mock_sendpilot.world.outreach import Outreach
from mock_sendpilot.world.state import Replanning, ResponseState, planned

INTERESTED = "Yes, I am interested. Call me Tuesday."
NOT_INTERESTED = "Thank you, but we are not interested."

_SLUGS = (
    ("replies-interested", Behavior(accepts=True, replies=True, reply=INTERESTED)),
    ("replies-not-interested", Behavior(accepts=True, replies=True, reply=NOT_INTERESTED)),
    ("never-accepts", Behavior(accepts=False)),
    ("unreachable", Behavior(is_unreachable=True)),
)
_ACCEPTS_AFTER = re.compile(r"accepts-after-((?:[0-9]+[wdhms])+)(?:-.*)?")

_ACCEPTANCE, _REPLY = "connect", "reply"
# This time and the next are invented.
_REPLIES_AFTER = timedelta(hours=2)
DIRECT_REQUEST = Step(kind=CONNECT, response_rate=1.0, responds_after=(timedelta(hours=4),) * 2)
"""The step of a connection request outside of campaigns: it is accepted after four hours."""


class Behaviors:
    """The behaviors of a workspace's leads."""

    __slots__ = ("_by_lead",)

    def __init__(self) -> None:
        self._by_lead: dict[str, Behavior] = {}

    def set(self, lead_id: str, behavior: Behavior) -> None:
        """Set the behavior of a lead, for everything that is sent from now on."""
        self._by_lead[lead_id] = behavior

    def by_lead(self) -> dict[str, Behavior]:
        """Return the behaviors that are set, by the id of the lead."""
        return dict(self._by_lead)

    def load(self, behaviors: Mapping[str, Behavior]) -> None:
        """Replace all behaviors."""
        self._by_lead = dict(behaviors)

    def is_unreachable(self, contact: Contact) -> bool:
        """Return whether no sender can reach a person."""
        return self.of(contact).is_unreachable

    def of(self, contact: Contact) -> Behavior:
        """Return the behavior set for a lead, or else that of its slug, or else the default."""
        of_lead = self._by_lead.get(contact.lead.id) if contact.lead else None
        return of_lead or behavior_of_slug(contact.linkedin_url) or Behavior()


def behavior_of_slug(linkedin_url: str) -> Behavior | None:
    """Return the behavior of a magic slug, alone or before a hyphen: `…/in/never-accepts-7`."""
    slug = linkedin_url.rpartition("/")[2]
    for magic_slug, behavior in _SLUGS:
        if slug == magic_slug or slug.startswith(f"{magic_slug}-"):
            return behavior
    match = _ACCEPTS_AFTER.fullmatch(slug)
    if match is None:
        return None
    try:
        return Behavior(accepts=True, accepts_after=parse_duration(match[1]))
    except InvalidInput:  # longer than a hundred years
        return None


@dataclass(frozen=True, slots=True)
class RecipientResponse:
    """The response of a recipient to a step: its delay, and the text of a reply."""

    after: timedelta
    text: str


@dataclass(frozen=True, slots=True)
class _PlannedResponse:
    contact: Contact
    text: str
    task: Task


def draw_response(
    step: Step, behavior: Behavior, chance: random.Random
) -> RecipientResponse | None:
    """Return the response to a step, or None. The same chance gives the same response."""
    # All three are drawn every time, so that a behavior does not change what comes after it.
    drawn, share, text = chance.random(), chance.random(), chance.choice(step.answers or ("",))
    is_request = step.kind == CONNECT
    responds = behavior.accepts if is_request else behavior.replies
    responds_after = behavior.accepts_after if is_request else behavior.replies_after
    if responds is False or (responds is None and drawn >= step.response_rate):
        return None
    shortest, longest = step.responds_after
    if responds_after is None:
        responds_after = shortest + (longest - shortest) * share
    return RecipientResponse(responds_after, behavior.reply or text)


class RecipientModel:
    """The recipients of a workspace. Every method is called within a transaction."""

    def __init__(self, context: WorkspaceContext, outreach: Outreach, behaviors: Behaviors) -> None:
        self._store = context.store
        self._scheduler = context.scheduler
        self._clock = context.clock
        self._causes = context.causes
        self._seed = context.random_seed
        self._outreach = outreach
        self._behaviors = behaviors
        # By sender, person and kind of response.
        self._planned: dict[tuple[str, str, str], _PlannedResponse] = {}

    def state(self) -> tuple[ResponseState, ...]:
        """Return the planned responses."""
        return tuple(
            ResponseState(
                sender_id=one.contact.sender_id,
                linkedin_url=one.contact.linkedin_url,
                lead_id=one.contact.lead.id if one.contact.lead else None,
                campaign_id=one.contact.campaign_id,
                kind=kind,
                text=one.text,
                task=planned(one.task),
            )
            for (_, _, kind), one in self._planned.items()
        )

    def load(self, state: Iterable[ResponseState]) -> Iterator[Replanning]:
        """Replace all planned responses; yield how to plan them again."""
        self._planned = {}
        for one in state:
            contact = Contact(
                sender_id=one.sender_id,
                linkedin_url=one.linkedin_url,
                lead=None if one.lead_id is None else self._store.lead(one.lead_id),
                campaign_id=one.campaign_id,
            )
            plan = one.task
            queue = partial(self._queue, contact, one.kind, one.text, plan.due_at, plan.cause)
            yield one.task.order, queue

    # --- planned responses --------------------------------------------------------------------

    def response_to(self, contact: Contact, step: Step, name: str) -> RecipientResponse | None:
        """Return the response of a person to a step of that name, or None."""
        # A generator per response instead of one for all: what other leads do changes nothing.
        seed = f"{self._seed}/{contact.campaign_id}/{contact.linkedin_url}/{name}"
        return draw_response(step, self._behaviors.of(contact), random.Random(seed))

    def plan_acceptance(
        self, contact: Contact, step: Step = DIRECT_REQUEST
    ) -> RecipientResponse | None:
        """Plan and return the response to a connection request."""
        response = self.response_to(contact, step, _ACCEPTANCE)
        self._plan(contact, _ACCEPTANCE, response)
        return response

    def plan_reply(self, contact: Contact, response: RecipientResponse | None = None) -> None:
        """Plan the reply to a message: `response`, or else what the behavior says."""
        behavior = self._behaviors.of(contact)
        if response is None and behavior.replies:
            response = RecipientResponse(
                behavior.replies_after or _REPLIES_AFTER, behavior.reply or DEFAULT_REPLY
            )
        if response is not None:
            self._plan(contact, _REPLY, response)

    def cancel_responses(self, contact: Contact) -> None:
        """Cancel the planned responses of a person."""
        self._cancel(contact, _ACCEPTANCE)
        self._cancel(contact, _REPLY)

    # --- actions ------------------------------------------------------------------------------

    def accept(self, contact: Contact) -> None:
        """Accept the request, for all leads of this sender that have sent the person one."""
        others = self._other_requests(contact)
        self._outreach.accept_connection(contact)
        for other in others:
            self._outreach.accept_connection(other)

    def reply(self, contact: Contact, text: str) -> None:
        """Reply; a sequence sends nothing more."""
        self._cancel(contact, _REPLY)
        self._outreach.receive_reply(contact, text)

    def withdraw_request(self, contact: Contact) -> None:
        """Withdraw an unanswered request, for all leads of this sender that are the person."""
        others = self._other_requests(contact)
        connection = self._store.connection(contact.sender_id, contact.linkedin_url)
        if connection == lead_progress.REQUESTED:
            self._store.set_connection(contact.sender_id, contact.linkedin_url, None)
            self._cancel(contact, _ACCEPTANCE)
        for other in (*others, contact):
            self.end(other, "CONNECTION_WITHDRAWN")

    def end(self, contact: Contact, status: str) -> None:
        """Give the lead a final status, or DONE if the contract lacks it; nothing more is sent."""
        if contact.lead is not None:
            self._outreach.set_status(contact.lead, status, "DONE")

    def _other_requests(self, contact: Contact) -> list[Contact]:
        lead_id = contact.lead.id if contact.lead else None
        return [
            replace(contact, lead=lead, campaign_id=lead.campaign_id)
            for lead in self._store.leads_of(contact.linkedin_url)
            if lead.id != lead_id
            and lead.sender_id == contact.sender_id
            and lead_progress.implied_connection(lead.status) == lead_progress.REQUESTED
        ]

    # --- on the clock -------------------------------------------------------------------------

    def _plan(self, contact: Contact, kind: str, response: RecipientResponse | None) -> None:
        """Plan a response in place of an earlier one of that kind."""
        self._cancel(contact, kind)
        if response is not None:
            self._queue(contact, kind, response.text, self._clock.now() + response.after)

    def _queue(
        self,
        contact: Contact,
        kind: str,
        text: str,
        due_at: datetime,
        cause: Cause | None = None,
    ) -> None:
        task = self._scheduler.add(
            self._causes.task("response", partial(self._respond, contact, kind, text), cause),
            due_at=due_at,
            # The lane of the sequence too, so that steps and responses never run side by side.
            lane=("campaign", contact.campaign_id or contact.linkedin_url),
            about=f"the response of {contact.linkedin_url} to {contact.sender_id}",
        )
        self._planned[_key(contact, kind)] = _PlannedResponse(contact, text, task)

    def _cancel(self, contact: Contact, kind: str) -> None:
        response = self._planned.pop(_key(contact, kind), None)
        if response is not None:
            self._scheduler.cancel(response.task)

    def _respond(self, contact: Contact, kind: str, text: str) -> None:
        with self._store.transaction():
            response = self._planned.get(_key(contact, kind))
            # Another response may have been planned meanwhile.
            if response is None or not response.task.is_taken:
                return
            del self._planned[_key(contact, kind)]
            contact = self._at_present(contact)
            connection = self._store.connection(contact.sender_id, contact.linkedin_url)
            if kind == _REPLY:
                self.reply(contact, text)
            elif connection == lead_progress.REQUESTED:
                self.accept(contact)

    def _at_present(self, contact: Contact) -> Contact:
        lead = contact.lead
        if lead is None:
            return contact
        if lead.campaign_id is None:  # a campaign may have added the person meanwhile
            return self._outreach.contact(
                contact.sender_id, contact.linkedin_url, lead=None, campaign_id=contact.campaign_id
            )
        return replace(contact, lead=self._store.lead(lead.id))


def _key(contact: Contact, kind: str) -> tuple[str, str, str]:
    return contact.sender_id, contact.linkedin_url, kind
