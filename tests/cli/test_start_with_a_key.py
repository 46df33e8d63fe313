"""`mock-sendpilot start --api-key`: a key of one's own without a seed file."""

import json
from pathlib import Path

import pytest

from tests.cli.test_start import Start, refused, start

__all__ = ["start"]
KEY = "sp_live_4f7c2a9e51d84b0c9a6e"
WORLD = {"workspaces": [{"id": "w", "name": "W", "apiKeys": [{"key": "own"}]}]}


@pytest.fixture
def fixtures(tmp_path: Path) -> str:
    path = tmp_path / "world.json"
    path.write_text(json.dumps(WORLD))
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param(["--api-key", KEY], {}, id="flag"),
        pytest.param([], {"MOCK_SENDPILOT_API_KEY": KEY}, id="variable"),
    ],
)
def test_the_demo_world_is_opened_by_the_key_alone(
    start: Start, arguments: list[str], variables: dict[str, str]
) -> None:
    running = start(*arguments, **variables)

    assert running.ask("GET", "/v1/leads/lead_abc123", key=KEY).status == 200
    assert [workspace["apiKeys"] for workspace in running.facts["workspaces"]] == [[KEY]]
    for known in ("YOUR_API_KEY", "YOUR_OTHER_API_KEY"):
        assert running.ask("GET", "/v1/me", key=known).status == 401


@pytest.mark.parametrize("key", ["YOUR_API_KEY", "YOUR_OTHER_API_KEY"])
def test_a_variable_with_a_key_of_the_demo_world_leaves_it_as_it_is(start: Start, key: str) -> None:
    running = start(MOCK_SENDPILOT_API_KEY=key)

    for known in ("YOUR_API_KEY", "YOUR_OTHER_API_KEY"):
        assert running.ask("GET", "/v1/me", key=known).status == 200


def test_the_empty_workspace_is_opened_by_it(start: Start) -> None:
    running = start("--empty", "--api-key", KEY)

    assert running.ask("GET", "/v1/leads", key=KEY).json["leads"] == []
    assert running.ask("GET", "/v1/leads").status == 401


def test_it_may_stand_in_the_config_file(start: Start, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(f'empty = true\napi_key = "{KEY}"\n')

    assert start("--config", "c.toml").ask("GET", "/v1/me", key=KEY).status == 200


def test_a_key_of_ones_own_is_what_listening_beyond_this_machine_asks_for(tmp_path: Path) -> None:
    with_key = refused(
        tmp_path, "--host", "192.0.2.1", "--api-key", KEY, "--control-token", "s3cret"
    )
    without = refused(tmp_path, "--host", "192.0.2.1", "--control-token", "s3cret")

    assert "cannot listen on 192.0.2.1" in with_key[1]
    assert "give the demo world one of your own (--api-key KEY)" in without[1]


def test_it_and_fixtures_exclude_each_other(tmp_path: Path, fixtures: str) -> None:
    code, errors = refused(tmp_path, "--fixtures", fixtures, "--api-key", KEY)

    assert code == 2
    assert "--api-key, --fixtures exclude each other: the seed has the keys" in errors
    assert KEY not in errors


@pytest.mark.parametrize(
    ("key", "is_warned"),
    [pytest.param(KEY, True, id="another key"), pytest.param("own", False, id="a key of the seed")],
)
def test_the_variable_of_the_other_commands_does_not_matter_to_fixtures(
    start: Start, fixtures: str, key: str, is_warned: bool
) -> None:
    running = start("--fixtures", fixtures, MOCK_SENDPILOT_API_KEY=key)

    assert running.ask("GET", "/v1/me", key="own").status == 200
    assert ("MOCK_SENDPILOT_API_KEY opens no workspace here" in running.end()[1]) is is_warned


@pytest.mark.parametrize("key", ["", "schlüssel"])
def test_a_key_that_cannot_travel_in_a_header_is_refused(tmp_path: Path, key: str) -> None:
    code, errors = refused(tmp_path, "--api-key", key)

    assert (code, "expected printable ASCII" in errors) == (2, True)
