"""429: the rate limit of a key, and the daily limits of a sender."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.world.models import ApiKey, DailyLimits, RateLimit, Sender
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.conftest import Serve
from tests.support import Api, Reply, over_a_socket

CREDITS = "/v1/credits"
KEY, OTHER_KEY, OWN_KEY, NARROW_KEY = "key_one", "key_two", "key_own", "key_narrow"
EVENING = datetime(2026, 1, 1, 23, 30, tzinfo=timezone.utc)
A_SECOND = timedelta(seconds=1)
TWO_A_MINUTE = RateLimit(requests=2, window_seconds=60)
SENDER = Sender(
    id="sender_1",
    name="Sales Rep",
    linkedin_url="https://www.linkedin.com/in/rep",
    status="active",
    daily_limits=DailyLimits(connections=0, messages=0),
)
FRIEND = "https://www.linkedin.com/in/friend"
SEED = WorkspaceSeed(
    id="ws_limited",
    name="Limited",
    api_keys=(
        ApiKey(key=KEY),
        ApiKey(key=OTHER_KEY),
        ApiKey(key=OWN_KEY, rate_limit=RateLimit(requests=1, window_seconds=10)),
        ApiKey(key=NARROW_KEY, scopes=frozenset()),
    ),
    senders=(SENDER,),
    connections={"sender_1": (FRIEND,)},
)
Made = tuple[Workspace, Api]


@pytest.fixture
def make(serve: Serve) -> Iterator[Callable[..., Made]]:
    """A workspace on a clock of its own, in an emulator with a rate limit."""
    emulators: list[Emulator] = []

    def made(rate_limit: RateLimit | None = TWO_A_MINUTE, **options: str) -> Made:
        contract = named_contract("documented", options.items())
        emulator = Emulator(contract=contract, random_seed="tests", rate_limit=rate_limit)
        emulators.append(emulator)
        workspace = emulator.add_workspace(SEED, clock=ManualClock(EVENING))
        return workspace, serve(emulator)

    yield made
    for emulator in emulators:
        emulator.close()


@pytest.fixture
def limited(make: Callable[..., Made]) -> Made:
    return make()


def assert_too_many(reply: Reply, message: str) -> None:
    assert reply.status == 429, reply.body
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert list(reply.json.items()) == [
        ("statusCode", 429),
        ("message", message),
        ("error", "Too Many Requests"),
    ]


def use_up(api: Api, key: str = KEY, times: int = 2) -> None:
    assert [api("GET", CREDITS, key=key).status for _ in range(times)] == [200] * times


def test_a_request_beyond_the_limit_is_429(limited: Made) -> None:
    _, api = limited
    use_up(api)

    assert_too_many(api("GET", CREDITS, key=KEY), "Rate limit exceeded")


def test_a_request_beyond_the_limit_is_429_over_a_socket() -> None:
    emulator = Emulator(random_seed="tests", rate_limit=TWO_A_MINUTE)
    emulator.add_workspace(SEED, clock=ManualClock(EVENING))
    with EmulatorServer(emulator) as server:
        api = over_a_socket(server.origin)
        use_up(api)
        reply = api("GET", CREDITS, key=KEY)

    assert_too_many(reply, "Rate limit exceeded")
    assert reply.headers["retry-after"] == "60"


@pytest.mark.parametrize(
    ("passed", "retry_after"),
    [
        pytest.param(0, "60", id="at once"),
        pytest.param(45, "15", id="later"),
        pytest.param(45.5, "15", id="half a second counts as a whole one"),
        pytest.param(59.9, "1", id="at the end of the window"),
    ],
)
def test_retry_after_is_in_whole_seconds(limited: Made, passed: float, retry_after: str) -> None:
    workspace, api = limited
    use_up(api)
    workspace.advance(timedelta(seconds=passed))

    assert api("GET", CREDITS, key=KEY).headers["retry-after"] == retry_after


def test_a_request_within_the_limit_has_no_retry_after(limited: Made) -> None:
    _, api = limited

    assert "retry-after" not in api("GET", CREDITS, key=KEY).headers


def test_a_429_has_no_other_headers_of_limits(limited: Made) -> None:
    _, api = limited
    use_up(api)
    headers = api("GET", CREDITS, key=KEY).headers

    assert [name for name in headers if "ratelimit" in name] == []


def test_the_window_ends_on_the_clock_of_the_workspace(limited: Made) -> None:
    workspace, api = limited
    use_up(api)
    workspace.advance(timedelta(seconds=60) - A_SECOND)
    before = api("GET", CREDITS, key=KEY).status
    workspace.advance(A_SECOND)

    assert (before, api("GET", CREDITS, key=KEY).status) == (429, 200)


def test_one_key_does_not_count_for_another(limited: Made) -> None:
    _, api = limited
    use_up(api)

    assert api("GET", CREDITS, key=OTHER_KEY).status == 200


def test_the_limit_of_a_key_overrides_that_of_the_emulator(limited: Made) -> None:
    _, api = limited
    use_up(api, OWN_KEY, times=1)
    reply = api("GET", CREDITS, key=OWN_KEY)

    assert_too_many(reply, "Rate limit exceeded")
    assert reply.headers["retry-after"] == "10"


def test_a_key_can_be_limited_alone(make: Callable[..., Made]) -> None:
    _, api = make(None)
    use_up(api, KEY, times=20)
    use_up(api, OWN_KEY, times=1)

    assert api("GET", CREDITS, key=OWN_KEY).status == 429


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("GET", "/v1/me", None, id="another route"),
        pytest.param("GET", f"/api{CREDITS}", None, id="the other base"),
        pytest.param("GET", "/v1/leads/nope", None, id="what is not there"),
        pytest.param("POST", "/v1/leads", {}, id="a bad body"),
    ],
)
def test_every_operation_counts_for_the_key(
    limited: Made, method: str, path: str, body: object
) -> None:
    _, api = limited
    use_up(api, times=1)
    api(method, path, key=KEY, json=body)

    assert api("GET", CREDITS, key=KEY).status == 429


def test_requests_without_the_scope_count_and_come_before_403(limited: Made) -> None:
    _, api = limited
    statuses = [api("GET", "/v1/me", key=NARROW_KEY).status for _ in range(3)]

    assert statuses == [403, 403, 429]


def test_a_refused_request_changes_nothing(limited: Made) -> None:
    workspace, api = limited
    use_up(api)
    body = {"name": "CFOs", "limit": 10, "filters": {}}
    assert api("POST", "/v1/lead-database/searches", key=KEY, json=body).status == 429

    assert workspace.credits.balance().used == 0


def test_me_shows_the_limit_of_the_emulator(limited: Made) -> None:
    _, api = limited
    rate_limit = api("GET", "/v1/me", key=KEY).json["apiKey"]["rateLimit"]

    assert rate_limit == {"requests": 2, "windowSeconds": 60}


def test_the_control_api_is_not_limited(limited: Made) -> None:
    _, api = limited
    use_up(api)

    assert api("GET", "/_emulate/endpoints", key=KEY).status == 200


def test_the_control_api_does_not_count(limited: Made) -> None:
    _, api = limited
    statuses = {api("GET", "/_emulate/endpoints", key=KEY).status for _ in range(5)}

    assert statuses == {200}
    assert api("GET", CREDITS, key=KEY).status == 200


def test_the_option_retry_after_omits_the_header(make: Callable[..., Made]) -> None:
    _, api = make(retry_after="off")
    use_up(api)
    reply = api("GET", CREDITS, key=KEY)

    assert_too_many(reply, "Rate limit exceeded")
    assert "retry-after" not in reply.headers


# --- daily limits -------------------------------------------------------------------------------

DAILY = [
    pytest.param(
        "/v1/inbox/connect",
        {"recipientLinkedinUrl": "https://www.linkedin.com/in/stranger"},
        "Daily connection limit exceeded",
        id="connections",
    ),
    pytest.param(
        "/v1/inbox/send",
        {"recipientLinkedinUrl": FRIEND, "message": "Hi"},
        "Daily message limit exceeded",
        id="messages",
    ),
]


@pytest.mark.parametrize(("path", "body", "message"), DAILY)
def test_the_daily_limit_is_429_until_midnight(
    limited: Made, path: str, body: dict[str, str], message: str
) -> None:
    _, api = limited
    reply = api("POST", path, key=KEY, json={"senderId": "sender_1", **body})

    assert_too_many(reply, message)
    assert reply.headers["retry-after"] == "1800"


@pytest.mark.parametrize(("path", "body", "message"), DAILY)
def test_the_option_retry_after_omits_it_from_the_daily_limit(
    make: Callable[..., Made], path: str, body: dict[str, str], message: str
) -> None:
    _, api = make(retry_after="off")
    reply = api("POST", path, key=KEY, json={"senderId": "sender_1", **body})

    assert_too_many(reply, message)
    assert "retry-after" not in reply.headers
