"""Secrets are masked in texts, URLs, headers and JSON, and nothing else is."""

import time

import pytest

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.redaction import (
    is_secret_name,
    masked,
    redacted,
    redacted_headers,
    redacted_url,
    redacted_value,
)
from mock_sendpilot.urls import url_problems
from tests.support import SECRET

KEY = "sp_live_4f7c2a9e51d84b0c9a6e"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"got {KEY!r}", "got 'sp_live_4f…'", id="API key"),
        pytest.param("sp_test_0123456789ab", "sp_test_01…", id="key of a test"),
        pytest.param(f"secret: {SECRET}.", "secret: whsec_c2Vu….", id="signing secret"),
        pytest.param("Bearer 0123456789abcdef", "Bearer …", id="token"),
        pytest.param("http://me:pw@h/x", "http://…@h/x", id="user and password"),
        pytest.param("see 'http://me@h'", "see 'http://…@h'", id="user"),
        pytest.param("http://me:p/w?@h/x", "http://…@h/x", id="password that is not encoded"),
        pytest.param("http://me:p@w@h/x", "http://…@h/x", id="password with an at sign"),
        pytest.param("/x?apiKey=k1&page=2", "/x?apiKey=…&page=2", id="key in a query"),
        pytest.param("/x?page=2&access_token=k1#a", "/x?page=2&access_token=…#a", id="token in it"),
    ],
)
def test_a_secret_in_a_text_is_masked(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "secret: expected 'whsec_' followed by base64, such as the vendor's dashboard gives",
        "send the header Authorization: Bearer <the token of --control-token>",
        "http://127.0.0.1:9000/@me",
        "http://[::1]:9000/@me",
        "http://a.example/users/@me?x=@",
        "/v1/inbox/conversations?continuationToken=abcdefgh&status[]=DONE",
        "lead_abc123 REPLY_RECEIVED",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("part", ["://a:b", "?a=", "&token", "sp_live_", "whsec_", "http://a@"])
def test_masking_takes_time_in_proportion_to_the_text(part: str) -> None:
    text = part * (200_000 // len(part))
    before = time.process_time()
    redacted(text)

    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("ftp://me:pw@h/x", "ftp://…@h/x", id="another scheme"),
        pytest.param("http://me:p w@h", "http://…@h", id="blank in the password"),
        pytest.param("me:pw@h", "…@h", id="no scheme"),
        pytest.param("http://me:12/3@h", "http://…@h", id="password like a port"),
        pytest.param("http://h/x", "http://h/x", id="no credentials"),
    ],
)
def test_a_refused_url_is_quoted_without_credentials(url: str, expected: str) -> None:
    assert redacted_url(url) == expected


@pytest.mark.parametrize(
    "url", ["ftp://me:hunter2@h/", "http://me:hunter 2@h/", "http://me:hunter2@[x/", "hunter2@h"]
)
def test_no_refusal_of_a_webhook_url_shows_its_password(url: str) -> None:
    (problem,) = url_problems(url)

    assert "hunter" not in problem


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("X-API-Key", True),
        ("apiKeys", True),
        ("Authorization", True),
        ("CF-Access-Client-Secret", True),
        ("x-vercel-protection-bypass", True),
        ("access_token", True),
        ("Set-Cookie", True),
        ("key", True),
        ("svix-signature", False),
        ("continuationToken", False),
        ("keyword", False),
        ("campaignId", False),
    ],
)
def test_a_name_says_whether_its_value_is_secret(name: str, is_secret: bool) -> None:
    assert is_secret_name(name) is is_secret


def test_headers_and_json_are_masked_by_name() -> None:
    headers = {"Authorization": "Bearer abcdefgh", "X-Env": "staging"}

    assert redacted_headers(headers) == {"Authorization": "Bearer …", "X-Env": "staging"}
    assert redacted_value({"a": [{"secret": "x", "b": 1}]}) == {"a": [{"secret": "…", "b": 1}]}


@pytest.mark.parametrize("text", ["k", "pw", "hunter2", KEY, SECRET])
def test_a_mask_shows_half_of_a_secret_at_most(text: str) -> None:
    assert len(masked(text)) - 1 <= min(10, len(text) / 2)


def test_the_errors_of_the_emulator_show_no_secret() -> None:
    refused = InvalidInput(f"no {KEY}", hint=f"not {KEY}")
    missing = NotFound(f"no {KEY}", hint=f"not {KEY}")

    assert KEY not in f"{refused} {refused.problems} {refused.hint} {refused!r}"
    assert KEY not in f"{missing} {missing.message} {missing.hint} {missing!r}"
