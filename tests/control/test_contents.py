"""`/_emulate/reset`, `/seed` and single parts: the contents of a workspace, set directly."""

import copy
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.backends.local import LocalBackend
from mock_sendpilot.testing.recorded_events import RecordedEvents
from mock_sendpilot.world.workspace import Workspace
from tests.control.expect import assert_invalid
from tests.control.world import WORLD
from tests.support import Api, Reply

LEAD = "lead_hb5qqh"  # CONNECTION_SENT, of sender_maria
CAMPAIGN = "camp_xyz789"
URL = "https://www.linkedin.com/in/new-person"
CONTENTS = {
    key: value for key, value in WORLD["workspaces"][0].items() if key not in ("id", "apiKeys")
}


def current(emulator: Emulator) -> Workspace:
    return emulator.workspaces()[0]


def set_status(api: Api, status: str = "DONE") -> Reply:
    return api("PATCH", f"/v1/leads/{LEAD}/status", json={"status": status})


def status(api: Api) -> str:
    found: str = api("GET", f"/v1/leads/{LEAD}").json["status"]
    return found


def export(api: Api) -> dict[str, Any]:
    exported: dict[str, Any] = api("GET", "/_emulate/seed").json["workspaces"][0]
    return exported


# --- reset --------------------------------------------------------------------------------------


def test_a_reset_brings_back_the_seed_without_events(api: Api) -> None:
    set_status(api)
    reply = api("POST", "/_emulate/reset")

    assert reply.status == 200
    assert status(api) == "CONNECTION_SENT"
    assert api("GET", "/_emulate/events").json["events"] == []


def test_ids_are_the_same_again_after_a_reset(api: Api) -> None:
    def event_letters() -> str:
        api("POST", "/_emulate/reset")
        set_status(api)
        event_id: str = api("GET", "/_emulate/events").json["events"][0]["id"]
        return event_id.rpartition("_")[2]

    assert event_letters() == event_letters()


def test_endpoints_stay_with_their_secrets_at_a_reset(api: Api, emulator: Emulator) -> None:
    added = api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/webhooks"}).json
    api("POST", "/_emulate/reset")
    (kept,) = emulator.outbox(current(emulator)).endpoints.all()

    assert (kept.id, kept.secret) == (added["id"], added["secret"])


def test_a_new_endpoint_has_an_id_of_its_own_after_a_reset(api: Api) -> None:
    body = {"url": "http://127.0.0.1:9/webhooks"}
    first = api("POST", "/_emulate/endpoints", json=body).json["id"]
    api("POST", "/_emulate/reset")

    assert api("POST", "/_emulate/endpoints", json=body).json["id"] != first


def test_endpoints_that_are_not_kept_are_those_of_the_seed(api: Api, emulator: Emulator) -> None:
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/webhooks"})
    api("POST", "/_emulate/reset", json={"keepEndpoints": False})

    assert emulator.outbox(current(emulator)).endpoints.all() == []


def test_pending_deliveries_are_gone_after_a_reset(api: Api, emulator: Emulator) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/webhooks"})
    set_status(api)
    reply = api("POST", "/_emulate/reset")

    assert reply.json["pendingDeliveries"] == 0
    assert current(emulator).scheduler.next_due() is None


def test_a_workspace_that_was_reset_is_unknown_by_its_old_object_alone(emulator: Emulator) -> None:
    before = current(emulator)
    events = RecordedEvents(LocalBackend(emulator, before))
    after = emulator.reset(before)
    before.store.set_lead_status(LEAD, status="DONE")

    assert emulator.workspaces()[0] is after
    assert list(events) == []


@pytest.mark.parametrize(
    ("contract", "name"),
    [
        pytest.param("live", "live", id="a name"),
        pytest.param(
            {"name": "live", "options": {"patch_reply": "example"}},
            "live+patch_reply=example",
            id="with an option",
        ),
    ],
)
def test_a_reset_can_change_the_contract(api: Api, contract: object, name: str) -> None:
    reply = api("POST", "/_emulate/reset", json={"contract": contract})
    later = api("POST", "/_emulate/reset")

    assert (reply.status, reply.json["contract"]) == (200, name)
    assert later.json["contract"] == name


