"""Trigger events by hand: any of the 12, about an existing lead, campaign or job.

Without effects the event is recorded and nothing else changes; with effects the action that causes
it happens instead. A test event has sample data and goes to one endpoint. Nothing marks it as a
test, since the vendor's pages name no mark.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from functools import partial
from typing import Any

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.json_text import plain_json
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.payloads import change_data, check_event_type, check_keys
from mock_sendpilot.world import campaigns, causes, lead_progress
from mock_sendpilot.world.events import TESTED, TRIGGERED, EventOptions
from mock_sendpilot.world.models import Campaign, Extraction, Lead, Search
from mock_sendpilot.world.samples import SAMPLES, Subjects, sample_change
from mock_sendpilot.world.workspace import Workspace

STEPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    words.MESSAGE_SENT: ("message_sent", ("message", "messagePreview")),
    words.REPLY_RECEIVED: ("reply", ("reply", "replyPreview")),
    words.CONNECTION_REQUEST_SENT: ("connection_sent", ("note",)),
    words.CONNECTION_REQUEST_ACCEPTED: ("accept_connection", ()),
}
"""The manual action that causes an event, and the keys of `data` that can hold its text."""
_CAMPAIGN_ACTIONS: Mapping[str, str] = {
    words.CAMPAIGN_STARTED: "start",
    words.CAMPAIGN_PAUSED: "pause",
    words.CAMPAIGN_RESUMED: "resume",
    words.CAMPAIGN_FINISHED: "finish",
}
"""The action on a campaign that causes an event."""
_JOBS: Mapping[str, tuple[str, str]] = {
    words.SEARCH_COMPLETED: ("search", "/v1/lead-database/searches"),
    words.EXTRACTION_COMPLETED: ("extraction", "/v1/lead-extractor/campaigns"),
}
"""The kind of job that an event is about, and the path that starts one."""
_CONNECTIONS: Mapping[str, tuple[str | None, str]] = {
    words.MESSAGE_SENT: (lead_progress.CONNECTED, "that is connected with its active sender"),
    words.REPLY_RECEIVED: (lead_progress.CONNECTED, "that is connected with its active sender"),
    words.CONNECTION_REQUEST_SENT: (None, "that its active sender has not asked yet"),
    words.CONNECTION_REQUEST_ACCEPTED: (
        lead_progress.REQUESTED,
        "that has not answered its active sender yet",
    ),
}
"""The connection between a lead and its sender before an event, as a state and in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRequest:
    """A request for an event, by its name in any contract, and the ids of its subject.

    `text` is the message, reply or note: an override under the key that the contract has for it.
    """

    event_type: str
    lead_id: str | None = None
    campaign_id: str | None = None
    job_id: str | None = None
    sender_id: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None


