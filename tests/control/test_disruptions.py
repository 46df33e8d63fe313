"""`/_emulate/disruptions`: armed, listed, consumed, removed, and refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.disruption_kinds import CHAOS, KINDS
from mock_sendpilot.webhooks.disruptions import CHAOS_KINDS
from tests.api.expect import STATUS, assert_error
from tests.control.expect import assert_invalid
from tests.support import OTHER_KEY, SECRET, Api

PATH = "/_emulate/disruptions"
EVENT = "lead.status.changed"
LEAD = "lead_abc123"


@pytest.fixture
def receiver(emulator: Emulator) -> Iterator[WebhookReceiver]:
    """Gets what the demo workspace sends."""
    with WebhookReceiver() as made:
        emulator.outbox(emulator.workspaces()[0]).endpoints.add(made.url, secret=SECRET)
        yield made


def armed(api: Api, kind: str, **wanted: Any) -> dict[str, Any]:
    reply = api("POST", PATH, json={"kind": kind, **wanted})
    assert reply.status == 201, reply.body
    disruption: dict[str, Any] = reply.json
    return disruption


def change(api: Api, *statuses: str) -> None:
    """Change the status of the lead, and wait until everything is sent."""
    for status in statuses:
        assert api("PATCH", STATUS, json={"status": status}).status == 200
        assert api("POST", "/_emulate/wait", json={"timeoutSeconds": 10}).status == 200


def get(api: Api, disruption: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api("GET", f"{PATH}/{disruption['id']}").json
    return found


# --- armed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_armed_for_the_next_delivery_with_its_own_numbers(api: Api, kind: str) -> None:
    disruption = armed(api, kind)

    assert disruption == {
        "id": disruption["id"],
        "kind": kind,
        "state": "armed",
        "endpointId": None,
        "eventType": None,
        "match": {},
        "times": 1,
        "options": {name: option.default for name, option in KINDS[kind].options.items()},
        "randomSeed": None,
        "kinds": None,
        "armedAt": disruption["armedAt"],
        "matchCount": 0,
        "matches": [],
    }
    assert disruption["id"].startswith("dis_")
    assert get(api, disruption) == disruption


def test_a_disruption_has_the_fields_of_the_body(api: Api, receiver: WebhookReceiver) -> None:
    endpoint_id = api("GET", "/_emulate/endpoints").json["endpoints"][0]["id"]
    wanted = {
        "endpointId": endpoint_id,
        "eventType": EVENT,
        "match": {"leadId": LEAD},
        "times": 3,
    }
    disruption = armed(api, "stale_timestamp", **wanted, seconds=60, attempts=2)

    assert {key: disruption[key] for key in wanted} == wanted
    assert disruption["options"] == {"seconds": 60, "attempts": 2}


@pytest.mark.parametrize("key", ["endpointId", "eventType"])
def test_null_matches_any_endpoint_and_event_type(api: Api, key: str) -> None:
    assert armed(api, "duplicate", **{key: None})[key] is None


def test_chaos_is_for_all_deliveries_with_a_seed_of_its_own(api: Api) -> None:
    first, second = armed(api, CHAOS), armed(api, CHAOS)

    assert (first["times"], first["options"]) == (None, {"rate": 0.2})
    assert first["kinds"] == list(CHAOS_KINDS)
    assert first["randomSeed"]
    assert first["randomSeed"] != second["randomSeed"]


def test_chaos_takes_rate_seed_kinds_and_times(api: Api) -> None:
    kinds = ["drop", "duplicate"]
    disruption = armed(api, CHAOS, rate=1, randomSeed="42", kinds=kinds, times=5)

    assert (disruption["options"], disruption["randomSeed"]) == ({"rate": 1}, "42")
    assert (disruption["kinds"], disruption["times"]) == (kinds, 5)


def test_disruptions_are_listed_oldest_first(api: Api) -> None:
    made = [armed(api, kind) for kind in ("duplicate", "drop", CHAOS)]

    assert api("GET", PATH).json == {"disruptions": made}


# --- matched and consumed -----------------------------------------------------------------------


def test_a_disruption_lists_its_matches(api: Api, receiver: WebhookReceiver) -> None:
    disruption = armed(api, "extra_fields", times=2)
    change(api, "DONE")
    (delivery,) = api("GET", "/_emulate/deliveries").json["deliveries"]
    once = get(api, disruption)
    change(api, "PENDING", "DONE")
    twice = get(api, disruption)

    assert (once["state"], once["matchCount"]) == ("armed", 1)
    (match,) = once["matches"]
    assert match == {
        "deliveryId": delivery["id"],
        "eventId": delivery["eventId"],
        "kind": "extra_fields",
        "at": match["at"],
    }
    assert (twice["state"], twice["matchCount"]) == ("consumed", 2)
    assert twice["matches"][0] == match
    assert ["emulatorExtra" in one.json for one in receiver.received] == [True, True, False]


def test_a_disruption_meets_matching_deliveries_alone(api: Api, receiver: WebhookReceiver) -> None:
    match = {"new_status": "DONE", "leadId": LEAD}
    disruption = armed(api, "unknown_event", eventType=EVENT, match=match)
    change(api, "PENDING", "DONE")
    types = [webhook.json["eventType"] for webhook in receiver.received]

    assert types == [EVENT, "emulator.unknown_event"]
    assert get(api, disruption)["matchCount"] == 1


def test_a_disruption_for_another_endpoint_does_nothing(
    api: Api, receiver: WebhookReceiver
) -> None:
    body = {"url": receiver.url, "events": ["message.sent"]}
    other = api("POST", "/_emulate/endpoints", json=body).json["id"]
    disruption = armed(api, "extra_fields", endpointId=other)
    change(api, "DONE")

    assert get(api, disruption)["state"] == "armed"
    assert "emulatorExtra" not in receiver.received[0].json


def test_times_null_is_for_ever(api: Api, receiver: WebhookReceiver) -> None:
    disruption = armed(api, "missing_signature", times=None)
    change(api, "PENDING", "DONE", "OPPORTUNITY")

    assert ["svix-id" in one.headers for one in receiver.received] == [False] * 3
    assert (get(api, disruption)["state"], get(api, disruption)["matchCount"]) == ("armed", 3)


def test_a_delivery_shows_its_disruption_and_each_attempt_which_one_was_disrupted(
    api: Api, receiver: WebhookReceiver
) -> None:
    disruption = armed(api, "wrong_secret")
    receiver.respond(401)
    change(api, "DONE")
    api("POST", "/_emulate/clock", json={"advance": "5s"})
    (row,) = api("GET", "/_emulate/deliveries").json["deliveries"]
    attempts = api("GET", f"/_emulate/deliveries/{row['id']}").json["attempts"]

    assert row["disruption"] == {"id": disruption["id"], "kind": "wrong_secret"}
    assert [one["disruption"] for one in attempts] == ["wrong_secret", None]
    assert [one.is_signed_with(SECRET) for one in receiver.received] == [False, True]


def test_a_delivery_without_a_disruption_shows_none(api: Api, receiver: WebhookReceiver) -> None:
    change(api, "DONE")
    (row,) = api("GET", "/_emulate/deliveries").json["deliveries"]

    assert row["disruption"] is None


def test_the_log_has_the_bytes_that_were_sent_in_place_of_the_body(
    api: Api, receiver: WebhookReceiver
) -> None:
    armed(api, "altered_body")
    change(api, "DONE")
    (row,) = api("GET", "/_emulate/deliveries").json["deliveries"]
    (attempt,) = api("GET", f"/_emulate/deliveries/{row['id']}").json["attempts"]
    event = api("GET", f"/_emulate/events/{row['eventId']}").json

    assert attempt["request"]["body"].encode() == receiver.received[0].body
    assert receiver.received[0].json["data"]["leadId"] == f"{LEAD}x"
    assert event["body"]["data"]["leadId"] == LEAD


def test_a_dropped_delivery_is_in_the_log_and_never_sent(
    api: Api, receiver: WebhookReceiver
) -> None:
    disruption = armed(api, "drop")
    change(api, "DONE")
    (row,) = api("GET", "/_emulate/deliveries?state=dropped").json["deliveries"]

    assert receiver.received == []
    assert (row["attemptCount"], row["nextAttemptAt"]) == (0, None)
    assert row["reason"] == f"dropped on purpose by disruption {disruption['id']}"
    assert row["disruption"]["kind"] == "drop"


def test_an_attempt_of_chaos_has_its_kind(api: Api, receiver: WebhookReceiver) -> None:
    disruption = armed(api, CHAOS, rate=1, randomSeed="7", kinds=["extra_fields"])
    change(api, "DONE")
    (row,) = api("GET", "/_emulate/deliveries").json["deliveries"]

    assert row["disruption"] == {"id": disruption["id"], "kind": "extra_fields"}
    assert [match["kind"] for match in get(api, disruption)["matches"]] == ["extra_fields"]


# --- removed ------------------------------------------------------------------------------------


def test_a_removed_disruption_is_gone_and_does_nothing(api: Api, receiver: WebhookReceiver) -> None:
    disruption, other = armed(api, "drop"), armed(api, "extra_fields")
    reply = api("DELETE", f"{PATH}/{disruption['id']}")
    change(api, "DONE")

    assert (reply.status, reply.body) == (204, b"")
    assert_error(api("GET", f"{PATH}/{disruption['id']}"), 404, "Disruption not found")
    assert [one["id"] for one in api("GET", PATH).json["disruptions"]] == [other["id"]]
    assert len(receiver.received) == 1


def test_all_disruptions_can_be_removed(api: Api, receiver: WebhookReceiver) -> None:
    armed(api, "drop", times=None)
    armed(api, CHAOS, rate=1)
    reply = api("DELETE", PATH)
    change(api, "DONE")

    assert (reply.status, api("GET", PATH).json) == (204, {"disruptions": []})
    assert receiver.received[0].is_signed_with(SECRET)


def test_an_empty_id_does_not_mean_all_disruptions(api: Api) -> None:
    disruption = armed(api, "drop")

    assert api("DELETE", f"{PATH}/").status == 404
    assert get(api, disruption)["state"] == "armed"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_disruption_of_another_workspace_is_not_found(api: Api, method: str) -> None:
    disruption = armed(api, "drop")
    reply = api(method, f"{PATH}/{disruption['id']}", key=OTHER_KEY)

    assert_error(reply, 404, "Disruption not found")
    assert api("GET", PATH, key=OTHER_KEY).json == {"disruptions": []}


def test_removing_all_leaves_those_of_another_workspace(api: Api) -> None:
    disruption = armed(api, "drop")
    api("DELETE", PATH, key=OTHER_KEY)

    assert get(api, disruption)["state"] == "armed"


# --- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({}, "kind: expected one of", id="nothing"),
        pytest.param({"kind": "explode"}, "duplicate, reorder, delay, drop, ", id="kind"),
        pytest.param({"kind": 3}, "kind: expected one of", id="kind is a number"),
        pytest.param({"kind": "drop", "times": 0}, "times: expected a whole number from 1", id="0"),
        pytest.param({"kind": "drop", "times": 1.5}, "times: expected a whole number", id="1.5"),
        pytest.param({"kind": "drop", "times": True}, "times: expected a whole number", id="true"),
        pytest.param(
            {"kind": "delay", "copies": 2},
            "copies is no option of 'delay'; it takes seconds",
            id="option of another kind",
        ),
        pytest.param(
            {"kind": "drop", "seconds": 2},
            "seconds is no option of 'drop'; it takes no option",
            id="option of none",
        ),
        pytest.param({"kind": "delay", "seconds": -1}, "seconds of 'delay': expected 0", id="past"),
        pytest.param(
            {"kind": "slow_body", "seconds": 26},
            "seconds of 'slow_body': expected 0 to 25, got 26",
            id="too slow",
        ),
        pytest.param({"kind": "duplicate", "copies": 11}, "copies: expected", id="copies"),
        pytest.param({"kind": "duplicate", "copies": "2"}, "copies: expected", id="text"),
        pytest.param({"kind": "wrong_secret", "attempts": 0}, "attempts: expected", id="attempts"),
        pytest.param({"kind": "huge_body", "bytes": 10}, "bytes: expected", id="bytes"),
        pytest.param({"kind": "drop", "rate": 0.5}, "rate is for chaos alone, got 0.5", id="rate"),
        pytest.param(
            {"kind": "drop", "randomSeed": "7"}, "randomSeed is for chaos alone", id="seed"
        ),
        pytest.param({"kind": "drop", "kinds": ["delay"]}, "kinds is for chaos alone", id="kinds"),
        pytest.param(
            {"kind": CHAOS, "rate": 1.1}, "rate: expected a number from 0 to 1", id="rate of chaos"
        ),
        pytest.param(
            {"kind": CHAOS, "seconds": 3}, "seconds is no option of chaos", id="option of chaos"
        ),
        pytest.param(
            {"kind": CHAOS, "kinds": [CHAOS]}, "kinds[0]: expected one of", id="chaos in chaos"
        ),
        pytest.param(
            {"kind": CHAOS, "kinds": ["drop", "drop"]}, "must name each kind once", id="kind twice"
        ),
        pytest.param({"kind": CHAOS, "kinds": "drop"}, "kinds: expected", id="kinds is a text"),
        pytest.param(
            {"kind": CHAOS, "randomSeed": "x" * 201}, "at most 200 characters", id="long seed"
        ),
        pytest.param(
            {"kind": "drop", "eventType": "lead.status.change"},
            "did you mean 'lead.status.changed'?",
            id="unknown event",
        ),
        pytest.param(
            {"kind": "drop", "eventType": "lead.updated"},
            "by the name 'lead.status.changed'",
            id="event of another contract",
        ),
        pytest.param({"kind": "drop", "match": "x"}, "match: expected a JSON object", id="match"),
        pytest.param({"kind": "drop", "event": EVENT}, "did you mean 'eventType'?", id="field"),
    ],
)
def test_an_invalid_disruption_is_refused(api: Api, body: dict[str, Any], says: str) -> None:
    assert_invalid(api("POST", PATH, json=body), says)
    assert api("GET", PATH).json == {"disruptions": []}


def test_a_missing_endpoint_is_404(api: Api) -> None:
    reply = api("POST", PATH, json={"kind": "drop", "endpointId": "ep_x"})

    assert_error(reply, 404, "Webhook endpoint not found")
    assert api("GET", PATH).json == {"disruptions": []}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_key_is_needed(api: Api, method: str) -> None:
    assert api(method, PATH, key=None, json={"kind": "drop"}).status == 401
