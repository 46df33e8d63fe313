"""Files as PowerShell and Notepad save them: with a byte order mark, or in UTF-16."""

import codecs
import json
from pathlib import Path

import pytest

from tests.cli.commands import invoke

WORLD = json.dumps({"workspaces": [{"id": "w", "name": "Zoë", "apiKeys": [{"key": "k"}]}]})
ENCODINGS = [
    pytest.param("utf-8", id="UTF-8 without a mark"),
    pytest.param("utf-8-sig", id="UTF-8"),
    pytest.param("utf-16", id="UTF-16"),
    pytest.param("utf-32", id="UTF-32"),
]
BIG_ENDIAN = codecs.BOM_UTF16_BE + WORLD.encode("utf-16-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_seed_file_is_read_in_the_encoding_its_mark_names(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "world.json"
    path.write_bytes(WORLD.encode(encoding))
    result = invoke("seed", "check", str(path))

    assert (result.exit_code, result.stdout) == (0, "valid: 1 workspace, 0 leads\n")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_standard_input_is_read_in_the_encoding_its_mark_names(encoding: str) -> None:
    assert invoke("seed", "check", "-", stdin=WORLD.encode(encoding)).exit_code == 0


def test_big_endian_utf16_is_read() -> None:
    assert invoke("seed", "check", "-", stdin=BIG_ENDIAN).exit_code == 0


def test_an_incomplete_character_is_refused_with_its_position() -> None:
    result = invoke("seed", "check", "-", stdin=BIG_ENDIAN + b"\0")

    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        f"$: expected UTF-16, as its byte order mark says, got other bytes at {len(BIG_ENDIAN)}"
        in (result.stderr)
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("c.toml", "port = 70000\n", id="TOML"),
        pytest.param("c.json", '{"port": 70000}', id="JSON"),
    ],
)
def test_a_config_file_is_read_in_the_encoding_its_mark_names(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    result = invoke("start", "--config", str(path))

    assert (result.exit_code, "70000 is not in the range" in result.stderr) == (2, True)
