"""The page of faults and disruptions: arming, what was hit, disarming, and chaos."""

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.traffic.effects import effect_from_json
from tests.api.expect import LEAD
from tests.dashboard.conftest import GetPage, SubmitForm
from tests.dashboard.xss import ATTEMPTS
from tests.support import Api

PATH = "/ws_demo/faults"
FAULT = "effect:json"
TIMES, FOR_EVER = "times:number", "times:json"


def change_lead(api: Api, status: str = "DONE") -> int:
    return api("PATCH", f"{LEAD}/status", json={"status": status}).status


def test_a_page_without_faults_says_how_to_arm_one(get_page: GetPage) -> None:
    page = get_page(PATH)
    assert "No fault is armed" in page.live("faults")
    assert "/_emulate/faults" in page.live("faults")
    assert "No disruption is armed" in page.live("disruptions")


def test_a_form_arms_a_fault_that_hits_a_request(
    api: Api, get_page: GetPage, submit: SubmitForm
) -> None:
    fields = {FAULT: '{"status": 503}', TIMES: "2", FOR_EVER: ""}
    reply = submit(PATH, "Arm the fault", **fields)
    assert reply.json["ok"], reply.json
    assert change_lead(api) == 503
    text = get_page(PATH).live("faults")
    assert "status=503!armed" in text
    assert "1 of 2 hits" in text
    assert f"PATCH {LEAD}/status503" in text


@pytest.mark.parametrize(
    ("fields", "armed"),
    [
        pytest.param({FOR_EVER: "null"}, {"times": None}, id="for ever"),
        pytest.param({FOR_EVER: ""}, {"times": 1}, id="once"),
        pytest.param(
            {"pattern.operation": "leads.get", FOR_EVER: ""},
            {"pattern": {"operation": "leads.get"}},
            id="an operation",
        ),
        pytest.param(
            {"probability:number": "0.5", "randomSeed": "7"},
            {"probability": 0.5, "randomSeed": "7"},
            id="a probability",
        ),
    ],
)
def test_the_fields_are_those_of_the_fault(
    api: Api, submit: SubmitForm, fields: dict[str, str], armed: dict[str, object]
) -> None:
    reply = submit(PATH, "Arm the fault", **{FAULT: '{"hang": true}', **fields})
    assert reply.json["ok"], reply.json
    (fault,) = api("GET", "/_emulate/faults").json["faults"]
    assert fault["effect"] == {"hang": True}
    assert {name: fault[name] for name in armed} == armed


def test_every_effect_that_is_offered_is_valid(get_page: GetPage) -> None:
    import orjson

    values = [one.attributes.get("value", "") for one in get_page(PATH).all("option")]
    effects = [orjson.loads(value) for value in values if value.startswith("{")]
    assert len(effects) > 10
    for effect in effects:
        effect_from_json(effect)


def test_an_invalid_effect_says_what_is_wrong(submit: SubmitForm) -> None:
    reply = submit(PATH, "Arm the fault", **{FAULT: '{"statuss": 503}', FOR_EVER: ""})
    assert not reply.json["ok"]
    assert "did you mean 'status'?" in reply.json["message"]


def test_a_form_arms_a_disruption_that_meets_a_delivery(
    api: Api, get_page: GetPage, submit: SubmitForm
) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/webhooks"})
    fields = {"kind": "delay", "seconds:number": "60", FOR_EVER: ""}
    fields |= {"eventType": "", "endpointId": ""}
    reply = submit(PATH, "Arm the disruption", **fields)
    assert reply.json["ok"], reply.json
    change_lead(api)
    page = get_page(PATH)
    (delivery,) = api("GET", "/_emulate/deliveries").json["deliveries"]
    assert "delay–consumed" in page.live("disruptions")
    assert "1 of 1 hit · seconds 60" in page.live("disruptions")
    links = [one.attributes.get("href") for one in page.all("a")]
    assert f"/dashboard/ws_demo/deliveries/{delivery['id']}" in links


@pytest.mark.parametrize("kind", ["faults", "disruptions"])
def test_buttons_disarm_one_and_all(
    api: Api, get_page: GetPage, submit: SubmitForm, kind: str
) -> None:
    def count() -> int:
        return len(api("GET", f"/_emulate/{kind}").json[kind])

    body = {"effect": {"hang": True}} if kind == "faults" else {"kind": "drop"}
    for _ in range(3):
        api("POST", f"/_emulate/{kind}", json=body)
    submit(PATH, "Disarm")
    assert count() == 2
    submit(PATH, "Disarm all")
    assert count() == 0


@pytest.mark.parametrize(("kind", "rate"), [("faults", "probability"), ("disruptions", "rate")])
def test_chaos_is_turned_on_with_its_seed_and_off(
    api: Api, get_page: GetPage, submit: SubmitForm, kind: str, rate: str
) -> None:
    fields = {f"{rate}:number": "0.5", "randomSeed": "seven"}
    reply = submit(PATH, "Turn chaos on", call=kind, **fields)
    assert reply.json["ok"], reply.json
    assert api("GET", f"/_emulate/{kind}").json[kind][0]["randomSeed"] == "seven"
    page = get_page(PATH)
    assert "50% of the" in page.live("chaos")
    assert "seven" in page.live("chaos")
    submit(PATH, "Turn chaos off")
    assert api("GET", f"/_emulate/{kind}").json[kind] == []


def test_texts_of_faults_and_disruptions_are_text(
    api: Api, emulator: Emulator, get_page: GetPage
) -> None:
    pattern = {"path": "/v1/leads", "query": {"x": ""}}
    harmless = {"pattern": pattern, "effect": {"hang": True}, "times": 1}
    api("POST", "/_emulate/faults", json=harmless)
    api("POST", "/_emulate/disruptions", json={"kind": "drop", "match": {"leadId": "x"}})
    structure = get_page(PATH).structure
    for text in ATTEMPTS:
        emulator.faults(emulator.workspace("ws_demo")).remove_all()
        emulator.outbox(emulator.workspace("ws_demo")).disruptions.remove_all()
        fault = {**harmless, "pattern": {**pattern, "query": {"x": text}}}
        assert api("POST", "/_emulate/faults", json=fault).status == 201
        match = {"kind": "drop", "match": {"leadId": text}}
        assert api("POST", "/_emulate/disruptions", json=match).status == 201
        page = get_page(PATH)
        assert page.structure == structure
        assert " ".join(text.split()) in page.live("disruptions")
