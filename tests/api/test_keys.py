"""API keys: which are refused, and what each scope opens."""

import pytest

from tests.api.expect import (
    LEAD,
    NO_SCOPE_KEY,
    READ_KEY,
    REVOKED_KEY,
    STATUS,
    WRITE_KEY,
    assert_error,
)
from tests.support import DEMO_KEY, OTHER_KEY, Api

HINT = "x-emulator-hint"
ROUTES = [
    pytest.param("GET", "/v1/leads", None, id="list"),
    pytest.param("GET", LEAD, None, id="get"),
    pytest.param("PATCH", STATUS, {"status": "DONE"}, id="patch"),
    pytest.param("POST", "/v1/leads", {"campaignId": "camp_spring7", "leads": [5]}, id="add"),
    pytest.param("GET", f"/api{LEAD}", None, id="first generation"),
    pytest.param("GET", "/_emulate/endpoints", None, id="control"),
]
NO_PERMISSION = "API key does not have permission to access this workspace"


@pytest.mark.parametrize(("method", "path", "json"), ROUTES)
def test_a_request_without_a_key_is_401(api: Api, method: str, path: str, json: object) -> None:
    reply = api(method, path, json=json, key=None)

    assert_error(reply, 401, "Invalid API key")
    assert reply.headers[HINT] == "send the key as the header X-API-Key"


@pytest.mark.parametrize(("method", "path", "json"), ROUTES)
def test_a_request_with_a_key_is_not_401(api: Api, method: str, path: str, json: object) -> None:
    assert api(method, path, json=json, key=DEMO_KEY).status in {200, 201}


@pytest.mark.parametrize("name", ["x-api-key", "X-Api-Key", "X-API-KEY"])
def test_the_name_of_the_header_is_case_insensitive(api: Api, name: str) -> None:
    assert api("GET", LEAD, key=None, headers={name: DEMO_KEY}).status == 200


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        pytest.param("", "send the key as the header X-API-Key", id="empty"),
        pytest.param("sp_live_unknown", "no workspace has this key", id="unknown"),
        pytest.param(DEMO_KEY.lower(), "no workspace has this key", id="in another case"),
        pytest.param(f"{DEMO_KEY}, {DEMO_KEY}", "no workspace has this key", id="twice"),
        pytest.param(f"Bearer {DEMO_KEY}", "no workspace has this key", id="as a bearer"),
        pytest.param("ü" * 10, "no workspace has this key", id="not ASCII"),
        pytest.param("k" * 5000, "no workspace has this key", id="long"),
    ],
)
def test_an_unknown_key_is_401(api: Api, key: str, hint: str) -> None:
    reply = api("GET", LEAD, key=key)

    assert_error(reply, 401, "Invalid API key")
    assert reply.headers[HINT] == hint


def test_a_revoked_key_is_401(api: Api, limited_keys: None) -> None:
    reply = api("GET", "/v1/leads", key=REVOKED_KEY)

    assert_error(reply, 401, "Invalid API key")
    assert reply.headers[HINT] == "this key is revoked"


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "", "Basic "])
def test_a_key_in_authorization_is_401_and_the_hint_names_the_header(api: Api, scheme: str) -> None:
    reply = api("GET", LEAD, key=None, headers={"Authorization": f"{scheme}{DEMO_KEY}"})

    assert_error(reply, 401, "Invalid API key")
    assert "the header X-API-Key" in reply.headers[HINT]
    assert "Authorization" in reply.headers[HINT]


def test_an_authorization_header_with_a_valid_key_is_ignored(api: Api) -> None:
    assert api("GET", LEAD, headers={"Authorization": "Bearer other"}).status == 200


def test_a_key_in_the_query_is_ignored(api: Api) -> None:
    assert_error(api("GET", f"{LEAD}?apiKey={DEMO_KEY}", key=None), 401, "Invalid API key")


def test_a_401_never_repeats_the_key(api: Api) -> None:
    reply = api("GET", LEAD, key="sp_live_secret")

    assert b"sp_live_secret" not in reply.body
    assert "sp_live_secret" not in "".join(reply.headers.values())


@pytest.mark.parametrize("key", [WRITE_KEY, NO_SCOPE_KEY])
@pytest.mark.parametrize("path", ["/v1/leads", LEAD])
def test_a_key_without_leads_read_may_not_read(
    api: Api, limited_keys: None, key: str, path: str
) -> None:
    reply = api("GET", path, key=key)

    assert_error(reply, 403, NO_PERMISSION)
    assert reply.headers[HINT] == "this key lacks the scope 'leads:read'"


@pytest.mark.parametrize("key", [READ_KEY, NO_SCOPE_KEY])
@pytest.mark.parametrize(("method", "path"), [("PATCH", STATUS), ("POST", "/v1/leads")])
def test_a_key_without_leads_write_may_not_change(
    api: Api, limited_keys: None, key: str, method: str, path: str
) -> None:
    reply = api(method, path, key=key, json={"status": "DONE"})

    assert_error(reply, 403, NO_PERMISSION)
    assert reply.headers[HINT] == "this key lacks the scope 'leads:write'"


def test_leads_read_opens_the_list_and_the_lead(api: Api, limited_keys: None) -> None:
    assert api("GET", "/v1/leads", key=READ_KEY).status == 200
    assert_error(api("GET", LEAD, key=READ_KEY), 404, "Lead not found")


def test_leads_write_opens_the_patch_and_the_post(api: Api, limited_keys: None) -> None:
    patch = api("PATCH", STATUS, key=WRITE_KEY, json={"status": "DONE"})
    post = api("POST", "/v1/leads", key=WRITE_KEY, json={"campaignId": "x", "leads": [5]})

    assert_error(patch, 404, "Lead not found")
    assert_error(post, 404, "Campaign not found")


def test_the_control_api_needs_no_scope(api: Api, limited_keys: None) -> None:
    assert api("GET", "/_emulate/endpoints", key=NO_SCOPE_KEY).status == 200


def test_each_key_opens_its_own_workspace(api: Api) -> None:
    totals = [
        api("GET", f"/v1/leads?campaignId={campaign}", key=key).json["pagination"]["total"]
        for key in (DEMO_KEY, OTHER_KEY)
        for campaign in ("camp_xyz789", "cmgkxgil6ims3a3to1zynm50j")
    ]

    assert totals == [31, 0, 0, 35]
