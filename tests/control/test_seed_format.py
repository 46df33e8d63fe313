"""The seed format: every fault of a part is reported with its JSON path and what was found."""

import orjson
import pytest

from mock_sendpilot.errors import InvalidInput
from tests.api.expect import EVERY_STATUS
from tests.control.world import GONE, WORLD, parsed, problems, world_with

TEXT = "expected a non-empty string"
ANY_TEXT = "expected a string"
ARRAY = "expected an array"
OBJECT = "expected a JSON object"
KEY_OBJECT = 'expected a JSON object such as {"key": "sp_live_…"}'
PROFILE = "expected a LinkedIn profile URL such as https://www.linkedin.com/in/john-doe"
TIME = "expected a time such as 2024-02-24T15:30:00.000Z"
COUNT = "expected a whole number from 0 to 1000000000000"
TRUTH = "expected true or false"
ONE_OF = "expected one of "
CONTRACT = 'expected a name or {"name": …, "options": {…}}'
SCOPES = (
    "campaigns:read, campaigns:write, inbox:read, inbox:write, leads:read, leads:write, "
    "senders:read, workspace:read"
)
CONTRACTS = "documented, example, schema, live, strict, observed"
SENDER_STATUS = f"{ONE_OF}active, disconnected, rate_limited"
CAMPAIGN_STATUS = f"{ONE_OF}started, paused, draft, finished"
LEAD_STATUS = f"{ONE_OF}{', '.join(EVERY_STATUS)}"
TAG = ONE_OF + (
    "LEAD, INTERESTED, MEETING_BOOKED, MEETING_COMPLETE_NOT_CLOSED, CLOSED, WRONG_PERSON, "
    "NOT_INTERESTED, NO_RESPONSE"
)
COMPANY = "https://www.linkedin.com/company/x"
# As UTC these are years that a calendar of Python does not have.
BEFORE_ALL_TIME, AFTER_ALL_TIME = "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"
WS, LEAD = "workspaces[0]", "workspaces[0].leads[1]"
SENDER, CAMPAIGN = "workspaces[0].senders[0]", "workspaces[0].campaigns[0]"
KEY, ENDPOINT = "workspaces[0].apiKeys[0]", "workspaces[0].endpoints[0]"


def test_the_world_that_the_tests_spoil_is_valid() -> None:
    assert problems(orjson.dumps(WORLD)) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(b"", "$: not valid JSON: ", id="empty"),
        pytest.param(b"{", "$: not valid JSON: ", id="cut off"),
        pytest.param(b"\xff\xff", "$: expected UTF-8, got other bytes at 0", id="not UTF-8"),
        pytest.param(b"workspaces: []", "$: not valid JSON: ", id="YAML"),
        pytest.param(b"[" * 2000 + b"]" * 2000, "$: not valid JSON: ", id="far too deep"),
    ],
)
def test_a_text_that_is_no_json_is_refused(text: bytes, problem: str) -> None:
    found = problems(text)

    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize(
    ("text", "found"),
    [(b"[]", "[]"), (b"null", "null"), (b"5", "5"), (b'"x"', '"x"'), (b"true", "true")],
)
def test_a_seed_must_be_an_object(text: bytes, found: str) -> None:
    assert problems(text) == [f"$: {OBJECT}, got {found}"]


def test_a_seed_without_workspaces_is_refused() -> None:
    assert problems(b"{}") == [f"$.workspaces: {ARRAY}, got nothing"]


