"""Values that JSON cannot hold: a sandbox refuses them, and no later GET fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import plain_json
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.world.models import ApiKey, Campaign, Counters, Lead, Step
from mock_sendpilot.world.seed import WorkspaceSeed

HALF = "half a character: \ud800"
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
EVENT = "lead.status.changed"
PATHS = (
    "/v1/leads?full=true",
    "/v1/leads/lead_1?full=true",
    "/v1/campaigns",
    "/v1/campaigns/camp_test",
    "/v1/inbox/senders",
    "/v1/inbox/conversations",
    "/v1/senders/quotas",
    "/v1/credits",
    "/_emulate/events",
    "/_emulate/deliveries",
    "/_emulate/disruptions",
    "/_emulate/endpoints",
    "/_emulate/clock",
)


class Odd:
    """A value of nobody's, which cannot even be printed."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def endless() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


ODD_VALUES = [
    pytest.param(10**30, id="more than 64 bits"),
    pytest.param(-(10**30), id="less than 64 bits"),
    pytest.param(10**5000, id="more digits than Python writes"),
    pytest.param(float("nan"), id="NaN"),
    pytest.param(float("inf"), id="infinity"),
    pytest.param({1: 2}, id="number as a key"),
    pytest.param({HALF: 2}, id="half a character in a key"),
    pytest.param(object(), id="object"),
    pytest.param(Odd(), id="object without a repr"),
    pytest.param({1, 2}, id="set"),
    pytest.param(b"bytes", id="bytes"),
    pytest.param(NOW, id="datetime"),
    pytest.param(HALF, id="half a character"),
    pytest.param([{"a": (1, HALF)}], id="deep within"),
    pytest.param(nested(250), id="too deep"),
    pytest.param(endless(), id="within itself"),
]
PLAIN_WAYS: list[Any] = [
    pytest.param(lambda box, odd: box.add_lead(custom_fields={"score": odd}), id="custom field"),
    pytest.param(
        lambda box, odd: box.trigger(EVENT, lead_id="lead_1", overrides={"newStatus": odd}),
        id="overrides",
    ),
    pytest.param(lambda box, odd: box.disrupt("drop", new_status=odd), id="match of a disruption"),
]
TEXT_WAYS: list[Any] = [
    pytest.param(lambda box, odd: box.add_lead(lead_id=odd), id="id of a lead"),
    pytest.param(lambda box, odd: box.add_lead(first_name=odd), id="name of a lead"),
    pytest.param(lambda box, odd: box.add_campaign(odd), id="id of a campaign"),
    pytest.param(lambda box, odd: box.add_campaign("c", name=odd), id="name of a campaign"),
    pytest.param(lambda box, odd: box.add_campaign("c", description=odd), id="description"),
    pytest.param(lambda box, odd: box.add_sender(odd), id="id of a sender"),
    pytest.param(lambda box, odd: box.add_sender("s", name=odd), id="name of a sender"),
    pytest.param(
        lambda box, odd: box.add_campaign("c", sequence=[{"step": "message", "text": odd}]),
        id="text of a step",
    ),
    pytest.param(lambda box, odd: box.simulate("reply", "lead_1", text=odd), id="reply"),
    pytest.param(
        lambda box, odd: box.trigger("message.sent", lead_id="lead_1", text=odd), id="message"
    ),
    pytest.param(
        lambda box, odd: box.trigger("message.sent", lead_id="lead_1", text=odd, with_effects=True),
        id="message with effects",
    ),
    pytest.param(lambda box, odd: box.chaos(0.1, random_seed=odd), id="seed of chaos"),
]
NESTED_WAYS: list[Any] = [
    pytest.param(lambda box, odd: box.add_endpoint(f"http://127.0.0.1:9/{odd}"), id="endpoint"),
    pytest.param(lambda box, odd: box.connect(f"linkedin.com/in/{odd}"), id="profile"),
    pytest.param(
        lambda box, odd: box.add_campaign("c", sequence=[Step(kind="message", text=odd)]),
        id="text of a made step",
    ),
]


