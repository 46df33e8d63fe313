"""`GET /v1/me`, `GET /v1/credits` and `GET /v1/senders/quotas`."""

from collections.abc import Callable, Iterator
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
def workspace_and_api(serve: Serve) -> Iterator[tuple[Workspace, Api]]:
    """A workspace on a clock of its own, and its API."""
    emulator = Emulator(random_seed="tests")
    workspace = emulator.add_workspace(SEED, clock=ManualClock(NOON))
    yield workspace, serve(emulator)
    emulator.close()


@pytest.fixture
def workspace(workspace_and_api: tuple[Workspace, Api]) -> Workspace:
    return workspace_and_api[0]


@pytest.fixture
def account_api(workspace_and_api: tuple[Workspace, Api]) -> Api:
    return workspace_and_api[1]


# --- me -----------------------------------------------------------------------------------------


def test_me_describes_the_key_its_workspace_and_the_subscription(account_api: Api) -> None:
    reply = account_api("GET", ME, key=KEY)

    assert reply.status == 200
    assert list(reply.json) == ["apiKey", "workspace", "subscription", "missingScopes"]
    assert list(reply.json["apiKey"]) == ["name", "scopes", "expiresAt", "rateLimit"]
    assert reply.json == {
        "apiKey": {"name": "All", "scopes": SCOPES, "expiresAt": None, "rateLimit": None},
        "workspace": {"id": "ws_account", "name": "Accountants"},
        "subscription": {"status": "active", "plan": "team"},
        "missingScopes": [],
    }


def test_me_lists_the_scopes_that_the_key_lacks(account_api: Api) -> None:
    reply = account_api("GET", ME, key=OWN_KEY).json

    assert reply["apiKey"]["scopes"] == ["leads:write", "workspace:read"]
    assert reply["missingScopes"] == [one for one in SCOPES if one not in reply["apiKey"]["scopes"]]


def test_me_shows_the_expiry_and_the_rate_limit_of_the_key(account_api: Api) -> None:
    reply = account_api("GET", ME, key=BRIEF_KEY).json["apiKey"]

    assert reply["expiresAt"] == "2026-11-30T13:00:00.000Z"
    assert reply["rateLimit"] == {"requests": 600, "windowSeconds": 60}


def test_me_never_shows_the_key_itself(account_api: Api) -> None:
    assert KEY.encode() not in account_api("GET", ME, key=KEY).body


def test_a_workspace_without_a_plan_has_neither_subscription_nor_reset(
    emulator: Emulator, api: Api
) -> None:
    seed = WorkspaceSeed(id="ws_free", name="Free", api_keys=(ApiKey(key="key_free"),))
    emulator.add_workspace(seed)

    reply = api("GET", ME, key="key_free").json["subscription"]
    assert reply == {"status": "none", "plan": None}
    assert api("GET", CREDITS, key="key_free").json["nextResetDate"] is None


@pytest.mark.usefixtures("limited_keys")
@pytest.mark.parametrize("key", [READ_KEY, WRITE_KEY, NO_SCOPE_KEY])
def test_credits_need_no_scope(api: Api, key: str) -> None:
    assert api("GET", CREDITS, key=key).status == 200


@pytest.mark.parametrize("path", [ME, CREDITS, QUOTAS])
def test_a_key_expires_on_the_clock_of_its_workspace(
    workspace: Workspace, account_api: Api, path: str
) -> None:
    workspace.advance(timedelta(hours=1) - A_SECOND)
    before = account_api("GET", path, key=BRIEF_KEY)
    workspace.advance(A_SECOND)
    after = account_api("GET", path, key=BRIEF_KEY)

    assert before.status == 200
    assert_error(after, 401, "Invalid API key")
    assert after.headers["x-emulator-hint"] == "this key has expired"


# --- credits ------------------------------------------------------------------------------------


def balance(account_api: Api) -> Any:
    return account_api("GET", CREDITS, key=KEY).json


def search(account_api: Api, limit: int) -> Reply:
    body = {"name": "CFOs", "limit": limit, "filters": {}}
    return account_api("POST", "/v1/lead-database/searches", key=KEY, json=body)


def extract(account_api: Api, limit: int, mode: str = "with_enrichment") -> Reply:
    url = "https://www.linkedin.com/search/results/people/?keywords=cfo"
    body = {"name": "CFOs", "limit": limit, "mode": mode, "urls": [url]}
    return account_api("POST", "/v1/lead-extractor/campaigns", key=KEY, json=body)


