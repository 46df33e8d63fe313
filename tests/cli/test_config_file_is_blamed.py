"""A value from the config file that is refused is named by that file, not by a flag."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mock_sendpilot.cli import main
from tests.cli.test_start import refused


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
            'webhook = "ftp://h/"', "'webhook' in sub/c.toml: url must be an absolute", id="webhook"
        ),
        pytest.param(
            'fixtures = "c.toml"\nempty = true',
            "'empty' in sub/c.toml, 'fixtures' in sub/c.toml exclude each other",
            id="both",
        ),
    ],
)
def test_the_file_is_named_with_the_key(tmp_path: Path, config: str, reason: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.toml").write_text(config)
    code, errors = refused(tmp_path, "--config", "sub/c.toml")

    assert (code, reason in errors, "--" in errors.partition("Error:")[2]) == (2, True, False), (
        errors
    )


def test_a_number_of_the_file_is_named_likewise(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("port = 70000\n")
    result = CliRunner().invoke(main, ["start", "--config", str(path)])

    assert result.exit_code == 2
    assert f"Invalid value for 'port' in {path}: 70000 is not in the range" in result.stderr


def test_a_flag_beside_the_file_is_blamed_for_itself(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('contract = "life"\n')
    code, errors = refused(tmp_path, "--config", "c.toml", "--contract", "liv")

    assert (code, "--contract, --contract-option: unknown contract 'liv'" in errors) == (2, True)
