"""Errors as a whole: the order of the checks, the styles of a 400's message, CORS."""

import logging
from collections.abc import Mapping

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from tests.api.expect import (
    DOCUMENTED_STATUSES,
    JSON,
    LEAD,
    READ_KEY,
    STATUS,
    WRITE_KEY,
    assert_error,
    assert_invalid,
    assert_no_route,
)
from tests.support import Api, ApiUnder, in_process

pytestmark = pytest.mark.over_a_socket_too


BAD_KEY = "sp_live_unknown"
NO_PERMISSION = "API key does not have permission to access this workspace"
BROKEN = b"{"

# --- the order of the checks --------------------------------------------------------------------


def test_the_route_comes_before_the_key(api: Api) -> None:
    assert_no_route(api("PUT", STATUS, key=BAD_KEY), "PUT", STATUS)


def test_the_key_comes_before_the_body(api: Api) -> None:
    reply = api("PATCH", STATUS, key=BAD_KEY, body=BROKEN, headers=JSON)

    assert_error(reply, 401, "Invalid API key")


def test_the_key_comes_before_the_query(api: Api) -> None:
    assert_error(api("GET", "/v1/leads?page=0", key=BAD_KEY), 401, "Invalid API key")


def test_the_key_comes_before_the_lead(api: Api) -> None:
    assert_error(api("GET", "/v1/leads/nope", key=BAD_KEY), 401, "Invalid API key")


def test_the_scope_comes_before_the_body(api: Api, limited_keys: None) -> None:
    reply = api("PATCH", STATUS, key=READ_KEY, body=BROKEN, headers=JSON)

    assert_error(reply, 403, NO_PERMISSION)


def test_the_scope_comes_before_the_query_and_the_lead(api: Api, limited_keys: None) -> None:
    assert_error(api("GET", "/v1/leads/nope?full=x", key=WRITE_KEY), 403, NO_PERMISSION)


def test_the_body_comes_before_the_lead(api: Api) -> None:
    reply = api("PATCH", "/v1/leads/nope/status", json={"status": "WON"})

    assert_invalid(reply, 'got "WON"')


def test_the_query_comes_before_the_lead(api: Api) -> None:
    assert_invalid(api("GET", "/v1/leads/nope?full=x"), "full: expected one of")


def test_the_body_comes_before_the_campaign(api: Api) -> None:
    reply = api("POST", "/v1/leads", json={"campaignId": "nope", "leads": []})

    assert_invalid(reply, "leads: expected an array of 1 to 100 leads, got none")


def test_the_size_comes_before_the_content_type(api: Api) -> None:
    reply = api("PATCH", STATUS, body=b"x" * 1_048_577, headers={"Content-Type": "text/plain"})

    assert_error(reply, 413, "request entity too large")


def test_the_content_type_comes_before_the_json(api: Api) -> None:
    reply = api("PATCH", STATUS, body=BROKEN, headers={"Content-Type": "text/plain"})

    assert_invalid(reply, "Content-Type: expected application/json")


# --- the styles of a 400's message --------------------------------------------------------------

BAD = {"status": "DON", "note": 5}
VALUES = ", ".join(DOCUMENTED_STATUSES)
SENTENCES = [f"status must be one of the following values: {VALUES}", "note must be a string"]
DETAILS = (
    f'status: expected one of {VALUES}, got "DON" (did you mean DONE?); '
    "note: expected a string, got 5"
)


@pytest.mark.parametrize(
    ("style", "rest"),
    [
        pytest.param(
            "documented", {"message": "Validation failed", "errors": SENTENCES}, id="errors"
        ),
        pytest.param("errors", {"message": "Validation failed", "errors": SENTENCES}, id="named"),
        pytest.param("bare", {"message": "Validation failed"}, id="bare"),
        pytest.param("list", {"message": SENTENCES}, id="list"),
        pytest.param("detailed", {"message": f"Validation failed: {DETAILS}"}, id="detailed"),
    ],
)
def test_a_400_has_its_sentences_where_the_contract_says(
    api_under: ApiUnder, style: str, rest: dict[str, object]
) -> None:
    reply = api_under("documented", validation_message=style)("PATCH", STATUS, json=BAD)

    assert reply.status == 400
    assert reply.json == {"statusCode": 400, "error": "Bad Request", **rest}


@pytest.mark.parametrize("style", ["documented", "bare", "list"])
def test_the_hint_quotes_the_invalid_values(api_under: ApiUnder, style: str) -> None:
    reply = api_under("documented", validation_message=style)("PATCH", STATUS, json=BAD)

    assert reply.headers["x-emulator-hint"] == DETAILS


def test_the_log_quotes_the_invalid_values(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="mock_sendpilot.access"):
        api("PATCH", STATUS, json={"status": "DONE", "note": 5})

    assert "note: expected a string, got 5" in caplog.text


