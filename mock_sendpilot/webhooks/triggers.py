"""Events made by hand: one of the twelve, about something that is there, with or without effects.

Without effects the event is sent and nothing else changes; with them what causes it is done
instead. The test event is that of the vendor's dashboard: sample data to one endpoint, with no mark
that it is a test, since none is documented.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.json_text import plain_json
from mock_sendpilot.matching import EventPattern, camel_case
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.payloads import change_data, check_event_type, check_keys
from mock_sendpilot.world.events import TESTED, TRIGGERED, EventOptions
from mock_sendpilot.world.sample_events import SAMPLES, Subjects, sample_change
from mock_sendpilot.world.workspace import Workspace

CAMPAIGN_ACTIONS: Mapping[str, str] = {
    words.CAMPAIGN_STARTED: "start",
    words.CAMPAIGN_PAUSED: "pause",
    words.CAMPAIGN_RESUMED: "resume",
    words.CAMPAIGN_FINISHED: "finish",
}
"""What causes the events of campaigns."""
_JOB_EVENTS = (words.SEARCH_COMPLETED, words.EXTRACTION_COMPLETED)
STEPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    words.MESSAGE_SENT: ("message_sent", ("message", "messagePreview")),
    words.REPLY_RECEIVED: ("reply", ("reply", "replyPreview")),
    words.CONNECTION_REQUEST_SENT: ("connection_sent", ("note",)),
    words.CONNECTION_REQUEST_ACCEPTED: ("accept_connection", ()),
}
"""The step of a lead that causes an event, and the keys of data that hold its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A request for an event by its name in any contract, and for what it is about.

    `text` is what `overrides` can hold under the key that the contract has for the words of a
    message, a reply or a note.
    """

    event_type: str
    lead_id: str | None = None
    campaign_id: str | None = None
    job_id: str | None = None
    sender_id: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None


def tell(workspace: Workspace, outbox: Outbox, wanted: Trigger) -> SentWebhook:
    """Have an event sent without anything else changing.

    Raises:
        NotFound: there is no such lead, campaign or job.
        InvalidInput: there is no such event or key of its data, or it is not said of what.
    """
    name = current_name(workspace.contract, wanted.event_type)
    job = _job(workspace, name, wanted)  # before the transaction: a job whose work raises needs one
    with workspace.store.transaction():
        subjects = job or _subjects(workspace, name, wanted)
        now = workspace.clock.now()
        change = sample_change(name, now, subjects)
        known = list(change_data(change, now, workspace.contract))
        own_name = workspace.contract.event_type(name)
        overrides = _overrides(name, own_name, wanted, known)
        check_keys(own_name, overrides, known, where="overrides: ")
        options = EventOptions(origin=TRIGGERED, overrides=overrides)
        event = workspace.store.record(change, options)
    return outbox.events.get(event.id)


def cause(workspace: Workspace, outbox: Outbox, wanted: Trigger) -> SentWebhook:
    """Do what causes an event, with all its effects; of the overrides those count that it takes.

    Raises:
        NotFound: there is no such lead, campaign or job.
        InvalidInput: it cannot happen, or an override is none of the deed's.
    """
    name = current_name(workspace.contract, wanted.event_type)
    own_name = workspace.contract.event_type(name)
    number = outbox.events.latest_change
    wanted = replace(wanted, overrides=_overrides(name, own_name, wanted, _text_keys(name)))
    _deed(workspace, name, wanted)()
    pattern = EventPattern(own_name, _subject_keys(name, wanted))
    found = outbox.events.first_since(number, pattern)
    if found is None:
        raise InvalidInput(f"{own_name} was not caused: nothing has changed")
    return found


def send_test(
    workspace: Workspace, outbox: Outbox, endpoint_id: str, event_type: str | None
) -> SentWebhook:
    """Send sample data to one endpoint.

    Args:
        workspace: whose endpoint.
        outbox: its outbox.
        endpoint_id: where to.
        event_type: of any contract; by default the first that the endpoint wants.

    Raises:
        NotFound: there is no such endpoint.
        InvalidInput: it is disabled, or there is no such event.
    """
    endpoint = outbox.endpoints.get(endpoint_id)
    if not endpoint.is_enabled:
        raise InvalidInput(f"endpoint {endpoint_id!r} is disabled; enable it first")
    wanted = endpoint.event_types or (workspace.contract.event_type(words.LEAD_UPDATED),)
    name = current_name(workspace.contract, event_type or wanted[0])
    options = EventOptions(origin=TESTED, endpoint_id=endpoint_id)
    with workspace.store.transaction():
        event = workspace.store.record(sample_change(name, workspace.clock.now()), options)
    return outbox.events.get(event.id)


def current_name(contract: Contract, event_type: str) -> str:
    """Return today's name of an event that a contract sends, from its name in any contract.

    Raises:
        InvalidInput: there is no such event.
    """
    own = contract.own_event_type(event_type)
    check_event_type(contract, own)
    return words.EVENT_TYPES[contract.event_types.index(own)]


def _job(workspace: Workspace, name: str, wanted: Trigger) -> Subjects | None:
    """Return the job of an event about one; None of all others."""
    own = workspace.contract.event_type(name)
    if name == words.SEARCH_COMPLETED:
        return Subjects(search=workspace.searches.get(_given(wanted, "job_id", own)))
    if name == words.EXTRACTION_COMPLETED:
        return Subjects(extraction=workspace.extractions.get(_given(wanted, "job_id", own)))
    return None


def _subjects(workspace: Workspace, name: str, wanted: Trigger) -> Subjects:
    own = workspace.contract.event_type(name)
    if name in CAMPAIGN_ACTIONS:
        campaign = workspace.store.campaign(_given(wanted, "campaign_id", own))
        return Subjects(campaign=campaign, total_leads=workspace.store.lead_count(campaign.id))
    lead = workspace.store.lead(_given(wanted, "lead_id", own))
    if wanted.sender_id is not None and workspace.store.sender(wanted.sender_id) is None:
        hint = f"this workspace has no sender {wanted.sender_id[:80]!r}"
        raise NotFound("Sender not found", hint=hint)
    sender_id = wanted.sender_id or lead.sender_id or SAMPLES.sender_id
    return Subjects(lead=lead, sender_id=sender_id)


def _subject_keys(name: str, wanted: Trigger) -> dict[str, str | None]:
    """The key of data that tells which thing an event is about, and its id."""
    if name in CAMPAIGN_ACTIONS:
        return {"campaignId": wanted.campaign_id}
    if name in _JOB_EVENTS:
        key = "search_id" if name == words.SEARCH_COMPLETED else "campaign_id"
        return {key: wanted.job_id}
    return {"leadId": wanted.lead_id}


def _deed(workspace: Workspace, name: str, wanted: Trigger) -> Callable[[], object]:
    """What causes an event."""
    own = workspace.contract.event_type(name)
    if name in CAMPAIGN_ACTIONS:
        _takes(own, wanted, ())
        campaign_id = _given(wanted, "campaign_id", own)
        return partial(workspace.campaigns.change, campaign_id, CAMPAIGN_ACTIONS[name], by="user")
    if name in _JOB_EVENTS:
        _takes(own, wanted, ())
        jobs = workspace.searches if name == words.SEARCH_COMPLETED else workspace.extractions
        return partial(jobs.complete, _given(wanted, "job_id", own))
    lead_id = _given(wanted, "lead_id", own)
    if name in STEPS:
        action, keys = STEPS[name]
        _takes(own, wanted, keys)
        text = next((wanted.overrides[key] for key in keys if key in wanted.overrides), None)
        return partial(
            workspace.manual_actions.act, lead_id, action, text=text, sender_id=wanted.sender_id
        )
    change = partial(workspace.store.set_lead_status, lead_id, changed_by="user")
    if name == words.LEAD_TAG_UPDATED:
        tag = _word(own, wanted, "newTag", words.CUSTOM_LEAD_STATUSES)
        return partial(change, custom_lead_status=tag)
    return partial(change, status=_word(own, wanted, "newStatus", words.LEAD_STATUSES))


def _text_keys(name: str) -> tuple[str, ...]:
    return STEPS[name][1] if name in STEPS else ()


def _overrides(
    name: str, event_type: str, wanted: Trigger, known: Iterable[str]
) -> Mapping[str, Any]:
    """Return the overrides with the text among them, under the first of the known keys for it."""
    given = {key: plain_json(value, f"overrides.{key}") for key, value in wanted.overrides.items()}
    if wanted.text is None:
        return given
    if not isinstance(wanted.text, str):
        raise InvalidInput(f"text must be a text; it was {wanted.text!r}")
    keys = [key for key in _text_keys(name) if key in known]
    if not keys:
        raise InvalidInput(f"text cannot be set: {event_type} has none")
    doubled = [key for key in _text_keys(name) if key in wanted.overrides]
    if doubled:
        raise InvalidInput(f"text and overrides.{doubled[0]} exclude each other: they are the same")
    return {**given, keys[0]: plain_json(wanted.text, "text")}


def _word(event_type: str, wanted: Trigger, key: str, known: tuple[str, ...]) -> str:
    _takes(event_type, wanted, (key,))
    word: str | None = wanted.overrides.get(key)
    if word is None:
        raise InvalidInput(
            f"overrides.{key} is required with effects: another {key} causes {event_type}"
        )
    if word not in known:
        guess = did_you_mean(word, known)
        raise InvalidInput(
            f"overrides.{key}: {word[:80]!r} is unknown; {guess}"
            f"it must be one of: {', '.join(known)}"
        )
    return word


def _given(wanted: Trigger, name: str, event_type: str) -> str:
    value: str | None = getattr(wanted, name)
    if value is None:
        raise InvalidInput(
            f"{camel_case(name)} is required: {event_type} is told of something that is there"
        )
    return value


def _takes(event_type: str, wanted: Trigger, keys: tuple[str, ...]) -> None:
    """Insist on overrides that the deed can have, as texts."""
    for key, value in wanted.overrides.items():
        if key not in keys:
            can = f"only {' or '.join(keys)}" if keys else "nothing"
            raise InvalidInput(
                f"overrides.{key} cannot have effects: what causes {event_type} takes {can}; "
                "without effects any key of its data can be overridden"
            )
        if not isinstance(value, str):
            raise InvalidInput(f"overrides.{key} must be a text to have effects; it was {value!r}")