@pytest.mark.parametrize("depth", [300, 990])
def test_deep_nesting_where_it_does_not_belong_is_a_problem_and_no_crash(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth

    assert len(problems(b'{"workspaces":[' + nested + b"]}")) == 1


@pytest.mark.parametrize(
    "path",
    [
        f"{WS}.id", f"{WS}.name", f"{SENDER}.id", f"{SENDER}.name",
        f"{CAMPAIGN}.id", f"{CAMPAIGN}.name", f"{LEAD}.id", f"{LEAD}.campaignId",
        f"{ENDPOINT}.url",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("value", "found"), [(GONE, "nothing"), (None, "null"), ("", '""'), (5, "5"), (["x"], '["x"]')]
)
def test_names_must_be_strings_with_something_in_them(path: str, value: object, found: str) -> None:
    assert f"$.{path}: {TEXT}, got {found}" in problems(world_with(path, value))


@pytest.mark.parametrize("path", [f"{KEY}.key", f"{ENDPOINT}.secret"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", '""'),
        (5, "a number"),
        (["s3cret"], "an array"),
        ({"s": 1}, "an object"),
        (True, "a boolean"),
    ],
)
def test_an_error_quotes_no_secret(path: str, value: object, found: str) -> None:
    assert f"$.{path}: {TEXT}, got {found}" in problems(world_with(path, value))


def test_a_seed_of_no_workspace_is_refused() -> None:
    assert problems(b'{"workspaces":[]}') == [
        "$.workspaces: expected at least one workspace, got none"
    ]


FAULTS: list[tuple[str, object, str]] = [
    ("workspaces", None, f"{ARRAY}, got null"),
    ("workspaces", {}, f"{ARRAY}, got {{}}"),
    (f"{WS}.apiKeys", GONE, f"{ARRAY}, got nothing"),
    (f"{WS}.apiKeys", None, f"{ARRAY}, got null"),
    (f"{WS}.apiKeys", "key_a", f"{ARRAY}, got a string"),
    (f"{WS}.senders", {}, f"{ARRAY}, got {{}}"),
    (f"{WS}.campaigns", 5, f"{ARRAY}, got 5"),
    (f"{WS}.leads", "x", f'{ARRAY}, got "x"'),
    (f"{WS}.leads", None, f"{ARRAY}, got null"),
    (f"{WS}.endpoints", True, f"{ARRAY}, got true"),
    (f"{KEY}.scopes", "leads:read", f'{ARRAY}, got "leads:read"'),
    (f"{CAMPAIGN}.senderIds", "snd_a", f'{ARRAY}, got "snd_a"'),
    # items of arrays
    ("workspaces[1]", 5, f"{OBJECT}, got 5"),
    ("workspaces[1]", None, "expected a value, got null"),
    (f"{WS}.apiKeys[0]", "key_a", f"{KEY_OBJECT}, got a string"),
    (f"{WS}.apiKeys[0]", ["key_a"], f"{KEY_OBJECT}, got an array"),
    (f"{WS}.apiKeys", {"key": "key_a"}, f"{ARRAY}, got an object"),
    (
        "workspaces",
        {"id": "w", "apiKeys": ["key_a"]},
        f'{ARRAY}, got {{"id":"w","apiKeys":"…"}}',
    ),
    (f"{WS}.senders[1]", [], f"{OBJECT}, got []"),
    (f"{WS}.campaigns[1]", None, "expected a value, got null"),
    (f"{WS}.leads[2]", "x", f'{OBJECT}, got "x"'),
    (f"{WS}.endpoints[0]", "http://x", f'{OBJECT}, got "http://x"'),
    (f"{CAMPAIGN}.senderIds[1]", 5, f"{TEXT}, got 5"),
    (f"{CAMPAIGN}.senderIds[1]", None, "expected a value, got null"),
    # words
    (f"{SENDER}.status", "ok", f'{SENDER_STATUS}, got "ok"'),
    (f"{SENDER}.status", None, f"{SENDER_STATUS}, got null"),
    (
        f"{CAMPAIGN}.status",
        "STARTED",
        f'{CAMPAIGN_STATUS}, got "STARTED" (did you mean started?)',
    ),
    (f"{LEAD}.status", "done", f'{LEAD_STATUS}, got "done" (did you mean DONE?)'),
    (f"{LEAD}.status", 5, f"{LEAD_STATUS}, got 5"),
    (f"{LEAD}.customLeadStatus", "Lead", f'{TAG}, got "Lead" (did you mean LEAD?)'),
    # profile URLs
    (f"{SENDER}.linkedinUrl", GONE, f"{PROFILE}, got nothing"),
    (f"{SENDER}.linkedinUrl", "sam", f'{PROFILE}, got "sam"'),
    (f"{LEAD}.linkedinUrl", GONE, f"{PROFILE}, got nothing"),
    (f"{LEAD}.linkedinUrl", None, f"{PROFILE}, got null"),
    (f"{LEAD}.linkedinUrl", 5, f"{PROFILE}, got 5"),
    (f"{LEAD}.linkedinUrl", COMPANY, f'{PROFILE}, got "{COMPANY}"'),
    # times
    (f"{CAMPAIGN}.createdAt", "2024-02-24", f'{TIME}, got "2024-02-24"'),
    (f"{LEAD}.createdAt", "2024-02-24T15:30:00", f'{TIME}, got "2024-02-24T15:30:00"'),
    (f"{LEAD}.createdAt", "2024-02-30T15:30:00Z", f'{TIME}, got "2024-02-30T15:30:00Z"'),
    (f"{LEAD}.createdAt", "yesterday", f'{TIME}, got "yesterday"'),
    (f"{LEAD}.updatedAt", 1708788600, f"{TIME}, got 1708788600"),
    (f"{LEAD}.updatedAt", None, f"{TIME}, got null"),
    (f"{LEAD}.createdAt", BEFORE_ALL_TIME, f'{TIME}, got "{BEFORE_ALL_TIME}"'),
    (f"{LEAD}.createdAt", AFTER_ALL_TIME, f'{TIME}, got "{AFTER_ALL_TIME}"'),
    # counts and truths
    (f"{LEAD}.connectionCount", -1, f"{COUNT}, got -1"),
    (f"{LEAD}.connectionCount", 1.5, f"{COUNT}, got 1.5"),
    (f"{LEAD}.followerCount", "5", f'{COUNT}, got "5"'),
    (f"{LEAD}.followerCount", True, f"{COUNT}, got true"),
    (f"{LEAD}.isPremium", 1, f"{TRUTH}, got 1"),
    (f"{LEAD}.isOpenProfile", "true", f'{TRUTH}, got "true"'),
    (f"{KEY}.revoked", "no", f'{TRUTH}, got "no"'),
    (f"{KEY}.revoked", None, f"{TRUTH}, got null"),
    (f"{ENDPOINT}.enabled", 0, f"{TRUTH}, got 0"),
    # texts and objects
    ("about", 5, f"{ANY_TEXT}, got 5"),
    (f"{WS}.about", None, f"{ANY_TEXT}, got null"),
    (f"{KEY}.name", 5, f"{ANY_TEXT}, got 5"),
    (f"{LEAD}.firstName", 5, f"{ANY_TEXT}, got 5"),
    (f"{LEAD}.email", [], f"{ANY_TEXT}, got []"),
    (f"{LEAD}.note", True, f"{ANY_TEXT}, got true"),
    (f"{LEAD}.profilePictureUrl", "", f'{TEXT}, got ""'),
    (f"{LEAD}.senderId", 5, f"{TEXT}, got 5"),
    (f"{LEAD}.customFields", [], f"{OBJECT}, got []"),
    (f"{LEAD}.customFields", None, f"{OBJECT}, got null"),
    # contracts
    (f"{WS}.contract", 5, f"{CONTRACT}, got 5"),
    (f"{WS}.contract", None, f"{CONTRACT}, got null"),
    (f"{WS}.contract", {"options": {}}, f'{CONTRACT}, got {{"options":{{}}}}'),
    (f"{WS}.contract", {"name": "live", "a": 1}, f'{CONTRACT}, got {{"name":"live","a":1}}'),
    (
        f"{WS}.contract",
        {"name": 5, "options": {}},
        f'{CONTRACT}, got {{"name":5,"options":{{}}}}',
    ),
    (
        f"{WS}.contract",
        "liv",
        f"unknown contract 'liv'; did you mean 'live'? expected one of: {CONTRACTS}",
    ),
    (
        f"{WS}.contract",
        {"name": "live", "options": {"patch_reply": "x"}},
        f"unknown value for patch_reply 'x'; expected one of: {CONTRACTS}",
    ),
    # endpoints
    (f"{ENDPOINT}.events", "all", 'expected an array of event types, got "all"'),
    (f"{ENDPOINT}.events", [5], "expected an array of event types, got [5]"),
]


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param(path, value, problem, id=f"{path} {problem.rpartition('; ')[2]}")
        for path, value, problem in FAULTS
    ],
)
def test_a_fault_is_reported_with_its_path(path: str, value: object, problem: str) -> None:
    assert problems(world_with(path, value)) == [f"$.{path}: {problem}"]