def test_credits_have_the_shape_of_the_vendors_example(account_api: Api) -> None:
    reply = account_api("GET", CREDITS, key=KEY)

    assert reply.status == 200
    assert list(reply.json.items()) == [
        ("available", 12_500),
        ("subscription", 7_500),
        ("purchased", 5_000),
        ("used", 2_500),
        ("nextResetDate", "2026-12-01T00:00:00.000Z"),
    ]


def test_a_search_spends_a_credit_for_each_person(workspace: Workspace, account_api: Api) -> None:
    search(account_api, 100)
    workspace.advance(timedelta(minutes=1))
    reply = balance(account_api)

    assert (reply["available"], reply["used"]) == (12_400, 2_600)


@pytest.mark.parametrize(("mode", "cost"), [("extraction_only", 100), ("with_enrichment", 200)])
def test_an_extraction_reserves_its_highest_cost(account_api: Api, mode: str, cost: int) -> None:
    reply = extract(account_api, 100, mode)

    assert reply.json["estimated_credits"] == cost
    assert balance(account_api)["available"] == 12_500 - cost


def test_an_extraction_pays_for_each_person_and_for_each_attempt_to_enrich_one(
    workspace: Workspace, account_api: Api
) -> None:
    job = extract(account_api, 100).json["id"]
    workspace.advance(timedelta(minutes=1))
    path = f"/v1/lead-extractor/campaigns/{job}/status"
    progress = account_api("GET", path, key=KEY).json["progress"]

    assert progress["enriched"] < progress["extracted"] == 100
    assert balance(account_api)["used"] == 2_500 + 100 + 100


@pytest.mark.parametrize(
    ("start", "limit", "message"),
    [
        pytest.param(search, 12_501, "Insufficient quota", id="search"),
        pytest.param(extract, 6_251, "Insufficient credits", id="extraction"),
    ],
)
def test_a_job_beyond_the_credits_is_403_and_spends_nothing(
    account_api: Api, start: Callable[..., Reply], limit: int, message: str
) -> None:
    assert_error(start(account_api, limit), 403, message)
    assert balance(account_api)["available"] == 12_500


def test_credits_are_refilled_when_the_clock_reaches_the_reset(
    workspace: Workspace, account_api: Api
) -> None:
    workspace.advance(timedelta(hours=12))

    assert balance(account_api) == {
        "available": 15_000,
        "subscription": 10_000,
        "purchased": 5_000,
        "used": 0,
        "nextResetDate": "2027-01-01T00:00:00.000Z",
    }


# --- quotas -------------------------------------------------------------------------------------


def quotas(account_api: Api) -> Any:
    return account_api("GET", QUOTAS, key=KEY).json["senders"][0]["quotas"]


def send(account_api: Api) -> Reply:
    body = {"senderId": "sender_1", "recipientLinkedinUrl": FRIEND, "message": "Hi"}
    return account_api("POST", "/v1/inbox/send", key=KEY, json=body)


def test_every_sender_has_three_daily_quotas(account_api: Api) -> None:
    reply = account_api("GET", QUOTAS, key=KEY)
    midnight = "2026-12-01T00:00:00.000Z"

    assert list(reply.json) == ["senders", "total"]
    assert list(reply.json["senders"][0]) == ["id", "name", "quotas"]
    assert list(quotas(account_api)) == ["connections", "messages", "likes"]
    assert list(quotas(account_api)["likes"]) == ["limit", "used", "remaining", "resetsAt"]
    assert [list(quota.values()) for quota in quotas(account_api).values()] == [
        [1, 0, 1, midnight],
        [2, 0, 2, midnight],
        [3, 0, 3, midnight],
    ]


def test_senders_that_cannot_send_are_listed_too(api: Api) -> None:
    reply = api("GET", QUOTAS).json

    assert [one["name"] for one in reply["senders"]] == [
        "Maria Keller", "Tom Lindgren", "Lena Horvat", "Ravi Menon",
    ]  # fmt: skip
    assert reply["total"] == 4


def test_a_message_uses_the_quota_of_messages_alone(account_api: Api) -> None:
    assert send(account_api).status == 201
    reply = quotas(account_api)

    assert (reply["messages"]["used"], reply["messages"]["remaining"]) == (1, 1)
    assert (reply["connections"]["used"], reply["likes"]["used"]) == (0, 0)


def test_quotas_are_reset_at_midnight_utc(workspace: Workspace, account_api: Api) -> None:
    send(account_api)
    workspace.advance(timedelta(hours=12) - A_SECOND)
    before = quotas(account_api)["messages"]["used"]
    workspace.advance(A_SECOND)
    after = quotas(account_api)["messages"]

    assert before == 1
    assert after == {
        "limit": 2,
        "used": 0,
        "remaining": 2,
        "resetsAt": "2026-12-02T00:00:00.000Z",
    }
