"""Made-up people of the lead database, who match the filters of a search.

The same seed, filters and index always give the same person. Within one job everybody has another
profile and e-mail address. All addresses end in `.example`, so that no test ever writes to a
stranger: for a search of another domain the website is that domain, and the addresses are at
`<domain>.example`. Phone numbers are of the range reserved for fiction (555-01xx).

These filters have an effect, and so have their `excluded_` twins: `job_titles` (with
`job_title_match_mode`: exact or contains, the default; smart is treated as contains),
`seniority_levels`, `locations`, `industries` (and its alias), `companies`, `company_sizes`,
`keywords`, `member_full_name`, `member_linkedin_username`, `company_linkedin_username`,
`bulk_domains`, and `hq_location`, which is taken for the place of the person if there are no
`locations`. A keyword is put into the title, or into the company's name if titles are exact; if
companies are given too, it has no effect.
"""

import hashlib
import json
import random
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world.filters import SearchFilters
from mock_sendpilot.world.models import ExtractedLead, FoundLead
from mock_sendpilot.world.people_data import (
    CITIES,
    COMPANIES,
    FIRST_NAMES,
    LAST_NAMES,
    ROLES,
    TITLE_FOR,
    City,
    Company,
    Role,
    seniority_of,
    slug_of,
)

_NAME_COUNT = len(FIRST_NAMES) * len(LAST_NAMES)
# A prime that does not divide the number of names: stepping by it visits every name once before any
# comes again, and neighbors have nothing in common.
_STRIDE = 7919
_MAX_TITLE_LENGTH = 200
_TITLE_PARAMETERS = ("titleFreeText", "title", "keywords")
_LETTERS = re.compile(r"[^\W\d_]+")
# The number of people or companies among ten that have one.
_EMAIL, _PHONE, _WEBSITE, _PAGE, _SUMMARY, _PICTURE = 9, 6, 9, 9, 8, 8
_COMPANY_VARIANTS = 400
"""About the number of companies that are made up for values that no company has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """The parts that people are made of, so that all of them match the filters of a search.

    Attributes:
        key: a hash of the filters.
        keywords: one of them is in a text of everybody, unless there are none.
        usernames: the only LinkedIn usernames there are; None for any.
        excluded_usernames: usernames that nobody has, in lower case.
        full_name: the name of everybody, unless it is empty.
        has_fixed_titles, has_fixed_companies: whether no keyword may be added to them.
        has_all_links: whether everybody has a website and a company page.
    """

    key: str
    roles: tuple[Role, ...]
    companies: tuple[Company, ...]
    cities: tuple[City, ...]
    keywords: tuple[str, ...] = ()
    usernames: tuple[str, ...] | None = None
    excluded_usernames: frozenset[str] = frozenset()
    full_name: str = ""
    has_fixed_titles: bool = False
    has_fixed_companies: bool = False
    has_all_links: bool = False

    def count(self, limit: int) -> int:
        """Return the number of people, up to a limit; zero if the filters contradict each other."""
        if not (self.roles and self.companies and self.cities):
            return 0
        return limit if self.usernames is None else min(limit, len(self.usernames))


def criteria_for(filters: Mapping[str, Any]) -> Criteria:
    """Return the criteria of filters whose kinds have been checked."""
    parsed = SearchFilters(filters)
    text = json.dumps(filters, sort_keys=True, default=str)
    keywords = parsed.included("keywords")
    allowed_keywords = tuple(word for word in keywords if parsed.allows("keywords", word))
    has_contradiction = bool(keywords) and not allowed_keywords
    usernames = parsed.included("member_linkedin_username")
    allowed_usernames = {
        name.casefold(): name
        for name in usernames
        if not parsed.excludes("member_linkedin_username", name)
    }
    return Criteria(
        key=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        roles=() if has_contradiction else _roles(parsed),
        companies=_companies(parsed),
        cities=_cities(parsed),
        keywords=allowed_keywords,
        usernames=tuple(allowed_usernames.values()) if usernames else None,
        excluded_usernames=parsed.excluded("member_linkedin_username"),
        full_name=next(iter(parsed.included("member_full_name")), ""),
        has_fixed_titles=(parsed.are_titles_exact and bool(parsed.included("job_titles")))
        or parsed.excludes("job_titles", *allowed_keywords),
        has_fixed_companies=bool(parsed.included("companies")),
        has_all_links=any(map(parsed.included, ("bulk_domains", "company_linkedin_username"))),
    )


def job_title_in(search_url: str) -> str | None:
    """Return the job title in a LinkedIn search: `titleFreeText`, `title` or `keywords`."""
    query = parse_qs(urlsplit(search_url).query)
    for name in _TITLE_PARAMETERS:
        title = query.get(name, [""])[0].strip().strip('"')
        if title:
            return title[:_MAX_TITLE_LENGTH]
    return None


# --- roles, companies and places ----------------------------------------------------------------


def _roles(filters: SearchFilters) -> tuple[Role, ...]:
    titles, levels = filters.included("job_titles"), filters.included("seniority_levels")
    is_exact = filters.are_titles_exact
    roles = [role for title in titles for role in _roles_for(title, levels, is_exact=is_exact)]
    return tuple(
        role
        for role in (dict.fromkeys(roles) if titles else ROLES)
        if filters.allows("job_titles", role.title)
        and filters.allows("seniority_levels", role.seniority)
        and not filters.excludes("keywords", role.title)
    )


def _roles_for(title: str, levels: Sequence[str], *, is_exact: bool) -> list[Role]:
    """Return roles with a title, at one of the levels if there are any; new ones if necessary."""
    own = Role(title, seniority_of(title))
    similar = [role for role in ROLES if title.casefold() in role.title.casefold()]
    known = [own] if is_exact else similar or [own]
    if not levels:
        return known
    matching = [role for role in (own, *known) if role.seniority in levels]
    return matching or [
        Role(title if is_exact else TITLE_FOR[level].format(title), level) for level in levels
    ]


def _companies(filters: SearchFilters) -> tuple[Company, ...]:
    companies = _named_companies(filters)
    for attribute, name in (
        ("slug", "company_linkedin_username"),
        ("domain", "bulk_domains"),
        ("industry", "industries"),
        ("size", "company_sizes"),
    ):
        companies = _with_values(companies, attribute, filters.included(name))
    return tuple(
        company
        for company in dict.fromkeys(companies)
        if _is_allowed_kind(company, filters)
        and not filters.excludes("companies", company.name)
        and not filters.excludes("company_linkedin_username", company.slug)
        and not filters.excludes("bulk_domains", company.domain)
        and not filters.excludes("keywords", company.name)
    )


def _named_companies(filters: SearchFilters) -> list[Company]:
    """Return the companies that the filters name, or else all of an allowed kind."""
    names = filters.included("companies")
    slugs = filters.included("company_linkedin_username")
    domains = filters.included("bulk_domains")
    models = [each for each in COMPANIES if _is_allowed_kind(each, filters)] or [*COMPANIES]
    if names:
        return [_company(models, "name", name, slug=slug_of(name)) for name in names]
    if slugs:
        return [_company(models, "slug", slug, slug=slug) for slug in slugs]
    if domains:
        return [_company(models, "domain", name, slug=name.partition(".")[0]) for name in domains]
    return models


def _company(models: Sequence[Company], attribute: str, value: str, *, slug: str) -> Company:
    """Return the company with that value, or a new one, like one of the models otherwise."""
    known = [each for each in COMPANIES if _is_same(getattr(each, attribute), value)]
    if known:
        return known[0]
    # Not `hash`, which differs in every process.
    number = zlib.crc32(value.casefold().encode("utf-8", "surrogatepass"))
    slug = slug or f"company-{number}"
    changes = {
        "name": slug.replace("-", " ").title(),
        "slug": slug,
        "domain": f"{slug_of(slug) or number}.example",
        attribute: value,
    }
    return replace(models[number % len(models)], **changes)


def _with_values(companies: list[Company], attribute: str, values: Sequence[str]) -> list[Company]:
    """Return the companies that have one of the values; variants of some for any other value."""
    if not values or not companies:
        return companies
    matching: list[Company] = []
    variant_count = min(len(companies), max(1, _COMPANY_VARIANTS // len(values)))
    for number, value in enumerate(values):
        known = [each for each in companies if _is_same(getattr(each, attribute), value)]
        some = [companies[(number + step) % len(companies)] for step in range(variant_count)]
        matching += known or [replace(each, **{attribute: value}) for each in some]
    return matching[: 2 * _COMPANY_VARIANTS]  # or a few filters with many values would multiply


def _is_allowed_kind(company: Company, filters: SearchFilters) -> bool:
    return not (
        filters.excludes("industries", company.industry)
        or filters.excludes("company_sizes", company.size)
        or filters.excludes("keywords", company.industry)
    )


def _cities(filters: SearchFilters) -> tuple[City, ...]:
    places = filters.included("locations") or filters.included("hq_location")
    cities = [city for place in places for city in _cities_in(place)] if places else CITIES
    return tuple(
        city
        for city in dict.fromkeys(cities)
        if not filters.excludes("locations", *_names(city))
        and not filters.excludes("hq_location", *_names(city))
    )


def _cities_in(place: str) -> list[City]:
    """Return the cities of that name or country; an unknown place becomes a city."""
    known = [city for city in CITIES if any(_is_same(name, place) for name in _names(city))]
    name, _, country = place.rpartition(", ")
    return known or [City(name or place, country)]


def _names(city: City) -> tuple[str, str, str]:
    return city.name, city.country, f"{city.name}, {city.country}"


def _is_same(text: str, other: str) -> bool:
    return text.casefold() == other.casefold()


# --- people -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Identity:
    """The name and accounts of a person; `token` is unique within a job."""

    token: str
    first: str
    last: str
    username: str
    mailbox: str


def found_lead(seed: str, index: int, criteria: Criteria) -> FoundLead:
    """Return the person at an index below `criteria.count`."""
    chance = random.Random(f"{seed}/{criteria.key}/{index}")
    identity = _identity(seed, index, criteria)
    city = chance.choice(criteria.cities)
    role, company = _employment(chance, criteria)
    email_domain = company.domain
    if not email_domain.endswith(".example"):
        email_domain += ".example"
    # The order of these draws is part of what a seed means: a new one belongs at the end.
    email = f"{identity.mailbox}@{email_domain}" if _has(chance, _EMAIL) else None
    phone = None
    if _has(chance, _PHONE):
        phone = f"+1-{chance.randrange(201, 990)}-555-01{chance.randrange(100):02d}"
    has_page = _has(chance, _PAGE) or criteria.has_all_links
    has_website = _has(chance, _WEBSITE) or criteria.has_all_links
    page = f"https://www.linkedin.com/company/{quote(company.slug, safe='')}"
    return FoundLead(
        id=f"ldb_{identity.token}",
        first_name=identity.first,
        last_name=identity.last,
        full_name=f"{identity.first} {identity.last}".strip(),
        email=email,
        phone=phone,
        linkedin_url=f"https://www.linkedin.com/in/{quote(identity.username, safe='')}",
        job_title=role.title,
        company=company.name,
        location=city.name,
        country=city.country,
        industry=company.industry,
        seniority=role.seniority,
        company_linkedin_url=page if has_page else None,
        website=f"https://{company.domain}" if has_website else None,
        employees=company.size,
    )


def extracted_lead(seed: str, index: int, criteria: Criteria, *, enriches: bool) -> ExtractedLead:
    """Return the person at an index as LinkedIn has it; an e-mail address needs enrichment."""
    person = found_lead(seed, index, criteria)
    token = person.id.removeprefix("ldb_")
    chance = random.Random(token)
    identifier = f"ACoAA{chance.getrandbits(128):032x}"
    headline = f"{person.job_title} at {person.company}"
    place = ", ".join(part for part in (person.location, person.country) if part)
    summary = f"{headline}. {person.industry}, {place}."
    picture = f"https://pictures.example/{token}.jpg"
    return ExtractedLead(
        id=f"ext_{token}",
        linkedin_identifier=identifier,
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


def _identity(seed: str, index: int, criteria: Criteria) -> _Identity:
    start = zlib.crc32(f"{seed}/{criteria.key}".encode("utf-8", "surrogatepass"))
    number = (index * _STRIDE + start) % _NAME_COUNT
    first, last = FIRST_NAMES[number // len(LAST_NAMES)], LAST_NAMES[number % len(LAST_NAMES)]
    mailbox_number = ""
    username = ""
    if criteria.usernames is not None:
        username = criteria.usernames[index]
        # `ida-holm-12` has a name in it; `iholm` has none.
        names = _LETTERS.findall(username) if "-" in username else []
        if len(names) > 1:
            first, last = names[0].title(), names[1].title()
        mailbox_number = str(number)
    if criteria.full_name:
        first_word, _, family = criteria.full_name.partition(" ")
        first, last = (first_word, family.strip()) if family else (first, first_word)
        mailbox_number = str(number)  # since everybody has this name
    if not username:
        username = f"{slug_of(f'{first} {last}') or 'person'}-{start & 0xFF:02x}{number:04x}"
        while username.casefold() in criteria.excluded_usernames:
            username += "-1"  # the set is finite, so one ending is free
    mailbox = ".".join(filter(None, (slug_of(first), slug_of(last)))) or "person"
    return _Identity(
        f"{start:08x}{number:04x}", first, last, username, f"{mailbox}{mailbox_number}"
    )


def _employment(chance: random.Random, criteria: Criteria) -> tuple[Role, Company]:
    """Draw a role at a company, with one of the keywords in a text if there are any."""
    role, company = chance.choice(criteria.roles), chance.choice(criteria.companies)
    if not criteria.keywords:
        return role, company
    word = chance.choice(criteria.keywords)
    if word.casefold() in f"{role.title}\n{company.name}\n{company.industry}".casefold():
        return role, company
    if not criteria.has_fixed_titles:
        return replace(role, title=f"{role.title}, {word}"), company
    if not criteria.has_fixed_companies:
        return role, replace(company, name=f"{company.name} {word}")
    return role, company


def _has(chance: random.Random, of_ten: int) -> bool:
    return chance.randrange(10) < of_ten
