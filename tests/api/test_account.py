"""`GET /v1/me`, `GET /v1/credits` and `GET /v1/senders/quotas`."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.models import ApiKey, DailyLimits, RateLimit, Sender
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.api.expect import NO_SCOPE_KEY, READ_KEY, WRITE_KEY, assert_error
from tests.conftest import Serve
from tests.support import Api, Reply

ME, CREDITS, QUOTAS = "/v1/me", "/v1/credits", "/v1/senders/quotas"
SCOPES = [
    "campaigns:read", "campaigns:write", "inbox:read", "inbox:write", "leads:read", "leads:write",
    "senders:read", "workspace:read",
]  # fmt: skip
NO_PERMISSION = "API key does not have permission to access this workspace"
KEY, OWN_KEY, BRIEF_KEY = "key_all", "key_own", "key_brief"
NOON = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
A_SECOND, A_DAY = timedelta(seconds=1), timedelta(days=1)
FRIEND = "https://www.linkedin.com/in/friend"
SEED = WorkspaceSeed(
    id="ws_account",
    name="Accountants",
    api_keys=(
        ApiKey(key=KEY, name="All"),
        ApiKey(key=OWN_KEY, name="Own", scopes=frozenset({"workspace:read", "leads:write"})),
        ApiKey(
            key=BRIEF_KEY,
            name="Brief",
            expires_at=NOON + timedelta(hours=1),
            rate_limit=RateLimit(requests=600, window_seconds=60),
        ),
    ),
    plan="team",
    credits=Balance(
        subscription=7_500,
        purchased=5_000,
        used=2_500,
        monthly=10_000,
        next_reset_at=datetime(2026, 12, 1, tzinfo=timezone.utc),
    ),
    senders=(
        Sender(
            id="sender_1",
            name="Sales Rep",
            linkedin_url="https://www.linkedin.com/in/rep",
            status="active",
            daily_limits=DailyLimits(connections=1, messages=2, likes=3),
        ),
    ),
    connections={"sender_1": (FRIEND,)},
)


@pytest.fixture
def made(serve: Serve) -> Iterator[tuple[Workspace, Api]]:
    """A workspace on a clock of its own, and who asks it."""
    emulator = Emulator(random_seed="tests")
    workspace = emulator.add_workspace(SEED, clock=ManualClock(NOON))
    yield workspace, serve(emulator)
    emulator.close()


@pytest.fixture
def workspace(made: tuple[Workspace, Api]) -> Workspace:
    return made[0]


@pytest.fixture
def ask(made: tuple[Workspace, Api]) -> Api:
    return made[1]


# --- me -----------------------------------------------------------------------------------------


def test_me_tells_of_key_workspace_and_subscription(ask: Api) -> None:
    reply = ask("GET", ME, key=KEY)

    assert reply.status == 200
    assert list(reply.json) == ["apiKey", "workspace", "subscription", "missingScopes"]
    assert list(reply.json["apiKey"]) == ["name", "scopes", "expiresAt", "rateLimit"]
    assert reply.json == {
        "apiKey": {"name": "All", "scopes": SCOPES, "expiresAt": None, "rateLimit": None},
        "workspace": {"id": "ws_account", "name": "Accountants"},
        "subscription": {"status": "active", "plan": "team"},
        "missingScopes": [],
    }


def test_me_tells_which_scopes_the_key_lacks(ask: Api) -> None:
    told = ask("GET", ME, key=OWN_KEY).json

    assert told["apiKey"]["scopes"] == ["leads:write", "workspace:read"]
    assert told["missingScopes"] == [one for one in SCOPES if one not in told["apiKey"]["scopes"]]


def test_me_tells_when_the_key_expires_and_how_much_it_may_ask(ask: Api) -> None:
    told = ask("GET", ME, key=BRIEF_KEY).json["apiKey"]

    assert told["expiresAt"] == "2026-11-30T13:00:00.000Z"
    assert told["rateLimit"] == {"requests": 600, "windowSeconds": 60}


def test_me_never_tells_the_key_itself(ask: Api) -> None:
    assert KEY.encode() not in ask("GET", ME, key=KEY).body


def test_a_workspace_without_a_plan_has_neither_subscription_nor_reset(
    emulator: Emulator, api: Api
) -> None:
    seed = WorkspaceSeed(id="ws_free", name="Free", api_keys=(ApiKey(key="key_free"),))
    emulator.add_workspace(seed)

    told = api("GET", ME, key="key_free").json["subscription"]
    assert told == {"status": "none", "plan": None}
    assert api("GET", CREDITS, key="key_free").json["nextResetDate"] is None


@pytest.mark.usefixtures("limited_keys")
@pytest.mark.parametrize("key", [READ_KEY, WRITE_KEY, NO_SCOPE_KEY])
@pytest.mark.parametrize(
    ("path", "scope"),
    [
        pytest.param(ME, "workspace:read", id="me"),
        pytest.param(QUOTAS, "senders:read", id="quotas"),
    ],
)
def test_a_key_without_the_scope_is_403(api: Api, key: str, path: str, scope: str) -> None:
    reply = api("GET", path, key=key)

    assert_error(reply, 403, NO_PERMISSION)
    assert reply.headers["x-emulator-hint"] == f"this key lacks the scope {scope!r}"


@pytest.mark.usefixtures("limited_keys")
@pytest.mark.parametrize("key", [READ_KEY, WRITE_KEY, NO_SCOPE_KEY])
def test_credits_need_no_scope(api: Api, key: str) -> None:
    assert api("GET", CREDITS, key=key).status == 200


@pytest.mark.parametrize("path", [ME, CREDITS, QUOTAS])
def test_a_key_expires_on_the_clock_of_its_workspace(
    workspace: Workspace, ask: Api, path: str
) -> None:
    workspace.advance(timedelta(hours=1) - A_SECOND)
    before = ask("GET", path, key=BRIEF_KEY)
    workspace.advance(A_SECOND)
    after = ask("GET", path, key=BRIEF_KEY)

    assert before.status == 200
    assert_error(after, 401, "Invalid API key")
    assert after.headers["x-emulator-hint"] == "this key has expired"


# --- credits ------------------------------------------------------------------------------------


def balance(ask: Api) -> Any:
    return ask("GET", CREDITS, key=KEY).json


def search(ask: Api, limit: int) -> Reply:
    body = {"name": "CFOs", "limit": limit, "filters": {}}
    return ask("POST", "/v1/lead-database/searches", key=KEY, json=body)


def extract(ask: Api, limit: int, mode: str = "with_enrichment") -> Reply:
    url = "https://www.linkedin.com/search/results/people/?keywords=cfo"
    body = {"name": "CFOs", "limit": limit, "mode": mode, "urls": [url]}
    return ask("POST", "/v1/lead-extractor/campaigns", key=KEY, json=body)


def test_credits_are_those_of_the_example(ask: Api) -> None:
    reply = ask("GET", CREDITS, key=KEY)

    assert reply.status == 200
    assert list(reply.json.items()) == [
        ("available", 12_500),
        ("subscription", 7_500),
        ("purchased", 5_000),
        ("used", 2_500),
        ("nextResetDate", "2026-12-01T00:00:00.000Z"),
    ]


def test_a_search_spends_a_credit_for_each_person(workspace: Workspace, ask: Api) -> None:
    search(ask, 100)
    workspace.advance(timedelta(minutes=1))
    told = balance(ask)

    assert (told["available"], told["used"]) == (12_400, 2_600)


@pytest.mark.parametrize(("mode", "cost"), [("extraction_only", 100), ("with_enrichment", 200)])
def test_an_extraction_takes_what_it_may_cost(ask: Api, mode: str, cost: int) -> None:
    reply = extract(ask, 100, mode)

    assert reply.json["estimated_credits"] == cost
    assert balance(ask)["available"] == 12_500 - cost


def test_an_extraction_is_charged_for_each_person_and_each_try_to_enrich_one(
    workspace: Workspace, ask: Api
) -> None:
    job = extract(ask, 100).json["id"]
    workspace.advance(timedelta(minutes=1))
    path = f"/v1/lead-extractor/campaigns/{job}/status"
    progress = ask("GET", path, key=KEY).json["progress"]

    assert progress["enriched"] < progress["extracted"] == 100
    assert balance(ask)["used"] == 2_500 + 100 + 100


def test_a_search_beyond_the_credits_is_403_and_spends_nothing(ask: Api) -> None:
    assert_error(search(ask, 12_501), 403, "Insufficient quota")
    assert balance(ask)["available"] == 12_500


def test_an_extraction_beyond_the_credits_is_403_and_spends_nothing(ask: Api) -> None:
    assert_error(extract(ask, 6_251), 403, "Insufficient credits")
    assert balance(ask)["available"] == 12_500


def test_credits_are_refilled_at_the_reset_on_the_clock(workspace: Workspace, ask: Api) -> None:
    workspace.advance(timedelta(hours=12))

    assert balance(ask) == {
        "available": 15_000,
        "subscription": 10_000,
        "purchased": 5_000,
        "used": 0,
        "nextResetDate": "2027-01-01T00:00:00.000Z",
    }


# --- quotas -------------------------------------------------------------------------------------


def quotas(ask: Api) -> Any:
    return ask("GET", QUOTAS, key=KEY).json["senders"][0]["quotas"]


def send(ask: Api) -> Reply:
    body = {"senderId": "sender_1", "recipientLinkedinUrl": FRIEND, "message": "Hi"}
    return ask("POST", "/v1/inbox/send", key=KEY, json=body)


def test_every_sender_has_three_daily_quotas(ask: Api) -> None:
    reply = ask("GET", QUOTAS, key=KEY)
    midnight = "2026-12-01T00:00:00.000Z"

    assert list(reply.json) == ["senders", "total"]
    assert list(reply.json["senders"][0]) == ["id", "name", "quotas"]
    assert list(quotas(ask)) == ["connections", "messages", "likes"]
    assert list(quotas(ask)["likes"]) == ["limit", "used", "remaining", "resetsAt"]
    assert [list(quota.values()) for quota in quotas(ask).values()] == [
        [1, 0, 1, midnight],
        [2, 0, 2, midnight],
        [3, 0, 3, midnight],
    ]


def test_the_senders_that_cannot_send_are_told_of_as_well(api: Api) -> None:
    told = api("GET", QUOTAS).json

    assert [one["name"] for one in told["senders"]] == [
        "Maria Keller", "Tom Lindgren", "Lena Horvat", "Ravi Menon",
    ]  # fmt: skip
    assert told["total"] == 4


def test_a_message_uses_the_quota_of_messages_alone(ask: Api) -> None:
    assert send(ask).status == 201
    told = quotas(ask)

    assert (told["messages"]["used"], told["messages"]["remaining"]) == (1, 1)
    assert (told["connections"]["used"], told["likes"]["used"]) == (0, 0)


def test_quotas_are_reset_at_midnight_utc_on_the_clock(workspace: Workspace, ask: Api) -> None:
    send(ask)
    workspace.advance(timedelta(hours=12) - A_SECOND)
    before = quotas(ask)["messages"]["used"]
    workspace.advance(A_SECOND)
    after = quotas(ask)["messages"]

    assert before == 1
    assert after == {
        "limit": 2,
        "used": 0,
        "remaining": 2,
        "resetsAt": "2026-12-02T00:00:00.000Z",
    }
