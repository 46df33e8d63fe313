"""The 94 filters of the lead database: their catalogue, and the people who match them.

Names, kinds and choices are those of the vendor's newest specification. Invented are the values of
filters without choices, which are those of the made-up people, and how a person is matched: letter
case never counts; a job title, a keyword or a full name matches where it is contained, any other
value where it is equal; of several values of one filter any will do, and all filters count.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world.models import FoundLead
from mock_sendpilot.world.people_data import (
    CITIES,
    COMPANIES,
    COMPANY_SIZES,
    COUNTRIES,
    DEPARTMENTS,
    INDUSTRIES,
    ROLES,
    SENIORITY_LEVELS,
)

TEXTS, CHOICES, CODES, LABELED = "texts", "choices", "codes", "labeled"
"""Kinds with several values: texts, words of an enumeration, numbers, `{label, value}` objects."""
TEXT, CHOICE, FLAG, NUMBER, DATE = "text", "choice", "flag", "number", "date"
"""Kinds with one value; a date is a text `dd/mm/yyyy`."""

EXCLUDED = "excluded_"
"""The prefix of the twin of a filter, which excludes people."""

_SUPPORTED = (
    "job_titles",
    "seniority_levels",
    "locations",
    "hq_location",
    "industries",
    "companies",
    "company_sizes",
    "keywords",
    "member_full_name",
    "member_linkedin_username",
    "company_linkedin_username",
    "bulk_domains",
)
"""The filters with an effect on the people found; each has a twin that excludes."""
_ALIASES: Mapping[str, str] = {
    "industries": "experimental_industries",
    "excluded_industries": "excluded_experimental_industries",
}
_PLACES = ("locations", "hq_location")
_MATCHED_BY_PART = ("keywords", "member_full_name")
_COUNTRY_NAMES: Mapping[str, str] = {
    "uae": "United Arab Emirates",
    "uk": "United Kingdom",
    "us": "United States",
    "usa": "United States",
}
# No filter may keep the emulator busy for long. Values that are searched for within a text are
# compared one by one, so fewer of them are used.
_MAX_INCLUDED = 200
_MAX_EXCLUDED = 10_000
_MAX_EXCLUDED_PARTS = 200
_MAX_LENGTH = 200
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*")


@dataclass(frozen=True, slots=True)
class LabeledCode:
    """A code of a classification, and its meaning."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """A filter. A number has `minimum` and `maximum`, an enumeration has `choices`."""

    name: str
    kind: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    alias_of: str | None = None


# --- the catalogue ------------------------------------------------------------------------------

_COMPANY_TYPES = (
    "Privately Held",
    "Public Company",
    "Self-Owned",
    "Partnership",
    "Self-Employed",
    "Nonprofit",
    "Educational",
    "Government Agency",
)
_OWNERSHIPS = (
    "Private",
    "Public",
    "Investment Company",
    "NGO/NPO/NFP/Organization/Association",
    "Government",
    "Product/Brand/Service",
    "SPAC",
)
_POSTING_SENIORITIES = (
    "Entry level",
    "Internship",
    "Associate",
    "Mid-Senior level",
    "Director",
    "Executive",
    "Not Applicable",
)
_POSTING_TYPES = (
    "Full-time",
    "Part-time",
    "Contract",
    "Internship",
    "Volunteer",
    "Temporary",
    "Other",
)
_FUNDING_ROUNDS = (
    "Seed Round",
    "Pre Seed Round",
    "Venture Round",
    "Series A",
    "Grant",
    "Non Equity Assistance",
    "Private Equity Round",
    "Series B",
    "Angel Round",
    "Debt Financing",
    "Post-IPO Equity",
    "Series C",
    "Corporate Round",
    "Equity Crowdfunding",
    "Funding Round",
    "Convertible Note",
    "Post-IPO Debt",
    "Series D",
    "Secondary Market",
    "Post-IPO Secondary",
    "Initial Coin Offering",
    "Product Crowdfunding",
    "Series E",
    "Series F",
    "Series G",
    "Series H",
)


def _named(
    names: str, kind: str, *, minimum: int | None = None, maximum: int | None = None
) -> Iterator[LeadFilter]:
    for name in names.split():
        yield LeadFilter(name, kind, minimum=minimum, maximum=maximum)


def _lists() -> Iterator[LeadFilter]:
    for name in [
        "companies",
        "company_linkedin_username",
        "hq_location",
        "industries",
        "job_posting_location",
        "job_posting_title",
        "job_titles",
        "keywords",
        "locations",
        "member_certifications",
        "member_department",
        "member_description",
        "member_linkedin_username",
        "member_skills",
        "technologies_used",
        "top_topics",
    ]:
        yield LeadFilter(name, TEXTS)
        yield LeadFilter(EXCLUDED + name, TEXTS)
    yield from _named("excluded_job_posting_functions", TEXTS)
    yield from _named("excluded_naics_codes excluded_sic_codes", TEXTS)
    yield from _named("naics_codes sic_codes", LABELED)
    yield LeadFilter("excluded_company_sizes", CODES, minimum=1, maximum=len(COMPANY_SIZES))
    for name, original in (
        ("experimental_industries", "industries"),
        ("experimental_member_department", "member_department"),
        ("excluded_experimental_industries", "excluded_industries"),
        ("excluded_experimental_department", "excluded_member_department"),  # no `member` in it
    ):
        yield LeadFilter(name, TEXTS, alias_of=original)


def _enumerations() -> Iterator[LeadFilter]:
    for name, choices in (
        ("company_sizes", COMPANY_SIZES),
        ("company_type", _COMPANY_TYPES),
        ("excluded_company_type", _COMPANY_TYPES),
        ("excluded_seniority_levels", SENIORITY_LEVELS),
        ("job_posting_seniority", _POSTING_SENIORITIES),
        ("job_posting_type", _POSTING_TYPES),
        ("last_funding_round_name", _FUNDING_ROUNDS),
        ("ownership_status", _OWNERSHIPS),
        ("seniority_levels", SENIORITY_LEVELS),
    ):
        yield LeadFilter(name, CHOICES, choices)
    yield LeadFilter("job_title_match_mode", CHOICE, ("exact", "contains", "smart"))
    yield LeadFilter("job_title_smart_mode", CHOICE, ("loose", "normal", "strict"))


def _single_values() -> Iterator[LeadFilter]:
    yield from _named("max_bounce_rate min_bounce_rate", NUMBER, minimum=0, maximum=100)
    for name in (
        "average_visit_duration_seconds",
        "company_employee_reviews_aggregate_score",
        "job_duration_months",
        "last_funding_round_amount_raised",
        "pages_per_visit",
        "rank_category",
        "rank_country",
        "rank_global",
        "revenue_annual",
        "total_experience_duration_months",
        "total_website_visits_monthly",
    ):
        yield from _named(f"max_{name} min_{name}", NUMBER, minimum=0)
    yield from _named("bulk_domains excluded_bulk_domains member_full_name", TEXT)
    yield from _named(
        "demo_available documentation_exist free_trial_available is_downloadable "
        "is_mapped_industries_strict mobile_apps_exist online_reviews_exist pricing_available",
        FLAG,
    )
    for occasion in ("acquired", "ipo", "job_posting"):
        yield from _named(f"{occasion}_start_date {occasion}_end_date", DATE)


LEAD_FILTERS = tuple(
    sorted([*_lists(), *_enumerations(), *_single_values()], key=lambda each: each.name)
)
"""All filters, in the order of the vendor's specification: by name."""

