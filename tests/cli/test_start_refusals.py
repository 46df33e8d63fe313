"""`mock-sendpilot start` with options that it refuses: exit code, and the reason."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Refused, Start

KEY = "sp_live_4f7c2a9e51d84b0c9a6e"


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    own = {"workspaces": [{"id": "w", "name": "W", "apiKeys": [{"key": "own"}]}]}
    (tmp_path / "own.json").write_text(json.dumps(own))
    (tmp_path / "bad.json").write_text('{"workspaces": [{"name": "W", "apiKeys": []}]}')
    (tmp_path / "bad.toml").write_text("prot = 1\n")
    (tmp_path / "broken.toml").write_text("port = = 1\n")


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        pytest.param(["--contract", "life"], 2, "did you mean 'live'?", id="contract"),
        pytest.param(
            ["--contract-option", "patch_reply"], 2, "expected OPTION=VALUE", id="no value"
        ),
        pytest.param(["--contract-option", "a=b"], 2, "unknown contract option 'a'", id="option"),
        pytest.param(["--fixtures", "none.json"], 2, "does not exist", id="no file"),
        pytest.param(["--fixtures", "bad.json"], 1, "$.workspaces[0].id: expected", id="bad seed"),
        pytest.param(["--fixtures", "bad.json", "--empty"], 2, "exclude each other", id="both"),
        pytest.param(
            ["--fixtures", "/proc/self/mem"], 1, "cannot read /proc/self/mem", id="unreadable file"
        ),
        pytest.param(
            ["--webhook-secret", "short"], 2, "--webhook-secret: secret: expected", id="secret"
        ),
        pytest.param(["--tls", "--host", "::"], 2, "--tls: expected --host 127.0.0.1", id="tls"),
        pytest.param(["--webhook", "ftp://x"], 2, "expected an absolute http", id="webhook"),
        pytest.param(["--webhook", "http://x#nope"], 2, "unknown event type 'nope'", id="event"),
        pytest.param(
            ["--config", "bad.toml"],
            2,
            "unknown option 'prot'; did you mean 'port'?",
            id="config key",
        ),
        pytest.param(["--config", "broken.toml"], 2, "cannot be read", id="config syntax"),
        pytest.param(["--host", "0.0.0.0"], 1, "an API key that everybody knows", id="known key"),
        pytest.param(["--host", "0.0.0.0"], 1, "the control API is open", id="open control"),
        pytest.param(
            ["--host", "192.0.2.1", "--no-control", "--fixtures", "own.json"],
            1,
            "cannot listen on 192.0.2.1",
            id="foreign address",
        ),
        pytest.param(
            ["--host", "a..b", "--no-control", "--fixtures", "own.json"],
            1,
            "cannot listen on a..b",
            id="no address",
        ),
        pytest.param(
            ["--host", "192.0.2.1", "--control-token", "s3cret"],
            1,
            "give the demo world one of your own (--api-key KEY)",
            id="known key of the demo",
        ),
        pytest.param(
            ["--host", "192.0.2.1", "--control-token", "s3cret", "--api-key", KEY],
            1,
            "cannot listen on 192.0.2.1",
            id="foreign address with a key of one's own",
        ),
        pytest.param(
            ["--fixtures", "own.json", "--api-key", KEY],
            2,
            "--api-key, --fixtures exclude each other: the seed has the keys",
            id="key and fixtures",
        ),
        pytest.param(["--api-key", ""], 2, "expected printable ASCII", id="empty key"),
        pytest.param(["--api-key", "schlüssel"], 2, "expected printable ASCII", id="key"),
        *(
            pytest.param([f"--chaos={text}"], 2, "expected RATE[:SEED] with a rate", id=f"{text!r}")
            for text in ("2", "-0.1", "nan", "much", "", ":42")
        ),
    ],
)
def test_an_option_is_refused_with_a_reason(
    refused: Refused, arguments: list[str], code: int, reason: str
) -> None:
    found, errors = refused(*arguments)

    assert (found, reason in errors, KEY in errors) == (code, True, False), errors


def test_a_taken_port_is_refused_with_a_way_out(start: Start, refused: Refused) -> None:
    address = start().facts["origin"].removeprefix("http://")
    code, errors = refused("--port", address.rpartition(":")[2])

    problem = f"cannot listen on {address}: Address already in use; --port 0 picks a free port"
    assert (code, errors) == (1, f"mock-sendpilot: {problem}\n")


# --- the config file -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        pytest.param(
            {"port": True}, "'port': expected one value, got a boolean", id="port is a boolean"
        ),
        pytest.param({"port": {"a": 1}}, "'port': expected one value", id="port is a table"),
        pytest.param({"port": [1]}, "'port': expected one value", id="port is a list"),
        pytest.param(
            {"webhook_timeout": 5000},
            "Invalid value for 'webhook_timeout' in c.json: 5000.0 is not in the range",
            id="timeout",
        ),
        pytest.param({"no_control": 1}, "'no_control': expected true or false", id="flag is 1"),
        pytest.param({"webhook": [None]}, "'webhook': expected texts", id="webhook is null"),
        pytest.param({"log_level": None}, "'log_level': expected one value", id="level is null"),
        pytest.param({"webhook_timeout": "nan"}, "expected a finite number, got nan", id="nan"),
        pytest.param({"cors_origin": "["}, "expected * or an origin such as http", id="origin"),
        pytest.param({"control_token": "é"}, "expected printable ASCII", id="token"),
        pytest.param(
            {"fixtures": "\0"}, "'fixtures' must not contain the character NUL", id="path"
        ),
        pytest.param({"host": "a\0b"}, "'host' must not contain the character NUL", id="host"),
        pytest.param({"webhook": ["\0"]}, "'webhook' must not contain the character", id="webhook"),
    ],
)
def test_a_value_of_the_config_file_is_refused_with_a_reason(
    refused: Refused, tmp_path: Path, config: dict[str, object], reason: str
) -> None:
    (tmp_path / "c.json").write_text(json.dumps(config))
    code, errors = refused("--config", "c.json")

    assert (code, reason in errors) == (2, True), errors


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        pytest.param({"control_token": ["SECRETX"]}, "an array", id="token in an array"),
        pytest.param({"webhook_secret": {"a": "SECRETX"}}, "a table", id="secret in a table"),
        pytest.param({"webhook": [{"secret": "SECRETX"}]}, "a table", id="webhook as a table"),
        pytest.param({"no_control": "SECRETX"}, "a text", id="flag"),
    ],
)
def test_a_refused_value_is_not_printed_since_it_may_be_a_secret(
    refused: Refused, tmp_path: Path, config: dict[str, object], kind: str
) -> None:
    (tmp_path / "c.json").write_text(json.dumps(config))
    code, errors = refused("--config", "c.json")

    assert (code, f", got {kind}" in errors, "SECRETX" in errors) == (2, True, False), errors


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        pytest.param(
            'fixtures = "none.json"',
            "'fixtures' in sub/c.toml: File 'sub/none.json' does not exist",
            id="fixtures",
        ),
        pytest.param('chaos = "2"', "'chaos' in sub/c.toml: expected RATE[:SEED]", id="chaos"),
        pytest.param(
            'contract = "life"', "'contract' in sub/c.toml: unknown contract 'life'", id="contract"
        ),
        pytest.param(
            '[contract_option]\na = "b"',
            "'contract_option' in sub/c.toml: unknown contract option 'a'",
            id="option",
        ),
        pytest.param(
            'webhook = "ftp://h/"',
            "'webhook' in sub/c.toml: url: expected an absolute",
            id="webhook",
        ),
        pytest.param(
            'fixtures = "c.toml"\nempty = true',
            "'empty' in sub/c.toml, 'fixtures' in sub/c.toml exclude each other",
            id="both",
        ),
    ],
)
def test_a_refusal_names_the_config_file_and_the_key_but_no_flag(
    refused: Refused, tmp_path: Path, config: str, reason: str
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.toml").write_text(config)
    code, errors = refused("--config", "sub/c.toml")
    problem = errors.partition("Error:")[2]

    assert (code, reason in errors, "--" in problem) == (2, True, False), errors


def test_a_refusal_names_the_flag_that_overrides_the_config_file(
    refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "c.toml").write_text('contract = "life"\n')
    code, errors = refused("--config", "c.toml", "--contract", "liv")

    assert (code, "--contract, --contract-option: unknown contract 'liv'" in errors) == (2, True)
