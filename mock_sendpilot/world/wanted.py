"""What made-up people are made of so that they fit the filters of a search.

Honoured are, with their `excluded_` twins: `job_titles` (with `job_title_match_mode`: exact or
contains, which is the default; smart counts as contains), `seniority_levels`, `locations`,
`industries` (and its alias), `companies`, `company_sizes`, `keywords`, `member_full_name`,
`member_linkedin_username`, `company_linkedin_username`, `bulk_domains`, and `hq_location`, which is
taken for the place of the person where no `locations` are wanted. A keyword is put into the title,
or into the company's name where exact titles are wanted; where companies are wanted, too, it has no
effect, as the other filters have none.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mock_sendpilot.world.filter_matching import Filters
from mock_sendpilot.world.people_words import (
    CITIES,
    COMPANIES,
    ROLES,
    TITLE_FOR,
    City,
    Company,
    Role,
    seniority_of,
    slug_of,
)

_ABOUT_MANY = 400
"""About so many companies are made up for values that none of ours has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What people are made of.

    Attributes:
        key: the same for the same filters.
        keywords: one of them is to stand in a text, unless there are none.
        usernames: the only ones there are on LinkedIn; None for any.
        excluded_usernames: in lower case, those that nobody has.
        full_name: of everybody, unless it is empty.
        has_fixed_titles, has_fixed_companies: no keyword may be added there.
        has_all_links: nobody is without a website and a page of the company.
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

    def count(self, most: int) -> int:
        """How many people there are, up to so many: none when filters contradict each other."""
        if not (self.roles and self.companies and self.cities):
            return 0
        return most if self.usernames is None else min(most, len(self.usernames))


def wanted(given: Mapping[str, Any]) -> Wanted:
    """What is wanted by filters that are known to be of the vendor's kinds."""
    filters = Filters(given)
    keywords = filters.wanted("keywords")
    possible_keywords = tuple(word for word in keywords if filters.allow("keywords", word))
    contradicts = bool(keywords) and not possible_keywords
    return Wanted(
        key=_key(given),
        roles=() if contradicts else _roles(filters),
        companies=_companies(filters),
        cities=_cities(filters),
        keywords=possible_keywords,
        usernames=_usernames(filters),
        excluded_usernames=filters.excluded("member_linkedin_username"),
        full_name=next(iter(filters.wanted("member_full_name")), ""),
        has_fixed_titles=(filters.are_titles_exact and bool(filters.wanted("job_titles")))
        or filters.exclude("job_titles", *possible_keywords),
        has_fixed_companies=bool(filters.wanted("companies")),
        has_all_links=any(map(filters.wanted, ("bulk_domains", "company_linkedin_username"))),
    )


