"""LinkedIn profile URLs: variants that are the same person, and texts that are none."""

import unicodedata
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mock_sendpilot.world.linkedin import is_internal, normal_profile_url

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
        "//www.linkedin.com/in/john-doe",
        "https://www.linkedin.com./in/john-doe",
        "https://www.linkedin.com:443/in/john-doe",
        "http://www.linkedin.com:80/in/john-doe",
        "https://m.linkedin.com/in/john-doe",
        "https://uk.linkedin.com/in/john-doe",
        "https://www.linkedin.com/in/john-doe/en",
        "https://www.linkedin.com/in/john-doe/pt-br/",
        "https://www.linkedin.com/in/john-doe/zh_CN",
        "https://www.linkedin.com/in/john-doe/overlay/contact-info/",
        "https://www.linkedin.com/in/john-doe/details/experience",
        "https://www.linkedin.com/in/john-doe/recent-activity/all/?x=1",
        "https://www.linkedin.com/in/john-doe///",
        "  https://www.linkedin.com/in/john-doe\n",
        "\u00a0https://www.linkedin.com/in/john-doe\u00a0",
        "https://www.linkedin.com/in/john-doe%20",
        "https://www.linkedin.com/IN/john-doe",
        "in/john-doe?miniProfileUrn=urn%3Ali%3Afs_miniProfile%3AACoAAC",
        "/in/john-doe",
    ],
)
def test_variants_of_a_profile_url_are_the_same_person(text: str) -> None:
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
        "https://www.linkedin.com/in/john-doe/english",
        "https://www.linkedin.com/in/john-doe/en/more",
        "https://www.linkedin.com/in/john-doe/details",
        "https://www.linkedin.com/in//john-doe",
        "https://www.linkedin.com/pub/john-doe/1/2/3",
        "https://abc.linkedin.com/in/john-doe",
        "https://www.de.linkedin.com/in/john-doe",
        "https://www.linkedin.com@evil.example/in/john-doe",
        "https://user:secret@www.linkedin.com/in/john-doe",
        "https://www.linkedin.com:0/in/john-doe",
        "http://www.linkedin.com:443/in/john-doe",
        "https://www.linkedin.com/in/john\ndoe",
        "https://www.linkedin.com/in/john%20doe",
        "https://www.linkedin.com/in/john%2Fdoe",
        "https://www.linkedin.com/in/john%252Ddoe",
        "https://www.linkedin.com/in/john-doe,",
        "https://www.linkedin.com/in/%FF",
        "https://www.linkedin.com/in/%EF%BF%BD",
        "https://www.linkedin.com/in/john\u202edoe",
        "https://www.linkedin.com/in/john\u3000doe",
        "https://www.linkedin.com/in/john\ud800doe",
        "https://www.linkedin.com/in/..",
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
def test_other_texts_are_no_profile_urls(text: str) -> None:
    assert normal_profile_url(text) is None


@pytest.mark.parametrize("slug", ["ACoAAAbCdEf", "ACwAAAbCdEf12", "ACoAAB-x_Y"])
def test_an_internal_id_keeps_its_case(slug: str) -> None:
    url = f"https://www.linkedin.com/in/{slug}"
    assert normal_profile_url(f"{url}/") == url
    assert is_internal(url)