def test_a_workspace_must_have_a_key() -> None:
    assert problems(world_with(f"{WS}.apiKeys", [])) == [
        f"$.{WS}.apiKeys: expected at least one key, got none; nobody could use the workspace"
    ]


def test_an_invalid_scope_is_reported_with_its_place_in_the_list() -> None:
    scopes = ["leads:read", "leads:delete", 5]
    refusal = f"{ONE_OF}{SCOPES}, got "

    assert problems(world_with(f"{KEY}.scopes", scopes)) == [
        f'$.{KEY}.scopes[1]: {refusal}"leads:delete"',
        f"$.{KEY}.scopes[2]: {refusal}5",
    ]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("workspace", "$: unknown field 'workspace'; did you mean 'workspaces'? "),
        (f"{WS}.lead", f"$.{WS}: unknown field 'lead'; did you mean 'leads'? "),
        (f"{KEY}.scope", f"$.{KEY}: unknown field 'scope'; did you mean 'scopes'? "),
        (f"{SENDER}.state", f"$.{SENDER}: unknown field 'state'; did you mean 'status'? "),
        (f"{CAMPAIGN}.sender", f"$.{CAMPAIGN}: unknown field 'sender'; did you mean 'senderIds'? "),
        (f"{LEAD}.first_name", f"$.{LEAD}: unknown field 'first_name'; did you mean 'firstName'? "),
        (f"{LEAD}.zzz", f"$.{LEAD}: unknown field 'zzz'; known fields are: id, linkedinUrl, "),
        (f"{ENDPOINT}.event", f"$.{ENDPOINT}: unknown field 'event'; did you mean 'events'? "),
    ],
)
def test_an_unknown_field_is_reported_with_the_nearest_known_one(path: str, problem: str) -> None:
    found = problems(world_with(path, "x"))

    assert len(found) == 1
    assert found[0].startswith(problem)
    assert "known fields are: " in found[0]


def test_every_fault_of_the_file_is_reported_at_once() -> None:
    text = orjson.dumps(
        {
            "workspaces": [
                {"id": "ws_a", "name": 5, "apiKeys": [{"key": ""}]},
                {
                    "id": None,
                    "name": "B",
                    "apiKeys": [{"key": "k"}],
                    "leads": [{"id": "x", "status": "WON"}],
                },
            ]
        }
    )

    assert sorted(problem.partition(": ")[0] for problem in problems(text)) == [
        "$.workspaces[0].apiKeys[0].key",
        "$.workspaces[0].name",
        "$.workspaces[1].id",
        "$.workspaces[1].leads[0].campaignId",
        "$.workspaces[1].leads[0].linkedinUrl",
        "$.workspaces[1].leads[0].status",
    ]


def test_the_error_itself_has_every_problem() -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(world_with(f"{LEAD}.id", 5))

    assert str(caught.value) == f"$.{LEAD}.id: {TEXT}, got 5"
