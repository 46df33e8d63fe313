"""Events by hand: told of something that is there, caused with all effects, sent as a test."""

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
TOLD: dict[str, dict[str, dict[str, Any]]] = {
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
"""What is told of the lead or the campaign under each contract; of jobs there are own tests."""


@dataclass(frozen=True)
class World:
    """A workspace whose clock is frozen: two leads, three campaigns, a search, an extraction."""

    workspace: Workspace
    outbox: Outbox

    def tell(self, event_type: str, **wanted: Any) -> SentWebhook:
        request = triggers.TriggerRequest(event_type=event_type, **wanted)
        return triggers.trigger_event(self.workspace, self.outbox, request)

    def cause(self, event_type: str, **wanted: Any) -> SentWebhook:
        request = triggers.TriggerRequest(event_type=event_type, **wanted)
        return triggers.trigger_event(self.workspace, self.outbox, request, with_effects=True)

    def about(self, event_type: str) -> dict[str, str]:
        """What an event of this type, by any name, is told of."""
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
    """Worlds under a contract, with the lead as it is to be."""
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


# --- told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "event_type"),
    [
        pytest.param(contract, name, id=f"{contract}: {name}")
        for contract, told in TOLD.items()
        for name in told
    ],
)
def test_an_event_tells_of_the_lead_or_the_campaign_that_is_there(
    make: MakeWorld, contract: str, event_type: str
) -> None:
    world = make(contract)
    sent = world.tell(event_type, **world.about(event_type))

    assert sent.json == {
        "eventId": sent.event_id,
        "eventType": event_type,
        "timestamp": NINE,
        "workspaceId": "ws_1",
        "data": TOLD[contract][event_type],
    }


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_event_of_a_search_tells_of_that_search(make: MakeWorld, contract: str) -> None:
    world = make(contract)
    search = world.workspace.searches.start(name="Q3 CFOs", limit=4, filters={"country": ["NO"]})
    done = world.workspace.searches.complete(search.id)
    data = world.tell(words.SEARCH_COMPLETED, job_id=search.id).data

    assert (data["search_id"], data["search_name"]) == (search.id, "Q3 CFOs")
    assert (data["requested_limit"], data["filters"]) == (4, {"country": ["NO"]})
    assert data["total_leads_found"] == done.found > 0
    assert [one["id"] for one in data["leads"]] == [one.id for one in done.leads]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_event_of_an_extraction_tells_of_that_extraction(
    make: MakeWorld, contract: str
) -> None:
    world = make(contract)
    urls = ["https://www.linkedin.com/search/results/people/?keywords=CFO"]
    job = world.workspace.extractions.start(name="Founders", limit=2, urls=urls)
    done = world.workspace.extractions.complete(job.id)
    data = world.tell(words.EXTRACTION_COMPLETED, job_id=job.id).data

    assert (data["campaign_id"], data["campaign_name"]) == (job.id, "Founders")
    assert (data["search_urls"], data["mode"]) == (urls, "extraction_only")
    assert data["total_leads_extracted"] == 2
    assert [one["id"] for one in data["leads"]] == [one.id for one in done.leads]


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("name", words.EVENT_TYPES)
def test_the_name_of_any_contract_is_taken(make: MakeWorld, contract: str, name: str) -> None:
    world = make(contract, **({"lead_events": "live"} if contract == "documented" else {}))
    own = world.workspace.contract.event_type(name)
    names = {name, LEGACY.get(name, name)}
    about = world.about(name)

    assert {world.tell(one, **about).event_type for one in names} == {own}


def test_a_tag_cannot_be_told_where_the_contract_has_no_such_event(make: MakeWorld) -> None:
    world = make("documented")
    with pytest.raises(InvalidInput, match=r"does not send 'lead\.tag\.updated'; live does"):
        world.tell("lead.tag.updated", lead_id="lead_1")


def test_a_status_is_told_as_another_one_than_the_lead_has(make: MakeWorld) -> None:
    world = make("live", status="OPPORTUNITY")
    data = world.tell("lead.updated", lead_id="lead_1").data

    assert (data["previousStatus"], data["newStatus"]) == ("OPPORTUNITY", "DONE")


