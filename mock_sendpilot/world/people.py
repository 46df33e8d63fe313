"""Made-up people: the same seed, filters and index always give the same person.

Within one job everybody has another profile and e-mail address. All addresses end in `.example`,
also where a search wants a company of another domain: its website is that domain, and its people
have addresses at `<domain>.example`, so that no test ever writes to a stranger. Phone numbers are
of the range that is kept for fiction (555-01xx).
"""

import random
import re
import zlib
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, urlsplit

from mock_sendpilot.world.jobs import ExtractedLead, FoundLead
from mock_sendpilot.world.people_words import (
    FIRST_NAMES,
    LAST_NAMES,
    Company,
    Role,
    slug_of,
)
from mock_sendpilot.world.wanted import Wanted

_NAMES = len(FIRST_NAMES) * len(LAST_NAMES)
# It has no divisor in common with the number of names: each index up to it has another name, and
# neighbours have nothing in common.
_STRIDE = 7919
_LONGEST_TITLE = 200
_TITLE_PARAMETERS = ("titleFreeText", "title", "keywords")
_PARTS = re.compile(r"[^\W\d_]+")
# How many of ten people, or companies, have it.
_EMAIL, _PHONE, _WEBSITE, _PAGE, _SUMMARY, _PICTURE = 9, 6, 9, 9, 8, 8


@dataclass(frozen=True, slots=True)
class _Identity:
    """Who a person is. `token` is nobody else's in the same job."""

    token: str
    first: str
    last: str
    username: str
    mailbox: str


def found_lead(seed: str, index: int, wanted: Wanted) -> FoundLead:
    """The person at an index, from 0 to less than `Wanted.count`, of those that are wanted."""
    chance = random.Random(f"{seed}/{wanted.key}/{index}")
    identity = _identity(seed, index, wanted)
    city = chance.choice(wanted.cities)
    role, company = _employment(chance, wanted)
    page = f"https://www.linkedin.com/company/{quote(company.slug, safe='')}"
    return FoundLead(
        id=f"ldb_{identity.token}",
        first_name=identity.first,
        last_name=identity.last,
        full_name=f"{identity.first} {identity.last}".strip(),
        email=_email(identity, company) if _has(chance, _EMAIL) else None,
        phone=_phone(chance) if _has(chance, _PHONE) else None,
        linkedin_url=f"https://www.linkedin.com/in/{quote(identity.username, safe='')}",
        job_title=role.title,
        company=company.name,
        location=city.name,
        country=city.country,
        industry=company.industry,
        seniority=role.seniority,
        company_linkedin_url=page if _has(chance, _PAGE) or wanted.has_all_links else None,
        website=_website(company) if _has(chance, _WEBSITE) or wanted.has_all_links else None,
        employees=company.size,
    )


def extracted_lead(seed: str, index: int, wanted: Wanted, *, enriches: bool) -> ExtractedLead:
    """The same as LinkedIn shows it. Without enrichment nobody has an e-mail address."""
    person = found_lead(seed, index, wanted)
    token = person.id.removeprefix("ldb_")
    chance = random.Random(token)
    headline = f"{person.job_title} at {person.company}"
    place = ", ".join(part for part in (person.location, person.country) if part)
    summary = f"{headline}. {person.industry}, {place}."
    picture = f"https://pictures.example/{token}.jpg"
    return ExtractedLead(
        id=f"ext_{token}",
        linkedin_identifier=f"ACoAA{chance.getrandbits(128):032x}",
        linkedin_url=person.linkedin_url,
        first_name=person.first_name,
        last_name=person.last_name,
        full_name=person.full_name,
        headline=headline,
        summary=summary if _has(chance, _SUMMARY) else None,
        location=place,
        city=person.location,
        country=person.country,
        profile_picture_url=picture if _has(chance, _PICTURE) else None,
        company=person.company,
        job_position=person.job_title,
        email=person.email if enriches else None,
    )


def title_of(search_url: str) -> str | None:
    """The job title that a LinkedIn search asks for: `titleFreeText`, `title` or `keywords`."""
    query = parse_qs(urlsplit(search_url).query)
    for name in _TITLE_PARAMETERS:
        title = query.get(name, [""])[0].strip().strip('"')
        if title:
            return title[:_LONGEST_TITLE]
    return None


def _identity(seed: str, index: int, wanted: Wanted) -> _Identity:
    start = zlib.crc32(f"{seed}/{wanted.key}".encode("utf-8", "surrogatepass"))
    number = (index * _STRIDE + start) % _NAMES
    first, last = FIRST_NAMES[number // len(LAST_NAMES)], LAST_NAMES[number % len(LAST_NAMES)]
    tail = f"{start & 0xFF:02x}{number:04x}"
    username, mark = "", ""
    if wanted.usernames is not None:
        username = wanted.usernames[index]
        first, last = _name_of(username) or (first, last)
        mark = str(number)
    if wanted.full_name:
        given, _, family = wanted.full_name.partition(" ")
        first, last = (given, family.strip()) if family else (first, given)
        mark = str(number)  # everybody has this name
    name = slug_of(f"{first} {last}") or "person"
    username = username or f"{name}-{tail}"
    while wanted.usernames is None and username.casefold() in wanted.excluded_usernames:
        username += "-1"
    mailbox = ".".join(filter(None, (slug_of(first), slug_of(last)))) or "person"
    return _Identity(f"{start:08x}{number:04x}", first, last, username, mailbox + mark)


def _name_of(username: str) -> tuple[str, str] | None:
    """`ida-holm-12` tells the name; `iholm` does not."""
    parts = _PARTS.findall(username) if "-" in username else []
    return (parts[0].title(), parts[1].title()) if len(parts) > 1 else None


def _employment(chance: random.Random, wanted: Wanted) -> tuple[Role, Company]:
    """A role at a company, and a keyword in one of their texts if keywords are wanted."""
    role, company = chance.choice(wanted.roles), chance.choice(wanted.companies)
    if not wanted.keywords:
        return role, company
    word = chance.choice(wanted.keywords)
    if word.casefold() in f"{role.title}\n{company.name}\n{company.industry}".casefold():
        return role, company
    if not wanted.has_fixed_titles:
        return replace(role, title=f"{role.title}, {word}"), company
    if not wanted.has_fixed_companies:
        return role, replace(company, name=f"{company.name} {word}")
    return role, company


def _has(chance: random.Random, of_ten: int) -> bool:
    return chance.randrange(10) < of_ten


def _email(identity: _Identity, company: Company) -> str:
    domain = company.domain
    return f"{identity.mailbox}@{domain if domain.endswith('.example') else f'{domain}.example'}"


def _website(company: Company) -> str:
    return f"https://{company.domain}"


def _phone(chance: random.Random) -> str:
    return f"+1-{chance.randrange(201, 990)}-555-01{chance.randrange(100):02d}"