_NAICS = (
    LabeledCode("Software Publishers", "513210"),
    LabeledCode("Computer Systems Design Services", "541512"),
    LabeledCode("Commercial Banking", "522110"),
    LabeledCode("General Freight Trucking, Local", "484110"),
    LabeledCode("General Medical and Surgical Hospitals", "622110"),
)
_SIC = (
    LabeledCode("Prepackaged Software", "7372"),
    LabeledCode("Computer Programming Services", "7371"),
    LabeledCode("National Commercial Banks", "6021"),
    LabeledCode("Local Trucking Without Storage", "4212"),
    LabeledCode("General Medical and Surgical Hospitals", "8062"),
)
_TECHNOLOGIES = ("Excel", "Figma", "Java", "Kubernetes", "PostgreSQL", "Python", "React")
_TOPICS = ("Automation", "Fundraising", "Hiring", "Leadership", "Outbound Sales", "Sustainability")


def find_filter(name: str) -> LeadFilter | None:
    """Return the filter of that name, or None."""
    return next((each for each in LEAD_FILTERS if each.name == name), None)


def values_of(lead_filter: LeadFilter) -> tuple[str | LabeledCode, ...]:
    """Return the known values of a filter: its choices, or the values that made-up people have.

    Numbers, dates, names, keywords and domains have no catalogue: for them it is empty.
    """
    if lead_filter.choices:
        return lead_filter.choices
    if lead_filter.kind == FLAG:
        return ("true", "false")
    if lead_filter.kind == CODES:
        return tuple(str(code + 1) for code in range(len(COMPANY_SIZES)))
    # The vendor's twins of these two take plain codes, without labels.
    if lead_filter.name == "excluded_naics_codes":
        return tuple(code.value for code in _NAICS)
    if lead_filter.name == "excluded_sic_codes":
        return tuple(code.value for code in _SIC)
    places = _sorted([*COUNTRIES, *(city.name for city in CITIES)])
    titles = _sorted(role.title for role in ROLES)
    known: Mapping[str, tuple[str | LabeledCode, ...]] = {
        "companies": _sorted(company.name for company in COMPANIES),
        "company_linkedin_username": _sorted(company.slug for company in COMPANIES),
        "hq_location": places,
        "industries": INDUSTRIES,
        "job_posting_functions": DEPARTMENTS,
        "job_posting_location": places,
        "job_posting_title": titles,
        "job_titles": titles,
        "locations": places,
        "member_department": DEPARTMENTS,
        "naics_codes": _NAICS,
        "sic_codes": _SIC,
        "technologies_used": _TECHNOLOGIES,
        "top_topics": _TOPICS,
    }
    return known.get((lead_filter.alias_of or lead_filter.name).removeprefix(EXCLUDED), ())


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