def _key(given: Mapping[str, Any]) -> str:
    text = json.dumps(given, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _usernames(filters: Filters) -> tuple[str, ...] | None:
    names = filters.wanted("member_linkedin_username")
    possible = (name for name in names if not filters.exclude("member_linkedin_username", name))
    return tuple({name.casefold(): name for name in possible}.values()) if names else None


# --- roles --------------------------------------------------------------------------------------


def _roles(filters: Filters) -> tuple[Role, ...]:
    titles, levels = filters.wanted("job_titles"), filters.wanted("seniority_levels")
    exactly = filters.are_titles_exact
    made = (role for title in titles for role in _roles_of(title, levels, exactly=exactly))
    return tuple(
        role
        for role in (dict.fromkeys(made) if titles else ROLES)
        if filters.allow("job_titles", role.title)
        and filters.allow("seniority_levels", role.seniority)
        and not filters.exclude("keywords", role.title)
    )


def _roles_of(title: str, levels: Sequence[str], *, exactly: bool) -> list[Role]:
    """Roles with a title, at one of the levels if there are some; made up where we have none."""
    own = [Role(title, seniority_of(title))]
    like = [role for role in ROLES if title.casefold() in role.title.casefold()]
    known = own if exactly else like or own
    if not levels:
        return known
    fitting = [role for role in (*own, *known) if role.seniority in levels]
    form = "{}" if exactly else None
    return fitting or [Role((form or TITLE_FOR[level]).format(title), level) for level in levels]


# --- companies ----------------------------------------------------------------------------------


def _companies(filters: Filters) -> tuple[Company, ...]:
    found = _employers(filters)
    for attribute, name in (
        ("slug", "company_linkedin_username"),
        ("domain", "bulk_domains"),
        ("industry", "industries"),
        ("size", "company_sizes"),
    ):
        found = _fitted(found, attribute, filters.wanted(name))
    return tuple(company for company in dict.fromkeys(found) if _allowed(company, filters))


def _employers(filters: Filters) -> list[Company]:
    """The companies that are named in some way, or else all of ours."""
    names = filters.wanted("companies")
    slugs = filters.wanted("company_linkedin_username")
    domains = filters.wanted("bulk_domains")
    models = [each for each in COMPANIES if _allowed_kind(each, filters)] or [*COMPANIES]
    if names:
        return [_company(models, "name", name, slug=slug_of(name)) for name in names]
    if slugs:
        return [_company(models, "slug", slug, slug=slug) for slug in slugs]
    if domains:
        return [_company(models, "domain", name, slug=name.partition(".")[0]) for name in domains]
    return models


def _company(models: Sequence[Company], attribute: str, value: str, *, slug: str) -> Company:
    """Our company of that value, or a new one in the trade and of the size of a model."""
    ours = [each for each in COMPANIES if _same(getattr(each, attribute), value)]
    if ours:
        return ours[0]
    number = zlib.crc32(value.casefold().encode("utf-8", "surrogatepass"))
    slug = slug or f"company-{number}"
    facts = {
        "name": slug.replace("-", " ").title(),
        "slug": slug,
        "domain": f"{slug_of(slug) or number}.example",
        attribute: value,
    }
    return replace(models[number % len(models)], **facts)


def _fitted(companies: list[Company], attribute: str, values: Sequence[str]) -> list[Company]:
    """The companies that have one of the values; where none has a value, some are given it."""
    if not values or not companies:
        return companies
    fitted: list[Company] = []
    most = min(len(companies), max(1, _ABOUT_MANY // len(values)))
    for number, value in enumerate(values):
        own = [each for each in companies if _same(getattr(each, attribute), value)]
        some = [companies[(number + step) % len(companies)] for step in range(most)]
        fitted += own or [replace(each, **{attribute: value}) for each in some]
    return fitted[: 2 * _ABOUT_MANY]


def _allowed_kind(company: Company, filters: Filters) -> bool:
    return not (
        filters.exclude("industries", company.industry)
        or filters.exclude("company_sizes", company.size)
        or filters.exclude("keywords", company.industry)
    )


def _allowed(company: Company, filters: Filters) -> bool:
    return _allowed_kind(company, filters) and not (
        filters.exclude("companies", company.name)
        or filters.exclude("company_linkedin_username", company.slug)
        or filters.exclude("bulk_domains", company.domain)
        or filters.exclude("keywords", company.name)
    )


# --- places -------------------------------------------------------------------------------------


def _cities(filters: Filters) -> tuple[City, ...]:
    places = filters.wanted("locations") or filters.wanted("hq_location")
    found = [city for place in places for city in _cities_of(place)] if places else CITIES
    return tuple(city for city in dict.fromkeys(found) if not _is_excluded(city, filters))


def _cities_of(place: str) -> list[City]:
    """Our cities of that name or country; for a place that we have not, the place itself."""
    ours = [city for city in CITIES if any(_same(name, place) for name in _names(city))]
    name, _, country = place.rpartition(", ")
    return ours or [City(name or place, country)]


def _is_excluded(city: City, filters: Filters) -> bool:
    return any(filters.exclude(name, *_names(city)) for name in ("locations", "hq_location"))


def _names(city: City) -> tuple[str, str, str]:
    return city.name, city.country, f"{city.name}, {city.country}"


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