@pytest.mark.parametrize("slug", ["acoaaabc", "john-doe", "ACoAA", "ACxAAAbC", "ACoAAÄb"])
def test_a_slug_is_in_lower_case(slug: str) -> None:
    url = normal_profile_url(f"https://www.linkedin.com/in/{slug}") or ""
    assert unquote(url).endswith(f"/in/{slug.lower()}")
    assert not is_internal(url)


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("राहुल-1234567", id="Devanagari"),
        pytest.param("สมชาย-ใจดี-123", id="Thai"),
        pytest.param("தமிழ்-123", id="Tamil"),
        pytest.param("বাংলা-123", id="Bengali"),
        pytest.param("مُحَمَّد-1", id="Arabic with vowel marks"),
        pytest.param("می‌خواهم", id="Persian with a non-joiner"),
        pytest.param("田中太郎", id="Chinese"),
        pytest.param("анна-1", id="Cyrillic"),
        pytest.param("jane-doe-🚀", id="emoji"),
        pytest.param("jane-👩🏽‍💻", id="joined emoji with a tone"),
        pytest.param("jane-❤️", id="emoji with a variation selector"),
        pytest.param("jane-🏴󠁧󠁢󠁥󠁮󠁧󠁿", id="flag of England"),
        pytest.param("john-doe®", id="registered sign"),
        pytest.param("o\u2019connor", id="typographic apostrophe"),
        pytest.param("l·lull", id="middle dot"),
    ],
)
def test_a_slug_may_have_any_script(slug: str) -> None:
    url = f"https://www.linkedin.com/in/{quote(slug)}"

    assert normal_profile_url(url) == url
    assert normal_profile_url(f"https://www.linkedin.com/in/{slug}") == url


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("rene\u0301-dupont", "ren\u00e9-dupont", id="decomposed accent"),
        pytest.param("RENE\u0301", "ren\u00e9", id="decomposed capital"),
        pytest.param("I\u0307brahim", "\u0130brahim", id="Turkish dotted capital I"),
        pytest.param("a\u0323\u0302", "a\u0302\u0323", id="marks in another order"),
        pytest.param("\u212bngstr\u00f6m", "\u00e5ngstr\u00f6m", id="sign for a letter"),
        pytest.param("\u1100\u1161\u11a8", "\uac01", id="Korean in parts"),
    ],
)
def test_canonically_equal_slugs_are_the_same_person(one: str, other: str) -> None:
    base = "https://www.linkedin.com/in/"

    assert normal_profile_url(base + one) == normal_profile_url(base + other) is not None


LETTERS_AND_MARKS = st.characters(categories=("L", "M", "N"))
ANYTHING = st.one_of(LETTERS_AND_MARKS, st.characters(), st.sampled_from("%/?#.-_~' ACowacIi"))


@settings(max_examples=500, deadline=None)
@given(st.text(LETTERS_AND_MARKS, min_size=1, max_size=60))
@example("\u0130brahim-1")
@example("I\u0307\u0323")
@example("ΣΑΣ")
@example("ACoAA\u212a")
def test_letters_with_marks_have_a_stable_normal_form(slug: str) -> None:
    url = normal_profile_url(f"https://www.linkedin.com/in/{slug}")

    assert url is not None
    assert url.isascii()
    assert normal_profile_url(url) == url
    assert normal_profile_url(unquote(url)) == url


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(ANYTHING, max_size=80), st.text(ANYTHING).map(f"{JOHN}".__add__)))
def test_the_normal_form_of_any_text_is_stable(text: str) -> None:
    url = normal_profile_url(text)

    assert url is None or normal_profile_url(url) == url


def test_every_letter_and_mark_of_unicode_has_a_stable_normal_form() -> None:
    characters = [c for c in map(chr, range(0x110000)) if unicodedata.category(c)[0] in "LM"]
    # So few that a slug stays short enough: some letters become three in the normal form, and how
    # many of them are neighbors depends on Python's version of Unicode.
    slugs = [
        "".join(f"a{one}I{one}\u0307" for one in characters[start : start + 20])
        for start in range(0, len(characters), 20)
    ]
    urls = [normal_profile_url(f"https://www.linkedin.com/in/{slug}") for slug in slugs]

    assert None not in urls
    assert [url for url in urls if normal_profile_url(url or "") != url] == []


def test_many_marks_cost_no_time() -> None:
    marks = "\u0301\u0323" * 500_000

    assert normal_profile_url(f"https://www.linkedin.com/in/a{marks}") is None


def test_an_encoded_and_a_plain_letter_are_the_same() -> None:
    encoded = normal_profile_url("https://www.linkedin.com/in/j%C3%B6rg")
    assert encoded == normal_profile_url("https://www.linkedin.com/in/jörg")