def test_endpoints_keep_their_event_types_under_another_contract(
    api: Api, emulator: Emulator
) -> None:
    endpoint = {"url": "http://127.0.0.1:9/webhooks", "events": ["lead.status.changed"]}
    api("POST", "/_emulate/seed", json={"seed": {"endpoints": [endpoint]}})
    for keeps_endpoints in (True, False):
        reset = {"contract": "live", "keepEndpoints": keeps_endpoints}
        assert api("POST", "/_emulate/reset", json=reset).status == 200
        (kept,) = emulator.outbox(current(emulator)).endpoints.all()
        assert kept.event_types == ("lead.updated",)


def test_a_snapshot_brings_the_contract_back(api: Api) -> None:
    snapshot_id = api("POST", "/_emulate/snapshots", json={}).json["id"]
    api("POST", "/_emulate/reset", json={"contract": "live"})
    restored = api("POST", f"/_emulate/snapshots/{snapshot_id}/restore")

    assert restored.json["contract"] == "documented"


def test_an_unknown_contract_is_refused_before_anything_is_reset(api: Api) -> None:
    set_status(api)
    reply = api("POST", "/_emulate/reset", json={"contract": "livve"})

    assert_invalid(reply, "contract: unknown contract 'livve'; did you mean 'live'?")
    assert status(api) == "DONE"


# --- seeds --------------------------------------------------------------------------------------


def test_a_loaded_seed_replaces_everything_and_a_reset_returns_to_it(api: Api) -> None:
    reply = api("POST", "/_emulate/seed", json={"seed": CONTENTS})
    api("PATCH", "/v1/leads/lead_a/status", json={"status": "DONE"})
    api("POST", "/_emulate/reset")

    assert (reply.status, reply.json["id"], reply.json["leads"]) == (200, "ws_demo", 2)
    assert [lead["status"] for lead in export(api)["leads"]] == ["PENDING", "PENDING"]


def test_a_loaded_seed_with_endpoints_replaces_the_endpoints(api: Api) -> None:
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/webhooks"})
    api("POST", "/_emulate/seed", json={"seed": CONTENTS})

    assert [one["url"] for one in export(api)["endpoints"]] == ["http://127.0.0.1:9000/hooks"]


@pytest.mark.parametrize(
    ("endpoints", "count"),
    [
        pytest.param({}, 1, id="by default"),
        pytest.param({"keepEndpoints": False}, 0, id="if asked"),
    ],
)
def test_a_loaded_seed_without_endpoints_keeps_those_of_before(
    api: Api, endpoints: dict[str, Any], count: int
) -> None:
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/webhooks"})
    reply = api("POST", "/_emulate/seed", json={"seed": {}, **endpoints})

    assert reply.json["endpoints"] == count


def test_a_merged_seed_leaves_what_it_does_not_name(api: Api) -> None:
    before = export(api)
    lead = {"id": "lead_new", "linkedinUrl": URL, "campaignId": CAMPAIGN, "status": "DONE"}
    api("POST", "/_emulate/seed", json={"mode": "merge", "seed": {"leads": [lead]}})
    after = export(api)

    assert {lead["id"] for lead in after["leads"]} - {lead["id"] for lead in before["leads"]} == {
        "lead_new"
    }
    assert after["senders"] == before["senders"]


def test_an_exported_seed_loads_as_the_same_world(api: Api) -> None:
    first = export(api)
    api("POST", "/_emulate/clock", json={"freeze": True})
    reply = api("POST", "/_emulate/seed", json={"seed": first})
    second = export(api)

    assert reply.status == 200
    assert {**second, "clock": None} == {**first, "clock": None}