# --- matching -----------------------------------------------------------------------------------


class SearchFilters:
    """The filters of a search, parsed once; their kinds have been checked.

    Of a filter the first 200 values are used and the first 10,000 excluded ones (200 where they are
    searched for within a text), and of each value the first 200 characters. A domain that cannot
    be one is ignored.
    """

    def __init__(self, filters: Mapping[str, Any]) -> None:
        self.are_titles_exact = filters.get("job_title_match_mode") == "exact"
        self._included = {name: _values(filters, name)[:_MAX_INCLUDED] for name in _SUPPORTED}
        self._folded = {name: _fold(values) for name, values in self._included.items()}
        self._excluded: dict[str, frozenset[str]] = {}
        for name in _SUPPORTED:
            count = _MAX_EXCLUDED_PARTS if self._is_matched_by_part(name) else _MAX_EXCLUDED
            self._excluded[name] = _fold(_values(filters, EXCLUDED + name)[:count])

    def included(self, name: str) -> tuple[str, ...]:
        """Return the values of a filter; none stands for any value."""
        return self._included[name]

    def excluded(self, name: str) -> frozenset[str]:
        """Return the values of a filter's twin, in lower case."""
        return self._excluded[name]

    def excludes(self, name: str, *facts: str | None) -> bool:
        """Return whether the twin of a filter excludes one of these facts."""
        return self._has(name, self._excluded[name], facts)

    def allows(self, name: str, *facts: str | None) -> bool:
        """Return whether these facts match a filter and its twin; unknown facts do."""
        known = [fact for fact in facts if fact]
        if not known:
            return True
        included = self._folded[name]
        return not self.excludes(name, *known) and (
            not included or self._has(name, included, known)
        )

    def match(self, person: FoundLead) -> bool:
        """Return whether a person matches all filters; unknown facts do."""
        place = person.location, person.country, f"{person.location}, {person.country}"
        email_domain = (person.email or "").rpartition("@")[2]
        facts: Mapping[str, tuple[str | None, ...]] = {
            "job_titles": (person.job_title,),
            "seniority_levels": (person.seniority,),
            "locations": (*place, *person.location.split(", ")) if person.location else (),
            "industries": (person.industry,),
            "companies": (person.company,),
            "company_sizes": (person.employees,),
            "keywords": (person.job_title, person.company, person.industry),
            "member_full_name": (person.full_name,),
            "member_linkedin_username": (linkedin_username(person.linkedin_url),),
            "company_linkedin_username": (linkedin_username(person.company_linkedin_url),),
            "bulk_domains": (_domain(person.website or ""), email_domain),
        }
        return all(self.allows(name, *known) for name, known in facts.items())

    def _is_matched_by_part(self, name: str) -> bool:
        return name in _MATCHED_BY_PART or (name == "job_titles" and not self.are_titles_exact)

    def _has(self, name: str, values: frozenset[str], facts: Iterable[str | None]) -> bool:
        known = [fact.casefold() for fact in facts if fact]
        if self._is_matched_by_part(name):
            return any(value in fact for value in values for fact in known)
        return not values.isdisjoint(known)


def linkedin_username(linkedin_url: str | None) -> str:
    """Return the last part of the LinkedIn URL of a person or company."""
    return unquote((linkedin_url or "").rstrip("/").rpartition("/")[2])


def _fold(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)


def _values(filters: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = filters.get(name) or filters.get(_ALIASES.get(name, name)) or ()
    if name.endswith("bulk_domains"):
        texts = [_domain(text) for text in re.split(r"[\s,;]+", value or "")]
    else:
        texts = [_text(name, item) for item in ([value] if isinstance(value, str) else value)]
    return tuple(dict.fromkeys(text for text in texts if text))


def _text(name: str, value: object) -> str:
    if isinstance(value, int):  # a code of excluded_company_sizes
        return COMPANY_SIZES[value - 1]
    text = str(value).strip()[:_MAX_LENGTH]
    return _COUNTRY_NAMES.get(text.casefold(), text) if name.endswith(_PLACES) else text


def _domain(text: str) -> str:
    """Return `example.com` for `https://www.example.com/about`; an empty text for no domain."""
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    host = host.removeprefix("www.")[:_MAX_LENGTH]
    return host if _HOST.fullmatch(host) else ""
