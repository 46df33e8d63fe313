"""The parts of a seed among themselves: nothing twice, and nothing that is not there."""

import orjson
import pytest

from tests.control.world import WORLD, parsed, problems, world_with

WS = "workspaces[0]"
SECRET_EXPECTED = "secret: expected 'whsec_' followed by base64"
URL_EXPECTED = "url: expected an absolute http or https URL such as http://127.0.0.1:9000/webhooks"
ANN = "https://www.linkedin.com/in/ann"


def a_lead(lead_id: str, url: str = "https://www.linkedin.com/in/eve") -> dict[str, str]:
    return {"id": lead_id, "linkedinUrl": url, "campaignId": "camp_a"}


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param(
            "workspaces[1].id",
            "ws_a",
            "expected a unique value, got 'ws_a', which is that of $.workspaces[0], too",
            id="workspace id",
        ),
        pytest.param(
            "workspaces[1].apiKeys[0].key",
            "key_a",
            "expected a unique key, got that of $.workspaces[0].apiKeys[0].key",
            id="key of another workspace",
        ),
        pytest.param(
            f"{WS}.campaigns[0].senderIds[0]",
            "snd_x",
            "expected the id of a sender of this workspace (snd_a), got 'snd_x'",
            id="sender of a campaign",
        ),
        pytest.param(
            f"{WS}.leads[1].campaignId",
            "camp_x",
            "expected the id of a campaign of this workspace (camp_a), got 'camp_x'",
            id="campaign of a lead",
        ),
        pytest.param(
            f"{WS}.leads[1].senderId",
            "snd_x",
            "expected the id of a sender of this workspace (snd_a), got 'snd_x'",
            id="sender of a lead",
        ),
    ],
)
def test_a_fault_between_parts_is_reported_with_its_path(
    path: str, value: object, problem: str
) -> None:
    assert problems(world_with(path, value)) == [f"$.{path}: {problem}"]


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param(
            f"{WS}.apiKeys[1]",
            {"key": "key_a"},
            "$.workspaces[0].apiKeys[1].key: expected a unique key, "
            "got that of $.workspaces[0].apiKeys[0].key",
            id="key of the same workspace",
        ),
        pytest.param(
            f"{WS}.senders[1]",
            {**WORLD["workspaces"][0]["senders"][0], "name": "Other"},
            "$.workspaces[0].senders[1].id: expected a unique value, "
            "got 'snd_a', which is that of $.workspaces[0].senders[0], too",
            id="sender id",
        ),
        pytest.param(
            f"{WS}.campaigns[1]",
            {"id": "camp_a", "name": "Other"},
            "$.workspaces[0].campaigns[1].id: expected a unique value, "
            "got 'camp_a', which is that of $.workspaces[0].campaigns[0], too",
            id="campaign id",
        ),
        pytest.param(
            f"{WS}.leads[2]",
            a_lead("lead_a"),
            "$.workspaces[0].leads[2].id: expected a unique value, "
            "got 'lead_a', which is that of $.workspaces[0].leads[0], too",
            id="lead id",
        ),
    ],
)
def test_a_repeated_value_is_reported_with_both_places(
    path: str, value: object, problem: str
) -> None:
    assert problems(world_with(path, value)) == [problem]


@pytest.mark.parametrize(
    "url",
    [
        ANN,
        f"{ANN}/",
        f"{ANN}?utm=1",
        "http://linkedin.com/in/ann",
        "https://de.linkedin.com/in/Ann",
        "https://www.linkedin.com/in/%61nn",
    ],
)
def test_the_same_person_twice_in_a_campaign_is_reported_in_any_spelling(url: str) -> None:
    problem = (
        f"expected one that is unique within a campaign, got {ANN}, "
        "which is that of $.workspaces[0].leads[0], too"
    )
    assert problems(world_with(f"{WS}.leads[2]", a_lead("lead_c", url))) == [
        f"$.workspaces[0].leads[2].linkedinUrl: {problem}"
    ]


def test_a_third_time_is_reported_with_the_first_place() -> None:
    leads = [a_lead("lead_a"), a_lead("lead_a", f"{ANN}1"), a_lead("lead_a", f"{ANN}2")]

    assert problems(world_with(f"{WS}.leads", leads)) == [
        f"$.workspaces[0].leads[{index}].id: expected a unique value, "
        "got 'lead_a', which is that of $.workspaces[0].leads[0], too"
        for index in (1, 2)
    ]


def test_the_problem_says_that_there_are_none_to_refer_to() -> None:
    lead = {**a_lead("lead_z"), "senderId": "snd_a"}

    must = "expected the id of"
    assert problems(world_with("workspaces[1].leads", [lead])) == [
        f"$.{path}: {must} {what} of this workspace (none), got {found!r}"
        for path, what, found in (
            ("workspaces[1].leads[0].campaignId", "a campaign", "camp_a"),
            ("workspaces[1].leads[0].senderId", "a sender", "snd_a"),
        )
    ]


def test_the_same_person_may_be_in_two_campaigns() -> None:
    campaigns = [*WORLD["workspaces"][0]["campaigns"], {"id": "camp_b", "name": "Second"}]
    world = orjson.loads(world_with(f"{WS}.campaigns", campaigns))
    world["workspaces"][0]["leads"].append({**a_lead("lead_c", ANN), "campaignId": "camp_b"})

    assert problems(orjson.dumps(world)) == []


