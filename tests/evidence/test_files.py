"""Files: their names, and what is refused when they are read and written."""

import json
from pathlib import Path

import pytest

from mock_sendpilot import InvalidInput
from mock_sendpilot.evidence.files import checked_folder, embedded, file_name, read

NAMES = [
    "tests/test_a.py::test_b",
    "tests/test_a.py::test_B",
    "tests/test_a.py::test_b[../../etc/passwd]",
    "tests/test_a.py::test_b[\u00e4\u6f22\U0001f600\ud800]",
    "tests/test_a.py::test_b[con]",
    "con",
    "",
    f"tests/test_a.py::test_{'x' * 5000}",
    f"tests/test_a.py::test_{'x' * 5001}",
    "a\x00b\nc",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_safe_for_every_file_system(name: str) -> None:
    made = file_name(name)

    assert made.isascii()
    assert len(made) < 130
    assert not set(made) & set('/\\:*?"<>|\0\n ')
    assert made[0] not in ".-"


def test_no_two_names_have_one_file() -> None:
    assert len({file_name(one).lower() for one in NAMES}) == len(NAMES)


def test_a_name_has_no_key_that_a_test_has_in_its_id() -> None:
    key = "sp_live_0828f55dce6116a0b6b91c60efb927b5"

    assert key[:20] not in file_name(f"tests/test_a.py::test_b[{key}]")


def test_a_folder_is_made(tmp_path: Path) -> None:
    assert checked_folder(tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidInput, match="cannot be written to"):
        checked_folder(tmp_path / "file")


def evidence(**document: object) -> str:
    text = embedded({"format": 1, "kind": "sandbox", **document})
    return f'<script type="application/json" id="sendpilot-evidence">{text}</script>'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("<html></html>", "expected an HTML file that", id="another file"),
        pytest.param(evidence()[:-20], "its end is missing", id="cut off"),
        pytest.param(evidence().replace("{", "", 1), "is damaged", id="no JSON"),
        pytest.param(evidence(format=2, version="9.0"), "newer version.*9.0", id="newer"),
        pytest.param(evidence(format=True), "no format that is known", id="no number"),
        pytest.param(evidence(kind="poem"), "no format that is known", id="kind"),
    ],
)
def test_a_file_that_is_no_evidence_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "evidence.html"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidInput, match=problem):
        read(path)


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read(tmp_path / "evidence.html")


def test_embedded_json_cannot_end_its_element() -> None:
    text = embedded({"a": "</script><!-- &amp; \u2028"})

    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><!-- &amp; \u2028"}