def test_another_sender_can_be_named(world: World) -> None:
    world.workspace.store.put_sender(
        Sender(id="tom", name="Tom", linkedin_url=IDA, status="active")
    )
    assert world.tell("message.sent", lead_id="lead_1", sender_id="tom").data["senderId"] == "tom"


def test_a_sender_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(NotFound, match="Sender not found"):
        world.tell("message.sent", lead_id="lead_1", sender_id="tom")


def test_the_name_of_the_event_in_a_refusal_is_that_of_the_contract(make: MakeWorld) -> None:
    with pytest.raises(InvalidInput, match=r"required: lead\.status\.changed is about an existing"):
        make("documented").tell("lead.updated")


# --- what is set --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "event_type"),
    [
        pytest.param(contract, name, id=f"{contract}: {name}")
        for contract, told in TOLD.items()
        for name in told
    ],
)
def test_every_key_of_data_can_be_set(make: MakeWorld, contract: str, event_type: str) -> None:
    world = make(contract)
    values: dict[str, Any] = {key: [key, None] for key in TOLD[contract][event_type]}
    sent = world.tell(event_type, **world.about(event_type), overrides=values)

    assert sent.data == values
    assert list(sent.data) == list(TOLD[contract][event_type])


@pytest.mark.parametrize("event_type", OF_JOBS)
def test_every_key_of_a_jobs_data_can_be_set(world: World, event_type: str) -> None:
    about = world.about(event_type)
    values = dict.fromkeys(world.tell(event_type, **about).data, 7)

    assert world.tell(event_type, **about, overrides=values).data == values