@pytest.fixture
def box(sendpilot: Sandbox) -> Iterator[Sandbox]:
    """A sandbox with a lead that can reply; every GET is to answer after the test."""
    sendpilot.add_lead(lead_id="lead_1", status="CONNECTION_ACCEPTED")
    yield sendpilot
    answers = {
        path: requests.get(sendpilot.origin + path, headers=sendpilot.headers, timeout=10)
        for path in PATHS
    }
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        PATHS, 200
    )


@pytest.mark.parametrize("odd", ODD_VALUES)
@pytest.mark.parametrize("way", PLAIN_WAYS)
def test_a_value_that_json_cannot_hold_is_refused(
    box: Sandbox, way: Callable[[Sandbox, object], object], odd: object
) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        way(box, odd)


@pytest.mark.parametrize("way", [*PLAIN_WAYS, *TEXT_WAYS, *NESTED_WAYS])
def test_half_a_character_is_refused(
    box: Sandbox, way: Callable[[Sandbox, object], object]
) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        way(box, HALF)


@pytest.mark.parametrize("odd", [pytest.param(7, id="number"), pytest.param({"a": 1}, id="dict")])
@pytest.mark.parametrize("way", TEXT_WAYS)
def test_a_value_that_is_no_text_is_refused_where_one_is_expected(
    box: Sandbox, way: Callable[[Sandbox, object], object], odd: object
) -> None:
    with pytest.raises(InvalidInput, match="expected a"):
        way(box, odd)


def test_the_refusal_has_the_place_and_the_expectation(box: Sandbox) -> None:
    with pytest.raises(InvalidInput) as caught:
        box.add_lead(custom_fields={"tags": ["a", {"score": 10**30}]})

    assert str(caught.value) == (
        "custom_fields.tags[1].score: expected a value that JSON can hold (a text, a number of 64 "
        "bits, True, False, None, a list or a dict with text keys), got "
        "1000000000000000000000000000000"
    )


def test_counters_and_dates_that_no_reply_can_hold_are_refused(box: Sandbox) -> None:
    with pytest.raises(InvalidInput, match=r"counters\.messagesSent: expected"):
        box.add_campaign("c", counters=Counters(messages_sent=10**30))
    with pytest.raises(InvalidInput, match="created_at: expected a time such as"):
        box.add_lead(created_at=EARLY)


def test_arguments_are_copied(box: Sandbox) -> None:
    fields: dict[str, Any] = {"tags": ["a"], "pair": (1, 2)}
    lead = box.add_lead(custom_fields=fields)
    event = box.trigger(EVENT, lead_id="lead_1", overrides={"newStatus": fields["tags"]})
    fields["tags"].append(object())

    assert box.lead(lead).custom_fields == {"tags": ["a"], "pair": [1, 2]}
    assert event.data["newStatus"] == ["a"]


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -(2**63), 2**64 - 1, 0.5, 1e300, "", "ü🚀", [], {}, {"a": [{"": None}]}],
)
def test_a_value_that_json_can_hold_is_kept_unchanged(value: object) -> None:
    assert plain_json(value, "x") == value


# --- seeds made in Python -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"custom_fields": {"score": 10**30}}, id="number"),
        pytest.param({"custom_fields": {1: 2}}, id="key"),
        pytest.param({"custom_fields": {"x": object()}}, id="object"),
        pytest.param({"first_name": HALF}, id="half a character"),
    ],
)
def test_a_seed_that_json_cannot_hold_is_refused(change: dict[str, Any]) -> None:
    campaign = Campaign(
        id="c", name="C", status="started", sender_ids=(), created_at=NOW, updated_at=NOW
    )
    lead = Lead(
        id="lead_1",
        linkedin_url="https://www.linkedin.com/in/ida-holm",
        status="PENDING",
        campaign_id="c",
        created_at=NOW,
        updated_at=NOW,
    )
    seed = WorkspaceSeed(
        id="ws_1", name="W", api_keys=(ApiKey(key="k"),), campaigns=(campaign,), leads=(lead,)
    )
    emulator = Emulator()
    try:
        with pytest.raises(
            InvalidInput, match="workspace 'ws_1': expected values that JSON can hold"
        ):
            emulator.add_workspace(replace(seed, leads=(replace(lead, **change),)))
        assert emulator.workspaces() == []
        emulator.add_workspace(seed)
    finally:
        emulator.close()