class SubjectRequired(InvalidInput):
    """The event needs a subject that the request does not name.

    Args:
        field: the field of `TriggerRequest` that is missing; callers may have another name for it.
        reason: the rest of the sentence.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} is required: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class _Trigger:
    """A request together with its workspace and the names of its event.

    Attributes:
        name: the current name of the event.
        event_type: the name of the event under the contract of the workspace.
    """

    workspace: Workspace
    request: TriggerRequest
    name: str
    event_type: str

    @classmethod
    def of(cls, workspace: Workspace, request: TriggerRequest) -> "_Trigger":
        """Look the event up under the contract of a workspace."""
        name = _current_name(workspace.contract, request.event_type)
        return cls(workspace, request, name, workspace.contract.event_type(name))

    @property
    def text_keys(self) -> tuple[str, ...]:
        return STEPS[self.name][1] if self.name in STEPS else ()

    def required_id(self, subject: str) -> str:
        """Return the id of a lead, campaign or job, which the event must have."""
        return _required_id(self.request, self.event_type, subject)

    def overrides(self, known_keys: Iterable[str]) -> Mapping[str, Any]:
        """Return the overrides, with the text under the first of the known keys for it."""
        request = self.request
        overrides = {
            key: plain_json(value, f"overrides.{key}") for key, value in request.overrides.items()
        }
        if request.text is None:
            return overrides
        if not isinstance(request.text, str):
            raise InvalidInput(f"text: expected a text, got {request.text!r}")
        keys = [key for key in self.text_keys if key in known_keys]
        if not keys:
            raise InvalidInput(f"text cannot be set: {self.event_type} has none")
        for key in self.text_keys:
            if key in request.overrides:
                raise InvalidInput(
                    f"text and overrides.{key} exclude each other: they are the same"
                )
        return {**overrides, keys[0]: plain_json(request.text, "text")}


def require_subject(contract: Contract, request: TriggerRequest) -> None:
    """Require that a request names the subject of its event.

    Raises:
        InvalidInput: it does not, or there is no such event.
    """
    name = _current_name(contract, request.event_type)
    subject = "campaign" if name in _CAMPAIGN_ACTIONS else "job" if name in _JOBS else "lead"
    _required_id(request, contract.event_type(name), subject)


def _required_id(request: TriggerRequest, event_type: str, subject: str) -> str:
    """Return the id of a lead, campaign or job, which the event must have."""
    field = f"{subject}_id"
    subject_id: str | None = getattr(request, field)
    if subject_id is None:
        raise SubjectRequired(field, f"{event_type} is about an existing {subject}")
    return subject_id


def trigger_event(
    workspace: Workspace, outbox: Outbox, request: TriggerRequest, *, with_effects: bool = False
) -> SentWebhook:
    """Record an event, or with effects, do what causes it.

    Args:
        workspace: the workspace of the subject.
        outbox: the outbox of the workspace.
        request: the event. With effects, only overrides that its cause takes are allowed.
        with_effects: do what causes the event, with all its effects.

    Raises:
        NotFound: there is no such lead, campaign, job or sender.
        InvalidInput: an unknown event type or override, or no subject; or its cause is impossible.
    """
    trigger = _Trigger.of(workspace, request)
    with workspace.causes.working_for(causes.TRIGGERED):
        return _cause(trigger, outbox) if with_effects else _record(trigger, outbox)


def send_test_event(
    workspace: Workspace, outbox: Outbox, endpoint_id: str, event_type: str | None
) -> SentWebhook:
    """Send an event with sample data to one endpoint.

    Args:
        workspace: the workspace of the endpoint.
        outbox: the outbox of the workspace.
        endpoint_id: the endpoint.
        event_type: a name in any contract, also one that the endpoint does not want, as in the
            vendor's dashboard; by default the first that it wants, or `lead.updated`.

    Raises:
        NotFound: there is no such endpoint.
        InvalidInput: it is disabled, or there is no such event.
    """
    endpoint = outbox.endpoints.get(endpoint_id)
    if not endpoint.is_enabled:
        raise InvalidInput(f"endpoint {endpoint_id!r} is disabled; enable it first")
    types = endpoint.event_types or (workspace.contract.event_type(words.LEAD_UPDATED),)
    name = _current_name(workspace.contract, event_type or types[0])
    options = EventOptions(origin=TESTED, endpoint_id=endpoint_id)
    with workspace.causes.working_for(causes.TESTED), workspace.store.transaction():
        event = workspace.store.record(sample_change(name, workspace.clock.now()), options)
    return outbox.events.get(event.id)


def _current_name(contract: Contract, event_type: str) -> str:
    """Return the current name of an event that a contract sends, from its name in any contract."""
    own_type = contract.own_event_type(event_type)
    check_event_type(contract, own_type)
    return words.EVENT_TYPES[contract.event_types.index(own_type)]


# --- without effects -----------------------------------------------------------------------------


def _record(trigger: _Trigger, outbox: Outbox) -> SentWebhook:
    workspace = trigger.workspace
    job = _job_subjects(trigger)  # not in the transaction: a job that fails opens one of its own
    with workspace.store.transaction():
        subjects = job or _subjects(trigger)
        now = workspace.clock.now()
        change = sample_change(trigger.name, now, subjects)
        # Of this very change: which keys an event has depends on contract and subject.
        known_keys = list(change_data(change, now, workspace.contract))
        overrides = trigger.overrides(known_keys)
        check_keys(trigger.event_type, overrides, known_keys, where="overrides: ")
        options = EventOptions(origin=TRIGGERED, overrides=overrides)
        event = workspace.store.record(change, options)
    return outbox.events.get(event.id)


def _job_subjects(trigger: _Trigger) -> Subjects | None:
    """Return the subjects of an event about a job; None for all other events."""
    workspace = trigger.workspace
    if trigger.name == words.SEARCH_COMPLETED:
        return Subjects(search=workspace.searches.get(trigger.required_id("job")))
    if trigger.name == words.EXTRACTION_COMPLETED:
        return Subjects(extraction=workspace.extractions.get(trigger.required_id("job")))
    return None


def _subjects(trigger: _Trigger) -> Subjects:
    store, sender_id = trigger.workspace.store, trigger.request.sender_id
    if trigger.name in _CAMPAIGN_ACTIONS:
        campaign = store.campaign(trigger.required_id("campaign"))
        return Subjects(campaign=campaign, total_leads=store.lead_count(campaign.id))
    # A lead without a sender gets that of the samples: every event about a person names one.
    lead = store.lead(trigger.required_id("lead"))
    if sender_id is not None and store.sender(sender_id) is None:
        hint = f"this workspace has no sender {sender_id[:80]!r}"
        raise NotFound("Sender not found", hint=hint)
    return Subjects(lead=lead, sender_id=sender_id or lead.sender_id or SAMPLES.sender_id)


# --- with effects --------------------------------------------------------------------------------


def _cause(trigger: _Trigger, outbox: Outbox) -> SentWebhook:
    # One action may cause several events, and other threads more: the number tells which are new.
    number = outbox.events.latest_change
    _action(trigger)()
    pattern = EventPattern(trigger.event_type, _subject_values(trigger))
    sent = outbox.events.first_since(number, pattern)
    if sent is None:
        raise InvalidInput(f"{trigger.event_type} was not caused: nothing has changed")
    return sent


def _action(trigger: _Trigger) -> Callable[[], object]:
    """Return the action that causes an event. Of the overrides it can take only its own words."""
    workspace = trigger.workspace
    overrides = trigger.overrides(trigger.text_keys)
    if trigger.name in _CAMPAIGN_ACTIONS:
        _check_overrides(trigger, overrides, ())
        campaign_id = trigger.required_id("campaign")
        action = _CAMPAIGN_ACTIONS[trigger.name]
        return partial(workspace.campaigns.change, campaign_id, action, by="user")
    if trigger.name in _JOBS:
        _check_overrides(trigger, overrides, ())
        is_search = trigger.name == words.SEARCH_COMPLETED
        jobs = workspace.searches if is_search else workspace.extractions
        return partial(jobs.complete, trigger.required_id("job"))
    lead_id = trigger.required_id("lead")
    if trigger.name in STEPS:
        action, keys = STEPS[trigger.name]
        _check_overrides(trigger, overrides, keys)
        text = next((overrides[key] for key in keys if key in overrides), None)
        act, sender_id = workspace.manual_actions.act, trigger.request.sender_id
        return partial(act, lead_id, action, text=text, sender_id=sender_id)
    # By `user`, like a change in the vendor's dashboard; `api` is for requests to the API.
    change = partial(workspace.store.set_lead_status, lead_id, changed_by="user")
    if trigger.name == words.LEAD_TAG_UPDATED:
        tag = _required_override(trigger, overrides, "newTag", words.CUSTOM_LEAD_STATUSES)
        return partial(change, custom_lead_status=tag)
    status = _required_override(trigger, overrides, "newStatus", words.LEAD_STATUSES)
    return partial(change, status=status)


def _required_override(
    trigger: _Trigger, overrides: Mapping[str, Any], key: str, known: tuple[str, ...]
) -> str:
    _check_overrides(trigger, overrides, (key,))
    value: str | None = overrides.get(key)
    if value is None:
        raise InvalidInput(
            f"overrides.{key} is required with effects: another {key} causes {trigger.event_type}"
        )
    if value not in known:
        guess = did_you_mean(value, known)
        raise InvalidInput(
            f"overrides.{key}: {value[:80]!r} is unknown; {guess}"
            f"expected one of: {', '.join(known)}"
        )
    return value


def _check_overrides(
    trigger: _Trigger, overrides: Mapping[str, Any], keys: tuple[str, ...]
) -> None:
    """Refuse overrides other than these, and values that are no texts."""
    for key, value in overrides.items():
        if key not in keys:
            allowed = f"only {' or '.join(keys)}" if keys else "nothing"
            raise InvalidInput(
                f"overrides.{key} cannot have effects: the cause of {trigger.event_type} takes "
                f"{allowed}; without effects any key of its data can be overridden"
            )
        if not isinstance(value, str):
            raise InvalidInput(f"overrides.{key}: expected a text to have effects, got {value!r}")


def _subject_values(trigger: _Trigger) -> dict[str, str | None]:
    """Return the key of `data` that holds the id of the subject, and the id."""
    request = trigger.request
    if trigger.name in _CAMPAIGN_ACTIONS:
        return {"campaignId": request.campaign_id}
    if trigger.name == words.SEARCH_COMPLETED:
        return {"search_id": request.job_id}
    if trigger.name == words.EXTRACTION_COMPLETED:
        return {"campaign_id": request.job_id}
    return {"leadId": request.lead_id}


# --- subjects that nobody has named --------------------------------------------------------------


def choose_subject(
    workspace: Workspace, request: TriggerRequest, *, with_effects: bool
) -> TriggerRequest:
    """Return the request with a subject, if it names none.

    Preferred are, without effects, a campaign in the state after the event and a job that is over;
    with effects, a campaign or job in the state before it; and always a lead in the state before
    it. Of leads and campaigns the oldest is chosen, of jobs the latest. Without effects any other
    one will do; a campaign that the request names limits the leads to its own.

    Raises:
        InvalidInput: there is no such event, or no subject for it.
    """
    trigger = _Trigger.of(workspace, request)
    if request.lead_id is not None or request.job_id is not None:
        return request
    if trigger.name in _CAMPAIGN_ACTIONS:
        campaign_id = request.campaign_id or _choose_campaign(trigger, with_effects=with_effects).id
        return replace(request, campaign_id=campaign_id)
    if trigger.name not in _JOBS:
        return replace(request, lead_id=_choose_lead(trigger, with_effects=with_effects).id)
    if request.campaign_id is not None:
        return request
    return replace(request, job_id=_choose_job(trigger, with_effects=with_effects).id)


def _choose_campaign(trigger: _Trigger, *, with_effects: bool) -> Campaign:
    action = _CAMPAIGN_ACTIONS[trigger.name]
    before = campaigns.statuses_before(action)
    statuses = before if with_effects else (campaigns.status_after(action),)
    every = trigger.workspace.store.campaigns()
    suitable = [campaign for campaign in every if campaign.status in statuses]
    if suitable or (every and not with_effects):
        return [*suitable, *every][0]
    needed = f" that is {' or '.join(before)}" if every else ""
    raise SubjectRequired("campaign_id", f"this workspace has no campaign{needed}")


def _choose_job(trigger: _Trigger, *, with_effects: bool) -> Search | Extraction:
    kind, path = _JOBS[trigger.name]
    workspace = trigger.workspace
    jobs = workspace.searches if kind == "search" else workspace.extractions
    every: list[Search | Extraction] = [*jobs.all()]
    suitable = [job for job in every if job.is_over != with_effects]
    if suitable or (every and not with_effects):
        return [*every, *suitable][-1]  # the latest that is suitable, else the latest of all
    needed = " that is not over" if every else ""
    reason = f"this workspace has no {kind}{needed}; start one with POST {path}"
    raise SubjectRequired("job_id", reason)


def _choose_lead(trigger: _Trigger, *, with_effects: bool) -> Lead:
    campaign_id = trigger.request.campaign_id
    every = trigger.workspace.store.leads(campaign_id=campaign_id)
    suitable = next((lead for lead in every if _is_suitable(trigger, lead)), None)
    if suitable is not None:
        return suitable
    if every and not with_effects:
        return every[0]
    where = "this workspace" if campaign_id is None else f"campaign {campaign_id!r}"
    is_connection_needed = every and trigger.name in _CONNECTIONS
    needed = f" {_CONNECTIONS[trigger.name][1]}" if is_connection_needed else ""
    raise SubjectRequired("lead_id", f"{where} has no lead{needed}")


def _is_suitable(trigger: _Trigger, lead: Lead) -> bool:
    """Return whether the event could happen to a lead as it is now."""
    request, store = trigger.request, trigger.workspace.store
    if trigger.name == words.LEAD_UPDATED:
        return bool(lead.status != request.overrides.get("newStatus"))
    if trigger.name == words.LEAD_TAG_UPDATED:
        return bool(lead.custom_lead_status != request.overrides.get("newTag", ""))
    sender = store.sender(request.sender_id or lead.sender_id or "")
    if sender is None or sender.status != "active":
        return False
    return store.connection(sender.id, lead.linkedin_url) == _CONNECTIONS[trigger.name][0]