@pytest.mark.parametrize("mode", ["replace", "merge"])
@pytest.mark.parametrize(
    ("seed", "words"),
    [
        pytest.param({"leeds": []}, "did you mean 'leads'", id="field"),
        pytest.param({"leads": [{"id": "lead_a"}]}, "seed.leads[0].linkedinUrl", id="missing"),
        pytest.param(
            {"leads": [{"id": "l", "linkedinUrl": URL, "campaignId": "camp_none"}]},
            "seed.leads[0].campaignId: expected the id of a campaign",
            id="reference",
        ),
        pytest.param(
            {"endpoints": [{"url": "ftp://x"}]}, "seed.endpoints[0]: url: expected", id="endpoint"
        ),
    ],
)
def test_an_invalid_seed_changes_nothing(
    api: Api, mode: str, seed: dict[str, Any], words: str
) -> None:
    set_status(api)
    before = export(api)
    reply = api("POST", "/_emulate/seed", json={"mode": mode, "seed": seed})

    assert_invalid(reply, words)
    assert {**export(api), "clock": None} == {**before, "clock": None}


def test_a_merge_that_conflicts_with_the_world_changes_nothing(api: Api) -> None:
    before = export(api)
    taken = before["leads"][0]
    more = {"id": "lead_more", "linkedinUrl": URL, "campaignId": CAMPAIGN}
    other = {**more, "id": "lead_other", "linkedinUrl": taken["linkedinUrl"]}
    other["campaignId"] = taken["campaignId"]
    reply = api("POST", "/_emulate/seed", json={"mode": "merge", "seed": {"leads": [more, other]}})

    assert_invalid(reply, f"as lead '{taken['id']}' already")
    assert export(api)["leads"] == before["leads"]


def test_a_merge_takes_no_part_of_the_workspace_itself(api: Api) -> None:
    body = {"mode": "merge", "seed": {"contract": "live"}}

    assert_invalid(api("POST", "/_emulate/seed", json=body), "unknown field 'contract'")


# --- single parts -------------------------------------------------------------------------------


def test_a_lead_of_any_status_is_added_without_an_event(api: Api) -> None:
    body = {"linkedinUrl": URL, "campaignId": CAMPAIGN, "status": "MEETING_BOOKED"}
    reply = api("POST", "/_emulate/leads", json=body)

    assert reply.status == 201
    assert api("GET", f"/v1/leads/{reply.json['id']}").json["status"] == "MEETING_BOOKED"
    assert api("GET", "/_emulate/events").json["events"] == []


def test_a_lead_that_exists_is_replaced_and_its_connection_follows(
    api: Api, emulator: Emulator
) -> None:
    lead = copy.copy(next(one for one in export(api)["leads"] if one["id"] == LEAD))
    api("POST", "/_emulate/leads", json={**lead, "status": "CONNECTION_ACCEPTED"})
    store = current(emulator).store

    assert store.lead(LEAD).status == "CONNECTION_ACCEPTED"
    assert store.connection(lead["senderId"], lead["linkedinUrl"]) == "connected"


def test_a_sender_is_replaced(api: Api) -> None:
    body = {"id": "sender_maria", "name": "Maria", "linkedinUrl": URL, "status": "disconnected"}
    reply = api("POST", "/_emulate/senders", json=body)
    senders = api("GET", "/v1/inbox/senders").json["senders"]

    assert (reply.status, reply.json["status"]) == (201, "disconnected")
    assert {one["id"]: one["status"] for one in senders}["sender_maria"] == "disconnected"


def test_a_campaign_with_a_sequence_is_added(api: Api, emulator: Emulator) -> None:
    sequence = [{"step": "connect", "after": "1h"}]
    body = {"name": "New", "senderIds": ["sender_maria"], "sequence": sequence}
    reply = api("POST", "/_emulate/campaigns", json=body)

    assert (reply.status, reply.json["name"]) == (201, "New")
    assert len(current(emulator).store.campaign(reply.json["id"]).sequence) == 1