def test_two_workspaces_may_use_the_same_ids_of_senders_campaigns_and_leads() -> None:
    world = orjson.loads(orjson.dumps(WORLD))
    world["workspaces"][1] |= {
        part: world["workspaces"][0][part] for part in ("senders", "campaigns", "leads")
    }

    assert problems(orjson.dumps(world)) == []


# --- webhook endpoints --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("nope", f"{URL_EXPECTED}, got 'nope'", id="no URL"),
        pytest.param("ftp://h/x", f"{URL_EXPECTED}, got 'ftp://h/x'", id="another scheme"),
        pytest.param("http:///x", f"{URL_EXPECTED}, got 'http:///x'", id="no host"),
        pytest.param("http://h/a b", f"{URL_EXPECTED}, got 'http://h/a b'", id="blank"),
        pytest.param("http://[x", f"{URL_EXPECTED}, got 'http://[x': ", id="broken host"),
        pytest.param("http://h:99999/", f"{URL_EXPECTED}, got 'http://h:99999/': ", id="port"),
        pytest.param(
            "http://u:p@h/", "url: expected a URL without a user name and password", id="password"
        ),
        pytest.param("http://h/#top", "url: expected no fragment, got '#top'", id="fragment"),
        pytest.param("http://h/" + "x" * 2048, "url: expected at most 2048 characters", id="long"),
    ],
)
def test_an_endpoint_must_have_a_url_that_can_be_sent_to(url: str, says: str) -> None:
    found = problems(world_with(f"{WS}.endpoints[0].url", url))

    assert len(found) == 1
    assert found[0].startswith(f"$.workspaces[0].endpoints[0]: {says}")


@pytest.mark.parametrize("secret", ["s", "whsec_", "whsec_%%%", "", "c2VjcmV0"])
def test_an_endpoint_must_have_a_secret_in_the_vendors_form(secret: str) -> None:
    found = problems(world_with(f"{WS}.endpoints[0].secret", secret))

    assert len(found) == 1
    assert found[0].startswith(("$.workspaces[0].endpoints[0]", "$.workspaces[0].endpoints[0]."))
    assert SECRET_EXPECTED in found[0] or 'expected a non-empty string, got ""' in found[0]


@pytest.mark.parametrize(
    ("contract", "events", "says"),
    [
        pytest.param("documented", [], "events must name at least one event type", id="none"),
        pytest.param(
            "documented",
            ["lead.status.change"],
            "events: unknown event type 'lead.status.change'; did you mean 'lead.status.changed'? ",
            id="misspelt",
        ),
        pytest.param(
            "documented",
            ["lead.updated"],
            "events: contract 'documented' calls 'lead.updated' by the name 'lead.status.changed'",
            id="today's name under documented",
        ),
        pytest.param(
            "live",
            ["message.received"],
            "events: contract 'live' calls 'message.received' by the name 'reply.received'",
            id="the old name under live",
        ),
    ],
)
def test_an_endpoint_must_have_event_types_of_the_contract(
    contract: str, events: list[str], says: str
) -> None:
    found = problems(world_with(f"{WS}.endpoints[0].events", events), contract)

    assert len(found) == 1
    assert found[0].startswith(f"$.workspaces[0].endpoints[0]: {says}")


def test_the_contract_of_a_workspace_decides_which_event_types_exist() -> None:
    world = orjson.loads(world_with(f"{WS}.endpoints[0].events", ["lead.updated"]))
    world["workspaces"][0]["contract"] = "live"

    assert problems(orjson.dumps(world), "documented") == []


def test_an_option_of_the_contract_may_be_set_with_a_number() -> None:
    contract = {"name": "live", "options": {"post_status_code": 200, "patch_reply": "example"}}
    found = parsed(world_with(f"{WS}.contract", contract))[0].contract

    assert found is not None
    assert found.post_status_code == 200
    assert found.patch_reply == ("id", "linkedinUrl", "previousStatus", "status", "updatedAt")
    assert found.event_type("lead.updated") == "lead.updated"


def test_a_problem_names_the_first_few_ids_and_how_many_more() -> None:
    senders = [
        {
            "id": f"snd_{number}",
            "name": "S",
            "linkedinUrl": f"https://www.linkedin.com/in/s{number}",
        }
        for number in range(1, 9)
    ]
    text = world_with(f"{WS}.senders", senders)

    assert problems(text)[0] == (
        "$.workspaces[0].campaigns[0].senderIds[0]: expected the id of a sender of this workspace "
        "(snd_1, snd_2, snd_3, snd_4, snd_5 and 3 more), got 'snd_a'"
    )


def test_a_seed_of_many_dangling_ids_is_refused_in_few_words() -> None:
    campaigns = [
        {"id": f"camp_{number}", "name": "C", "status": "started"} for number in range(4000)
    ]
    world = orjson.loads(world_with(f"{WS}.campaigns", campaigns))
    world["workspaces"][0]["leads"] = [
        a_lead(f"lead_{number}", f"https://www.linkedin.com/in/p{number}") for number in range(4000)
    ]
    found = problems(orjson.dumps(world))

    assert (len(found), found[-1]) == (21, "and 3,980 more")
    assert len("".join(found)) < 10_000
