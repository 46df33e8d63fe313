"""Secrets in texts that evidence has not made itself, such as the failure of a test."""

import base64

import pytest

from mock_sendpilot.evidence.masking import Masks
from tests.evidence.worlds import SECRET

KEY = "sp_test_0828f55dce6116a0b6b91c60efb927b5"
BARE = SECRET.removeprefix("whsec_")
MASKS = Masks([KEY], [SECRET])


@pytest.mark.parametrize("start", range(1, len(KEY) - 5))
def test_the_end_of_a_key_after_a_cut_is_masked(start: int) -> None:
    text = f"assert 'aaaa...{KEY[start:]}bbb' == 1"

    assert MASKS.failure(text) == "assert 'aaaa...\u2026bbb' == 1"


def test_a_text_after_a_cut_stays() -> None:
    assert MASKS.failure("wait ... for 'a...b' ...") == "wait ... for 'a...b' ..."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BARE, id="without its prefix"),
        pytest.param(repr(base64.b64decode(BARE)), id="decoded"),
        pytest.param(base64.b64decode(BARE).hex(), id="as hexadecimal digits"),
    ],
)
def test_the_key_in_a_signing_secret_is_masked(text: str) -> None:
    assert text not in MASKS.text(f"key = {text}")
    assert "redacted-secret-1" in MASKS.text(f"key = {text}")
