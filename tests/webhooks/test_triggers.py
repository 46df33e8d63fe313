"""Events that are triggered, with or without effects, and test events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.webhooks import triggers
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.models import ApiKey, Campaign, Lead, Sender
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace

START = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
NINE = "2026-06-01T09:00:00.000Z"
IDA = "https://www.linkedin.com/in/ida-holm"
RECEIVER = "http://127.0.0.1:9/webhooks"
CONTRACTS = ("documented", "live")
LEGACY = {new: old for new, old in words.LEGACY_EVENT_TYPES.items() if old != new}
OF_JOBS = (words.SEARCH_COMPLETED, words.EXTRACTION_COMPLETED)
WHO = {"leadId": "lead_1", "campaignId": "camp_1", "linkedinUrl": IDA, "senderId": "sam"}
CHANGED = {
    "leadId": "lead_1",
    "campaignId": "camp_1",
    "linkedinUrl": IDA,
    "previousStatus": "PENDING",
    "newStatus": "OPPORTUNITY",
}
CAMPAIGN = {"campaignId": "camp_1", "campaignName": "Nordic CFOs"}
OF_CAMPAIGNS: dict[str, dict[str, Any]] = {
    "campaign.started": {**CAMPAIGN, "totalLeads": 2, "startedAt": NINE},
    "campaign.paused": {**CAMPAIGN, "pausedAt": NINE, "pausedBy": "api"},
    "campaign.resumed": {**CAMPAIGN, "resumedAt": NINE, "resumedBy": "api"},
    "campaign.finished": {**CAMPAIGN, "finishedAt": NINE},
}
DATA: dict[str, dict[str, dict[str, Any]]] = {
    "documented": {
        "message.sent": {**WHO, "messagePreview": "Good morning", "sequenceStep": 2},
        "message.received": {**WHO, "replyPreview": "Call me Tuesday"},
        "connection.sent": {**WHO, "note": "Hello"},
        "connection.accepted": {**WHO, "acceptedAt": NINE},
        "lead.status.changed": {**CHANGED, "changedBy": "api"},
        **OF_CAMPAIGNS,
    },
    "live": {
        "message.sent": {**WHO, "message": "Good morning", "sequenceStep": 2},
        "reply.received": {**WHO, "reply": "Call me Tuesday"},
        "connection_request.sent": {**WHO, "note": "Hello"},
        "connection_request.accepted": {**WHO, "acceptedAt": NINE},
        "lead.updated": CHANGED,
        "lead.tag.updated": {
            "leadId": "lead_1",
            "linkedinUrl": IDA,
            "previousTag": None,
            "newTag": "INTERESTED",
            "campaignId": "camp_1",
        },
        **OF_CAMPAIGNS,
    },
}
"""The data of events about the lead or the campaign under each contract."""


@dataclass(frozen=True)
class World:
    """A workspace whose clock is frozen: two leads, three campaigns, a search, an extraction."""

    workspace: Workspace
    outbox: Outbox

    def trigger(self, event_type: str, **wanted: Any) -> SentWebhook:
        request = triggers.TriggerRequest(event_type=event_type, **wanted)
        return triggers.trigger_event(self.workspace, self.outbox, request)

    def cause(self, event_type: str, **wanted: Any) -> SentWebhook:
        request = triggers.TriggerRequest(event_type=event_type, **wanted)
        return triggers.trigger_event(self.workspace, self.outbox, request, with_effects=True)

    def about(self, event_type: str) -> dict[str, str]:
        """Return the subject of an event, named as in any contract."""
        if event_type in OF_JOBS:
            search_id = self.workspace.searches.start(name="Q3", limit=3, filters={}).id
            urls = ["https://www.linkedin.com/search/results/people/"]
            extraction_id = self.workspace.extractions.start(name="X", limit=3, urls=urls).id
            return {"job_id": search_id if event_type == OF_JOBS[0] else extraction_id}
        return {"campaign_id": "camp_1"} if "campaign." in event_type else {"lead_id": "lead_1"}


MakeWorld = Callable[..., World]


def lead(lead_id: str, slug: str, status: str = "PENDING", sender_id: str | None = "sam") -> Lead:
    return Lead(
        id=lead_id,
        linkedin_url=f"https://www.linkedin.com/in/{slug}",
        status=status,
        campaign_id="camp_1",
        sender_id=sender_id,
        created_at=START,
        updated_at=START,
    )


def campaign(campaign_id: str, status: str) -> Campaign:
    return Campaign(
        id=campaign_id,
        name="Nordic CFOs",
        status=status,
        sender_ids=("sam",),
        created_at=START,
        updated_at=START,
    )


@pytest.fixture
def make() -> Iterator[MakeWorld]:
    """Make worlds under a contract, with a lead in a status."""
    emulators: list[Emulator] = []

    def make_one(contract: str = "documented", status: str = "PENDING", **options: str) -> World:
        emulator = Emulator(random_seed="tests")
        emulators.append(emulator)
        sender = Sender(
            id="sam", name="Sam", linkedin_url=f"{IDA}-sam", status="active", is_premium=True
        )
        seed = WorkspaceSeed(
            id="ws_1",
            name="W",
            contract=named_contract(contract, options.items()),
            api_keys=(ApiKey(key="key_1"),),
            senders=(sender,),
            campaigns=(
                campaign("camp_1", "started"),
                campaign("camp_paused", "paused"),
                campaign("camp_draft", "draft"),
            ),
            leads=(lead("lead_1", "ida-holm", status), lead("lead_2", "jo-berg", sender_id=None)),
            credits=Balance(subscription=100),
        )
        workspace = emulator.add_workspace(seed, clock=ManualClock(START))
        return World(workspace, emulator.outbox(workspace))

    yield make_one
    for emulator in emulators:
        emulator.close()


@pytest.fixture
def world(make: MakeWorld) -> World:
    return make("live")


# --- without effects ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "event_type"),
    [
        pytest.param(contract, name, id=f"{contract}: {name}")
        for contract, events in DATA.items()
        for name in events
    ],
)
def test_an_event_has_the_data_of_its_lead_or_campaign(
    make: MakeWorld, contract: str, event_type: str
) -> None:
    world = make(contract)
    sent = world.trigger(event_type, **world.about(event_type))

    assert sent.json == {
        "eventId": sent.event_id,
        "eventType": event_type,
        "timestamp": NINE,
        "workspaceId": "ws_1",
        "data": DATA[contract][event_type],
    }


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_event_of_a_search_has_its_data(make: MakeWorld, contract: str) -> None:
    world = make(contract)
    search = world.workspace.searches.start(name="Q3 CFOs", limit=4, filters={"country": ["NO"]})
    done = world.workspace.searches.complete(search.id)
    data = world.trigger(words.SEARCH_COMPLETED, job_id=search.id).data

    assert (data["search_id"], data["search_name"]) == (search.id, "Q3 CFOs")
    assert (data["requested_limit"], data["filters"]) == (4, {"country": ["NO"]})
    assert data["total_leads_found"] == done.found > 0
    assert [one["id"] for one in data["leads"]] == [one.id for one in done.leads]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_event_of_an_extraction_has_its_data(make: MakeWorld, contract: str) -> None:
    world = make(contract)
    urls = ["https://www.linkedin.com/search/results/people/?keywords=CFO"]
    job = world.workspace.extractions.start(name="Founders", limit=2, urls=urls)
    done = world.workspace.extractions.complete(job.id)
    data = world.trigger(words.EXTRACTION_COMPLETED, job_id=job.id).data

    assert (data["campaign_id"], data["campaign_name"]) == (job.id, "Founders")
    assert (data["search_urls"], data["mode"]) == (urls, "extraction_only")
    assert data["total_leads_extracted"] == 2
    assert [one["id"] for one in data["leads"]] == [one.id for one in done.leads]


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("name", words.EVENT_TYPES)
def test_the_event_type_of_any_contract_is_accepted(
    make: MakeWorld, contract: str, name: str
) -> None:
    world = make(contract, **({"lead_events": "live"} if contract == "documented" else {}))
    own = world.workspace.contract.event_type(name)
    names = {name, LEGACY.get(name, name)}
    about = world.about(name)

    assert {world.trigger(one, **about).event_type for one in names} == {own}


def test_a_tag_event_is_refused_if_the_contract_has_none(make: MakeWorld) -> None:
    world = make("documented")
    with pytest.raises(InvalidInput, match=r"does not send 'lead\.tag\.updated'; live does"):
        world.trigger("lead.tag.updated", lead_id="lead_1")


def test_a_status_event_has_a_status_other_than_the_leads(make: MakeWorld) -> None:
    world = make("live", status="OPPORTUNITY")
    data = world.trigger("lead.updated", lead_id="lead_1").data

    assert (data["previousStatus"], data["newStatus"]) == ("OPPORTUNITY", "DONE")


def test_another_sender_can_be_named(world: World) -> None:
    world.workspace.store.put_sender(
        Sender(id="tom", name="Tom", linkedin_url=IDA, status="active")
    )
    assert (
        world.trigger("message.sent", lead_id="lead_1", sender_id="tom").data["senderId"] == "tom"
    )


def test_an_unknown_sender_is_refused(world: World) -> None:
    with pytest.raises(NotFound, match="Sender not found"):
        world.trigger("message.sent", lead_id="lead_1", sender_id="tom")


def test_a_refusal_names_the_event_as_the_contract_does(make: MakeWorld) -> None:
    with pytest.raises(InvalidInput, match=r"required: lead\.status\.changed is about an existing"):
        make("documented").trigger("lead.updated")


# --- overrides ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "event_type"),
    [
        pytest.param(contract, name, id=f"{contract}: {name}")
        for contract, events in DATA.items()
        for name in events
    ],
)
def test_every_key_of_data_can_be_overridden(
    make: MakeWorld, contract: str, event_type: str
) -> None:
    world = make(contract)
    values: dict[str, Any] = {key: [key, None] for key in DATA[contract][event_type]}
    sent = world.trigger(event_type, **world.about(event_type), overrides=values)

    assert sent.data == values
    assert list(sent.data) == list(DATA[contract][event_type])


@pytest.mark.parametrize("event_type", OF_JOBS)
def test_every_key_of_a_jobs_data_can_be_overridden(world: World, event_type: str) -> None:
    about = world.about(event_type)
    values = dict.fromkeys(world.trigger(event_type, **about).data, 7)

    assert world.trigger(event_type, **about, overrides=values).data == values


@pytest.mark.parametrize(
    ("key", "says"),
    [
        pytest.param("newstatus", "did you mean 'newStatus'? it has: leadId, ", id="near"),
        pytest.param("zzz", "has no key 'zzz'; it has: leadId, campaignId, ", id="far"),
        pytest.param("changedBy", "has no key 'changedBy'", id="of another contract"),
        pytest.param("eventId", "has no key 'eventId'", id="of the envelope"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(world: World, key: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.trigger("lead.updated", lead_id="lead_1", overrides={key: 1})

    assert says in str(refused.value)
    assert world.outbox.events.all() == []


# --- subjects -----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["trigger", "cause"])
@pytest.mark.parametrize("event_type", words.EVENT_TYPES)
def test_a_trigger_requires_a_subject(world: World, event_type: str, action: str) -> None:
    (field,) = world.about(event_type)
    status = {"newStatus": "DONE"} if event_type == "lead.updated" else {}
    tag = {"newTag": "INTERESTED"} if event_type == "lead.tag.updated" else {}
    with pytest.raises(InvalidInput, match=f"{field} is required: .* is about an existing"):
        getattr(world, action)(event_type, overrides={**status, **tag} if action == "cause" else {})


@pytest.mark.parametrize("action", ["trigger", "cause"])
@pytest.mark.parametrize(
    ("event_type", "about", "message"),
    [
        pytest.param("message.sent", {"lead_id": "lead_x"}, "Lead not found", id="lead"),
        pytest.param(
            "campaign.paused", {"campaign_id": "camp_x"}, "Campaign not found", id="campaign"
        ),
        pytest.param(
            "lead_database.search.completed", {"job_id": "job_x"}, "Search not found", id="search"
        ),
        pytest.param(
            "lead_extractor.job.completed", {"job_id": "job_x"}, "Campaign not found", id="job"
        ),
    ],
)
def test_an_unknown_subject_is_not_found(
    world: World, event_type: str, about: dict[str, str], message: str, action: str
) -> None:
    with pytest.raises(NotFound, match=message):
        getattr(world, action)(event_type, **about)


@pytest.mark.parametrize("action", ["trigger", "cause"])
def test_an_unknown_event_type_is_refused(world: World, action: str) -> None:
    with pytest.raises(InvalidInput, match=r"unknown event type 'lead\.update'.*did you mean"):
        getattr(world, action)("lead.update", lead_id="lead_1")


# --- records ------------------------------------------------------------------------------------


def test_each_event_has_its_own_id_and_the_next_number(world: World) -> None:
    sent = [world.trigger("message.sent", lead_id="lead_1") for _ in range(3)]
    sent += [world.cause("lead.updated", lead_id="lead_1", overrides={"newStatus": "DONE"})]

    assert len({one.event_id for one in sent}) == 4
    assert [one.sequence for one in sent] == [1, 2, 3, 4]


def test_the_origin_of_an_event_names_its_cause(world: World) -> None:
    endpoint = world.outbox.endpoints.add(RECEIVER)
    triggered = world.trigger("message.sent", lead_id="lead_1")
    caused = world.cause("lead.updated", lead_id="lead_1", overrides={"newStatus": "DONE"})
    tested = triggers.send_test_event(world.workspace, world.outbox, endpoint.id, None)

    assert [one.origin for one in (triggered, caused, tested)] == ["trigger", "change", "test"]


def test_an_event_has_the_time_of_the_workspace(world: World) -> None:
    world.workspace.advance(timedelta(hours=1))

    assert (
        world.trigger("message.sent", lead_id="lead_1")
        .json["timestamp"]
        .startswith("2026-06-01T10:00")
    )


def test_only_endpoints_that_want_the_event_get_it(world: World) -> None:
    wants = world.outbox.endpoints.add(RECEIVER, event_types=["message.sent"])
    world.outbox.endpoints.add(RECEIVER, event_types=["lead.updated"])
    world.outbox.endpoints.add(RECEIVER, is_enabled=False)
    sent = world.trigger("message.sent", lead_id="lead_1")

    assert [delivery.endpoint_id for delivery in sent.deliveries] == [wants.id]


# --- with effects -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "event_type", "overrides", "follows"),
    [
        pytest.param("PENDING", "connection_request.sent", {"note": "Hi"}, True, id="request"),
        pytest.param("CONNECTION_SENT", "connection_request.accepted", {}, True, id="acceptance"),
        pytest.param("CONNECTION_ACCEPTED", "message.sent", {"message": "Hi"}, True, id="message"),
        pytest.param("MESSAGE_SENT", "reply.received", {"reply": "Yes"}, True, id="reply"),
        pytest.param("PENDING", "lead.updated", {"newStatus": "DONE"}, False, id="status"),
        pytest.param("PENDING", "lead.tag.updated", {"newTag": "CLOSED"}, False, id="tag"),
    ],
)
def test_a_cause_returns_its_event_and_not_those_that_follow(
    make: MakeWorld, before: str, event_type: str, overrides: dict[str, str], follows: bool
) -> None:
    world = make("live", status=before)
    sent = world.cause(event_type, lead_id="lead_1", overrides=overrides)
    all_types = [one.event_type for one in world.outbox.events.all()]

    assert (sent.event_type, sent.lead_id) == (event_type, "lead_1")
    assert {key: sent.data[key] for key in overrides} == overrides
    assert all_types == [event_type, *(["lead.updated"] if follows else [])]


@pytest.mark.parametrize("key", ["messagePreview", "message"])
def test_a_text_is_accepted_under_its_key_in_any_contract(make: MakeWorld, key: str) -> None:
    world = make("documented", status="CONNECTION_ACCEPTED")
    sent = world.cause("message.sent", lead_id="lead_1", overrides={key: "x" * 120})

    assert sent.data["messagePreview"] == "x" * 100
    message = world.workspace.inbox.conversations()[0].last_message
    assert message is not None
    assert message.content == "x" * 120


def test_a_caused_change_is_not_by_the_api(make: MakeWorld) -> None:
    world = make("documented")
    changed = world.cause("lead.updated", lead_id="lead_1", overrides={"newStatus": "DONE"})
    paused = world.cause("campaign.paused", campaign_id="camp_1")

    assert (changed.data["changedBy"], paused.data["pausedBy"]) == ("user", "user")


@pytest.mark.parametrize(
    ("event_type", "overrides", "says"),
    [
        pytest.param(
            "message.sent",
            {"linkedinUrl": "x"},
            "overrides.linkedinUrl cannot have effects: the cause of message.sent takes only "
            "message or messagePreview; without effects any key",
            id="of a message",
        ),
        pytest.param(
            "connection_request.accepted",
            {"acceptedAt": NINE},
            "overrides.acceptedAt cannot have effects: the cause of connection_request.accepted "
            "takes nothing",
            id="of an acceptance",
        ),
        pytest.param(
            "lead.updated",
            {"newStatus": "DONE", "previousStatus": "X"},
            "overrides.previousStatus cannot have effects",
            id="of a status",
        ),
        pytest.param(
            "message.sent", {"message": 3}, "expected a text to have effects", id="number"
        ),
        pytest.param("reply.received", {"reply": None}, "expected a text", id="null"),
        pytest.param("lead.updated", {}, "overrides.newStatus is required", id="no status"),
        pytest.param(
            "lead.updated", {"newStatus": "done"}, "'done' is unknown", id="no such status"
        ),
        pytest.param("lead.updated", {"newStatus": "DON"}, "did you mean 'DONE'", id="nearly one"),
        pytest.param(
            "lead.tag.updated", {}, "overrides.newTag is required with effects", id="no tag"
        ),
        pytest.param(
            "lead.tag.updated", {"newTag": "HOT"}, "one of: LEAD, INTERESTED", id="no such tag"
        ),
    ],
)
def test_an_override_that_the_cause_does_not_take_is_refused(
    world: World, event_type: str, overrides: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.cause(event_type, lead_id="lead_1", overrides=overrides)

    assert says in str(refused.value)
    assert world.outbox.events.all() == []


@pytest.mark.parametrize(
    ("event_type", "about"),
    [("campaign.paused", {"campaign_id": "camp_1"}), (words.SEARCH_COMPLETED, {"job_id": "x"})],
)
def test_causes_of_campaign_and_job_events_take_no_override(
    world: World, event_type: str, about: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput, match="takes nothing"):
        world.cause(event_type, **about, overrides={"campaignName": "X"})


@pytest.mark.parametrize(
    ("event_type", "overrides"),
    [
        pytest.param("lead.updated", {"newStatus": "PENDING"}, id="status"),
        pytest.param("lead.tag.updated", {"newTag": "LEAD"}, id="tag"),
    ],
)
def test_a_change_that_changes_nothing_is_refused(
    world: World, event_type: str, overrides: dict[str, str]
) -> None:
    world.workspace.store.set_lead_status("lead_1", custom_lead_status="LEAD")
    with pytest.raises(InvalidInput, match=f"{event_type} was not caused: nothing has changed"):
        world.cause(event_type, lead_id="lead_1", overrides=overrides)


# --- test events --------------------------------------------------------------------------------


def send_test(world: World, endpoint_id: str, event_type: str | None = None) -> SentWebhook:
    return triggers.send_test_event(world.workspace, world.outbox, endpoint_id, event_type)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("name", words.EVENT_TYPES)
def test_any_event_can_be_sent_as_a_test(make: MakeWorld, contract: str, name: str) -> None:
    world = make(contract, **({"lead_events": "live"} if contract == "documented" else {}))
    endpoint = world.outbox.endpoints.add(RECEIVER)
    own = world.workspace.contract.event_type(name)
    sent = [send_test(world, endpoint.id, one) for one in {name, LEGACY.get(name, name)}]

    assert {one.event_type for one in sent} == {own}


def test_a_test_event_goes_to_that_endpoint_alone_even_if_it_does_not_want_it(
    world: World,
) -> None:
    world.outbox.endpoints.add(RECEIVER)
    endpoint = world.outbox.endpoints.add(RECEIVER, event_types=["campaign.paused"])
    sent = send_test(world, endpoint.id, "message.sent")

    assert [delivery.endpoint_id for delivery in sent.deliveries] == [endpoint.id]


def test_a_test_event_has_sample_data_and_no_mark_that_it_is_a_test(world: World) -> None:
    endpoint = world.outbox.endpoints.add(RECEIVER)
    sent = send_test(world, endpoint.id)

    assert list(sent.json) == ["eventId", "eventType", "timestamp", "workspaceId", "data"]
    assert sent.data == {**CHANGED, "previousStatus": "REPLY_RECEIVED"}
    assert b"test" not in sent.body.lower()


@pytest.mark.parametrize(
    ("contract", "wanted", "sent"),
    [
        pytest.param("documented", None, "lead.status.changed", id="all, documented"),
        pytest.param("live", None, "lead.updated", id="all, live"),
        pytest.param("live", ["message.sent", "lead.updated"], "message.sent", id="some"),
    ],
)
def test_a_test_event_is_by_default_one_that_the_endpoint_wants(
    make: MakeWorld, contract: str, wanted: list[str] | None, sent: str
) -> None:
    world = make(contract)
    endpoint = world.outbox.endpoints.add(RECEIVER, event_types=wanted)

    assert send_test(world, endpoint.id).event_type == sent


def test_a_test_event_to_a_disabled_endpoint_is_refused(world: World) -> None:
    endpoint = world.outbox.endpoints.add(RECEIVER, is_enabled=False)
    with pytest.raises(InvalidInput, match=f"endpoint '{endpoint.id}' is disabled; enable it"):
        send_test(world, endpoint.id)

    assert world.outbox.events.all() == []


@pytest.mark.parametrize(
    ("event_type", "says"),
    [
        pytest.param("lead.tag.updated", "does not send 'lead.tag.updated'", id="tag"),
        pytest.param("lead.update", "unknown event type 'lead.update'", id="unknown"),
    ],
)
def test_a_test_event_that_the_contract_does_not_send_is_refused(
    make: MakeWorld, event_type: str, says: str
) -> None:
    world = make("documented")
    endpoint = world.outbox.endpoints.add(RECEIVER)
    with pytest.raises(InvalidInput) as refused:
        send_test(world, endpoint.id, event_type)

    assert says in str(refused.value)


def test_a_test_event_to_an_unknown_endpoint_is_refused(world: World) -> None:
    with pytest.raises(NotFound, match="Webhook endpoint not found"):
        send_test(world, "ep_x")
