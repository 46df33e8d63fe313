"""The 94 filters of the lead database, and the catalogue of their values.

Names, kinds and choices are the vendor's (section (b) 5 and 14). Which values the free filters have
is invented: those that the made-up people are made of.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mock_sendpilot.world.people_words import (
    CITIES,
    COMPANIES,
    COMPANY_SIZES,
    COUNTRIES,
    DEPARTMENTS,
    INDUSTRIES,
    ROLES,
    SENIORITY_LEVELS,
)

TEXTS, CHOICES, CODES, LABELLED = "texts", "choices", "codes", "labelled"
"""Kinds that are arrays: of texts, of some words, of some numbers, of `{label, value}`."""
TEXT, CHOICE, FLAG, NUMBER, DATE = "text", "choice", "flag", "number", "date"
"""Kinds that are one value; a date is a text `dd/mm/yyyy`."""

EXCLUDED = "excluded_"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A code of a classification, and what it stands for."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """One filter. `minimum` and `maximum` are of a number, `choices` of an enumeration."""

    name: str
    kind: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    alias_of: str | None = None


def _each(
    names: str, kind: str, *, minimum: int | None = None, maximum: int | None = None
) -> Iterator[LeadFilter]:
    for name in names.split():
        yield LeadFilter(name, kind, minimum=minimum, maximum=maximum)


def _with_twins(names: str) -> Iterator[LeadFilter]:
    for name in names.split():
        yield LeadFilter(name, TEXTS)
        yield LeadFilter(EXCLUDED + name, TEXTS)


def _aliases() -> Iterator[LeadFilter]:
    for name, original in (
        ("experimental_industries", "industries"),
        ("experimental_member_department", "member_department"),
    ):
        yield LeadFilter(name, TEXTS, alias_of=original)
    for name, original in (
        ("excluded_experimental_industries", "excluded_industries"),
        ("excluded_experimental_department", "excluded_member_department"),
    ):
        yield LeadFilter(name, TEXTS, alias_of=original)


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


def _numbers() -> Iterator[LeadFilter]:
    yield from _each("max_bounce_rate min_bounce_rate", NUMBER, minimum=0, maximum=100)
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
        yield from _each(f"max_{name} min_{name}", NUMBER, minimum=0)


def _all() -> Iterator[LeadFilter]:
    yield from _with_twins(
        "companies company_linkedin_username hq_location industries job_posting_location "
        "job_posting_title job_titles keywords locations member_certifications member_department "
        "member_description member_linkedin_username member_skills technologies_used top_topics"
    )
    yield LeadFilter("excluded_job_posting_functions", TEXTS)
    yield from _each("excluded_naics_codes excluded_sic_codes", TEXTS)
    yield from _each("naics_codes sic_codes", LABELLED)
    yield from _aliases()
    yield from _enumerations()
    yield LeadFilter("excluded_company_sizes", CODES, minimum=1, maximum=len(COMPANY_SIZES))
    yield from _numbers()
    yield from _each("bulk_domains excluded_bulk_domains member_full_name", TEXT)
    yield from _each(
        "demo_available documentation_exist free_trial_available is_downloadable "
        "is_mapped_industries_strict mobile_apps_exist online_reviews_exist pricing_available",
        FLAG,
    )
    for of in ("acquired", "ipo", "job_posting"):
        yield from _each(f"{of}_start_date {of}_end_date", DATE)


LEAD_FILTERS = tuple(sorted(_all(), key=lambda each: each.name))
"""All of them, by name as in the vendor's specification."""

_NAICS = (
    Labelled("Software Publishers", "513210"),
    Labelled("Computer Systems Design Services", "541512"),
    Labelled("Commercial Banking", "522110"),
    Labelled("General Freight Trucking, Local", "484110"),
    Labelled("General Medical and Surgical Hospitals", "622110"),
)
_SIC = (
    Labelled("Prepackaged Software", "7372"),
    Labelled("Computer Programming Services", "7371"),
    Labelled("National Commercial Banks", "6021"),
    Labelled("Local Trucking Without Storage", "4212"),
    Labelled("General Medical and Surgical Hospitals", "8062"),
)
_TECHNOLOGIES = ("Excel", "Figma", "Java", "Kubernetes", "PostgreSQL", "Python", "React")
_TOPICS = ("Automation", "Fundraising", "Hiring", "Leadership", "Outbound Sales", "Sustainability")


def find_filter(name: str) -> LeadFilter | None:
    """The filter of that name, or None."""
    return next((each for each in LEAD_FILTERS if each.name == name), None)


def values_of(lead_filter: LeadFilter) -> tuple[str | Labelled, ...]:
    """What is known to be taken: the choices, or for a free filter the values that people have.

    Numbers, dates, names, keywords and domains have no catalogue: for them it is empty.
    """
    if lead_filter.choices:
        return lead_filter.choices
    if lead_filter.kind == FLAG:
        return ("true", "false")
    if lead_filter.kind == CODES:
        return tuple(str(code + 1) for code in range(len(COMPANY_SIZES)))
    name = lead_filter.alias_of or lead_filter.name
    if lead_filter.name == "excluded_naics_codes":
        return tuple(code.value for code in _NAICS)
    if lead_filter.name == "excluded_sic_codes":
        return tuple(code.value for code in _SIC)
    return _free_values(name.removeprefix(EXCLUDED))


def _free_values(name: str) -> tuple[str | Labelled, ...]:
    places = _sorted([*COUNTRIES, *(city.name for city in CITIES)])
    titles = _sorted(role.title for role in ROLES)
    known: dict[str, tuple[str | Labelled, ...]] = {
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
    return known.get(name, ())


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