def test_a_lead_added_to_a_campaign_with_a_sequence_is_enrolled(api: Api) -> None:
    sequence = [{"step": "connect", "after": "1h"}]
    body = {"id": "c", "name": "New", "senderIds": ["sender_maria"], "sequence": sequence}
    api("POST", "/_emulate/campaigns", json=body)
    lead = {"id": "l", "linkedinUrl": URL, "campaignId": "c", "senderId": "sender_maria"}
    api("POST", "/_emulate/leads", json=lead)
    api("POST", "/_emulate/clock", json={"freeze": True, "advance": "1h"})

    assert api("GET", "/v1/leads/l").json["status"] == "CONNECTION_SENT"


def test_the_leads_of_a_replaced_campaign_begin_its_new_sequence(api: Api) -> None:
    test_a_lead_added_to_a_campaign_with_a_sequence_is_enrolled(api)
    sequence = [{"step": "connect"}, {"step": "message", "after": "1h"}]
    body = {"id": "c", "name": "New", "senderIds": ["sender_maria"], "sequence": sequence}
    api("POST", "/_emulate/campaigns", json=body)
    api("POST", "/_emulate/leads/l/simulate", json={"action": "accept_connection"})
    api("POST", "/_emulate/clock", json={"advance": "1h"})

    assert api("GET", "/v1/leads/l").json["status"] == "MESSAGE_SENT"


def test_credits_are_set(api: Api) -> None:
    reply = api("POST", "/_emulate/credits", json={"purchased": 3})

    assert (reply.status, reply.json["purchased"]) == (200, 3)
    assert api("GET", "/_emulate/seed").json["workspaces"][0]["credits"]["purchased"] == 3


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        pytest.param("leads", {"status": "DONNE"}, "did you mean DONE?", id="status"),
        pytest.param("leads", {"campaignId": "nope"}, ": campaignId: expected", id="campaign"),
        pytest.param(
            "senders", {"id": "s", "status": "on"}, "status: expected one of", id="sender"
        ),
        pytest.param("campaigns", {"name": "C", "senderIds": ["no"]}, ": senderIds[0]", id="ids"),
        pytest.param("credits", {"purchased": -1}, "purchased: expected", id="credits"),
    ],
)
def test_an_invalid_part_is_refused_by_the_schema_of_the_seed(
    api: Api, path: str, body: dict[str, Any], words: str
) -> None:
    default = {"linkedinUrl": URL, "campaignId": CAMPAIGN} if path == "leads" else {}

    assert_invalid(api("POST", f"/_emulate/{path}", json={**default, **body}), words)


# --- what is left out of a lead; connections ------------------------------------------------------


def test_the_profile_of_a_lead_is_made_up(api: Api) -> None:
    added = api("POST", "/_emulate/leads", json={"id": "lead_a_1", "campaignId": CAMPAIGN})

    assert added.json["linkedinUrl"] == "https://www.linkedin.com/in/lead-a-1"


def test_a_person_is_connected_with_a_sender(api: Api) -> None:
    path = "/_emulate/senders/sender_maria/connections"

    sender = api("POST", path, json={"linkedinUrl": f"{URL}/?trk=x"})

    assert sender.status == 201
    assert URL in sender.json["connections"]
    sent = {"senderId": "sender_maria", "recipientLinkedinUrl": URL, "message": "Hello"}
    assert api("POST", "/v1/inbox/send", json=sent).status == 201


def test_a_connection_needs_a_sender_and_a_profile(api: Api) -> None:
    connections = "/_emulate/senders/sender_0/connections"
    assert api("POST", connections, json={"linkedinUrl": URL}).status == 404
    reply = api("POST", "/_emulate/senders/sender_maria/connections", json={"linkedinUrl": "x"})
    assert_invalid(reply, "linkedinUrl: expected a LinkedIn profile URL")
