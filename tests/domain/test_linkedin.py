"""Which texts are LinkedIn profile URLs, and which of them mean the same person."""

import pytest

from mock_sendpilot.domain.linkedin import normal_profile_url

JOHN = "https://www.linkedin.com/in/john-doe"


@pytest.mark.parametrize(
    "text",
    [
        JOHN,
        "http://www.linkedin.com/in/john-doe",
        "https://linkedin.com/in/john-doe/",
        "https://www.linkedin.com/in/John-Doe",
        "HTTPS://WWW.LinkedIn.com/in/john-doe",
        "https://no.linkedin.com/in/john-doe",
        "https://www.linkedin.com/in/john-doe?miniProfileUrn=urn%3Ali",
        "https://www.linkedin.com/in/john-doe/#about",
        "www.linkedin.com/in/john-doe",
        "linkedin.com/in/john-doe",
        "in/john-doe?miniProfileUrn=urn%3Ali%3Afs_miniProfile%3AACoAAC",
        "/in/john-doe",
    ],
)
def test_these_mean_the_same_person(text: str) -> None:
    assert normal_profile_url(text) == JOHN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        "https://www.linkedin.com/",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/company/acme",
        "https://www.linkedin.com/in/a/b",
        "https://linkedin.com.evil.example/in/john-doe",
        "https://evil.example/in/john-doe",
        "https://evillinkedin.com/in/john-doe",
        "ftp://www.linkedin.com/in/john-doe",
        "https://www.linkedin.com:99999/in/john-doe",
        "https://www.linkedin.com:8080/in/john-doe",
        "https://[www.linkedin.com/in/john-doe",
        "https://www.linkedin.com/in/john doe",
        "https://www.linkedin.com/in/" + "x" * 201,
    ],
)
def test_these_are_no_profile_urls(text: str) -> None:
    assert normal_profile_url(text) is None


def test_an_internal_id_keeps_its_case() -> None:
    url = "https://www.linkedin.com/in/ACoAAAbCdEf"
    assert normal_profile_url(url) == url


def test_an_encoded_and_a_plain_letter_are_the_same() -> None:
    encoded = normal_profile_url("https://www.linkedin.com/in/j%C3%B6rg")
    assert encoded == normal_profile_url("https://www.linkedin.com/in/jörg")
