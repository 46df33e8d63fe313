"""`/_emulate/api-keys`: the API keys that open a workspace."""

import pytest

from tests.control.expect import assert_invalid
from tests.support import Api

KEYS = "/_emulate/api-keys"


def test_another_key_opens_the_workspace_until_it_is_removed(api: Api) -> None:
    added = api("POST", KEYS, json={"key": "sp_live_of_my_app", "name": "app"})
    with_it = {"X-API-Key": "sp_live_of_my_app"}

    assert added.status == 201
    assert "sp_live_of_my_app" not in str(added.json)
    assert api("GET", "/v1/campaigns", headers=with_it).status == 200
    assert api("DELETE", f"{KEYS}/{added.json['id']}").status == 204
    assert api("GET", "/v1/campaigns", headers=with_it).status == 401


def test_keys_are_listed_without_giving_them_away(api: Api) -> None:
    added = api("POST", KEYS, json={"key": "sp_live_of_my_app", "rateLimit": "60/min"}).json

    listed = api("GET", KEYS)

    assert listed.json["apiKeys"][-1] == added
    assert added["rateLimit"] == "60/60s"
    assert "sp_live_of_my_app" not in str(listed.json)


def test_a_key_that_is_taken_is_refused(api: Api) -> None:
    api("POST", KEYS, json={"key": "sp_live_of_my_app"})

    assert_invalid(api("POST", KEYS, json={"key": "sp_live_of_my_app"}), "belongs to another")
    assert_invalid(api("POST", KEYS, json={"key": 5}), "key: expected")


def test_the_last_key_stays(api: Api) -> None:
    keys = api("GET", KEYS).json["apiKeys"]
    removed = [api("DELETE", f"{KEYS}/{one['id']}") for one in keys]

    assert [one.status for one in removed] == [204] * (len(keys) - 1) + [400]


@pytest.mark.parametrize("path", ["key_0", "x"])
def test_an_unknown_key_is_not_found(api: Api, path: str) -> None:
    assert api("DELETE", f"{KEYS}/{path}").status == 404