@pytest.mark.parametrize(
    ("key", "says"),
    [
        pytest.param("newstatus", "did you mean 'newStatus'? it has: leadId, ", id="near"),
        pytest.param("zzz", "has no key 'zzz'; it has: leadId, campaignId, ", id="far"),
        pytest.param("changedBy", "has no key 'changedBy'", id="of another contract"),
        pytest.param("eventId", "has no key 'eventId'", id="of the envelope"),
    ],
)
def test_a_key_that_its_data_has_not_is_refused_with_a_guess(
    world: World, key: str, says: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.tell("lead.updated", lead_id="lead_1", overrides={key: 1})

    assert says in str(refused.value)
    assert world.outbox.events.all() == []


# --- of what ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["tell", "cause"])
@pytest.mark.parametrize("event_type", words.EVENT_TYPES)
def test_it_must_be_said_of_what(world: World, event_type: str, how: str) -> None:
    wanted = {"leadId": "lead_id", "campaignId": "campaign_id", "jobId": "job_id"}
    (field,) = world.about(event_type)
    key = next(key for key, name in wanted.items() if name == field)
    status = {"newStatus": "DONE"} if event_type == "lead.updated" else {}
    tag = {"newTag": "INTERESTED"} if event_type == "lead.tag.updated" else {}
    with pytest.raises(InvalidInput, match=f"{key} is required: .* is about an existing"):
        getattr(world, how)(event_type, overrides={**status, **tag} if how == "cause" else {})


@pytest.mark.parametrize("how", ["tell", "cause"])
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
def test_what_is_not_there_is_not_found(
    world: World, event_type: str, about: dict[str, str], message: str, how: str
) -> None:
    with pytest.raises(NotFound, match=message):
        getattr(world, how)(event_type, **about)


@pytest.mark.parametrize("how", ["tell", "cause"])
def test_an_event_that_no_contract_knows_is_refused(world: World, how: str) -> None:
    with pytest.raises(InvalidInput, match=r"unknown event type 'lead\.update'.*did you mean"):
        getattr(world, how)("lead.update", lead_id="lead_1")


# --- how it is recorded -------------------------------------------------------------------------


def test_each_event_has_an_id_of_its_own_and_the_next_number(world: World) -> None:
    sent = [world.tell("message.sent", lead_id="lead_1") for _ in range(3)]
    sent += [world.cause("lead.updated", lead_id="lead_1", overrides={"newStatus": "DONE"})]

    assert len({one.event_id for one in sent}) == 4
    assert [one.sequence for one in sent] == [1, 2, 3, 4]


def test_its_origin_says_what_made_it(world: World) -> None:
    endpoint = world.outbox.endpoints.add(RECEIVER)
    told = world.tell("message.sent", lead_id="lead_1")
    caused = world.cause("lead.updated", lead_id="lead_1", overrides={"newStatus": "DONE"})
    tested = triggers.send_test_event(world.workspace, world.outbox, endpoint.id, None)

    assert [one.origin for one in (told, caused, tested)] == ["trigger", "change", "test"]


def test_an_event_bears_the_time_of_the_workspace(world: World) -> None:
    world.workspace.advance(timedelta(hours=1))

    assert (
        world.tell("message.sent", lead_id="lead_1")
        .json["timestamp"]
        .startswith("2026-06-01T10:00")
    )


def test_only_endpoints_that_want_it_get_it(world: World) -> None:
    wants = world.outbox.endpoints.add(RECEIVER, event_types=["message.sent"])
    world.outbox.endpoints.add(RECEIVER, event_types=["lead.updated"])
    world.outbox.endpoints.add(RECEIVER, is_enabled=False)
    sent = world.tell("message.sent", lead_id="lead_1")

    assert [delivery.endpoint_id for delivery in sent.deliveries] == [wants.id]


# --- caused -------------------------------------------------------------------------------------


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
def test_what_is_caused_is_answered_with_its_event_and_not_with_what_follows(
    make: MakeWorld, before: str, event_type: str, overrides: dict[str, str], follows: bool
) -> None:
    world = make("live", status=before)
    sent = world.cause(event_type, lead_id="lead_1", overrides=overrides)
    all_types = [one.event_type for one in world.outbox.events.all()]

    assert (sent.event_type, sent.lead_id) == (event_type, "lead_1")
    assert {key: sent.data[key] for key in overrides} == overrides
    assert all_types == [event_type, *(["lead.updated"] if follows else [])]


@pytest.mark.parametrize("key", ["messagePreview", "message"])
def test_a_text_can_be_given_by_its_key_in_any_contract(make: MakeWorld, key: str) -> None:
    world = make("documented", status="CONNECTION_ACCEPTED")
    sent = world.cause("message.sent", lead_id="lead_1", overrides={key: "x" * 120})

    assert sent.data["messagePreview"] == "x" * 100
    message = world.workspace.inbox.conversations()[0].last_message
    assert message is not None
    assert message.content == "x" * 120


def test_somebody_else_than_the_api_is_told_as_the_cause(make: MakeWorld) -> None:
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
        pytest.param("message.sent", {"message": 3}, "must be a text to have effects", id="number"),
        pytest.param("reply.received", {"reply": None}, "must be a text", id="null"),
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
def test_what_the_deed_does_not_take_is_refused(
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
def test_the_deeds_of_campaigns_and_jobs_take_nothing(
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
def test_any_event_can_be_sent_as_a_test_by_any_name(
    make: MakeWorld, contract: str, name: str
) -> None:
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
def test_by_default_it_is_an_event_that_the_endpoint_wants(
    make: MakeWorld, contract: str, wanted: list[str] | None, sent: str
) -> None:
    world = make(contract)
    endpoint = world.outbox.endpoints.add(RECEIVER, event_types=wanted)

    assert send_test(world, endpoint.id).event_type == sent


def test_a_disabled_endpoint_is_not_tested(world: World) -> None:
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
def test_a_test_of_an_event_that_is_not_sent_is_refused(
    make: MakeWorld, event_type: str, says: str
) -> None:
    world = make("documented")
    endpoint = world.outbox.endpoints.add(RECEIVER)
    with pytest.raises(InvalidInput) as refused:
        send_test(world, endpoint.id, event_type)

    assert says in str(refused.value)


def test_an_endpoint_that_is_not_there_is_not_tested(world: World) -> None:
    with pytest.raises(NotFound, match="Webhook endpoint not found"):
        send_test(world, "ep_x")