def test_a_400_of_the_control_api_has_the_details_under_every_contract(
    api_under: ApiUnder,
) -> None:
    reply = api_under("strict")("POST", "/_emulate/endpoints", json={"url": 5})

    assert_error(reply, 400, "Validation failed: url: expected a non-empty string, got 5")


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("bare", "Validation failed"),
        ("list", ["the body must be a JSON object"]),
    ],
)
def test_the_style_holds_for_a_body_that_cannot_be_read(
    api_under: ApiUnder, style: str, message: str | list[str]
) -> None:
    api = api_under("documented", validation_message=style)

    assert_error(api("PATCH", STATUS, body=b"", headers=JSON), 400, message)


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("bare", "Validation failed"),
        ("list", ["page must not be less than 1"]),
    ],
)
def test_the_style_holds_for_a_query(
    api_under: ApiUnder, style: str, message: str | list[str]
) -> None:
    api = api_under("documented", validation_message=style)

    assert_error(api("GET", "/v1/leads?page=0"), 400, message)


@pytest.mark.parametrize("style", ["bare", "list"])
def test_the_style_changes_no_other_error(api_under: ApiUnder, style: str) -> None:
    api = api_under("documented", validation_message=style)

    assert_error(api("GET", LEAD, key=None), 401, "Invalid API key")
    assert_error(api("GET", "/v1/leads/nope"), 404, "Lead not found")
    assert_no_route(api("GET", "/v1/nope"), "GET", "/v1/nope")


@pytest.mark.parametrize("contract", ["documented", "example", "schema", "live", "observed"])
def test_the_message_is_two_words_and_errors_has_the_sentences(
    api_under: ApiUnder, contract: str
) -> None:
    assert_invalid(api_under(contract)("PATCH", STATUS, json={"status": "DON"}), 'got "DON"')


def test_a_400_has_no_sentences_under_strict(api_under: ApiUnder) -> None:
    reply = api_under("strict")("PATCH", STATUS, json={"status": "DON"})

    assert_error(reply, 400, "Validation failed")


# --- CORS ---------------------------------------------------------------------------------------

ORIGIN = "http://app.example"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "x-api-key,content-type",
}


@pytest.fixture
def cors_api(emulator: Emulator) -> Api:
    return in_process(create_app(emulator, cors_origins=[ORIGIN]).test_client())


def granted(headers: Mapping[str, str]) -> list[str]:
    return [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_page_may_call_the_api_by_default(api: Api, method: str) -> None:
    assert granted(api(method, LEAD, headers=PREFLIGHT).headers) == []


def test_a_preflight_of_an_allowed_origin_is_granted_without_a_key(cors_api: Api) -> None:
    reply = cors_api("OPTIONS", STATUS, key=None, headers=PREFLIGHT)

    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in reply.headers["access-control-allow-methods"].split(", ")
    allowed = reply.headers["access-control-allow-headers"].lower().split(", ")
    assert set(allowed) == {"x-api-key", "content-type"}


@pytest.mark.parametrize("path", [LEAD, f"/api{LEAD}", "/v1/leads/nope", "/v1/nope"])
def test_an_allowed_origin_may_read_every_answer(cors_api: Api, path: str) -> None:
    reply = cors_api("GET", path, headers={"Origin": ORIGIN})

    assert reply.headers["access-control-allow-origin"] == ORIGIN


def test_an_allowed_origin_may_read_a_401(cors_api: Api) -> None:
    reply = cors_api("GET", LEAD, key=None, headers={"Origin": ORIGIN})

    assert_error(reply, 401, "Invalid API key")
    assert reply.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://app.example", f"{ORIGIN}.evil.example", "null"]
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_any_other_origin_is_granted_nothing(cors_api: Api, method: str, origin: str) -> None:
    reply = cors_api(method, LEAD, headers={**PREFLIGHT, "Origin": origin})

    assert granted(reply.headers) == []


def test_credentials_are_never_allowed(cors_api: Api) -> None:
    reply = cors_api("OPTIONS", STATUS, headers=PREFLIGHT)

    assert "access-control-allow-credentials" not in reply.headers


def test_the_control_api_stays_closed_to_an_origin_of_the_api(cors_api: Api) -> None:
    reply = cors_api("GET", "/_emulate/endpoints", headers={"Origin": ORIGIN})

    assert_error(reply, 403, f"Origin {ORIGIN!r} may not use the control API")
    assert granted(reply.headers) == []


def test_the_log_of_an_unknown_route_omits_the_query(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="mock_sendpilot.access"):
        reply = api("GET", "/v1/nope?apiKey=s3cret")

    assert reply.json["message"] == "Cannot GET /v1/nope?apiKey=s3cret"
    assert "Cannot GET /v1/nope" in caplog.text
    assert "s3cret" not in caplog.text
