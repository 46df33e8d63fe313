"""Made-up people: repeatable, distinct, plausible, and matching their filters."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_sendpilot.world.linkedin import normal_profile_url
from mock_sendpilot.world.models import FoundLead
from mock_sendpilot.world.people import criteria_for, extracted_lead, found_lead, job_title_in
from mock_sendpilot.world.people_data import (
    CITIES,
    COMPANIES,
    COMPANY_SIZES,
    FIRST_NAMES,
    LAST_NAMES,
    ROLES,
    SENIORITY_LEVELS,
    TITLE_FOR,
    seniority_of,
    slug_of,
)

MANY = 60


def people(filters: dict[str, Any] | None = None, *, count: int = MANY) -> list[FoundLead]:
    criteria = criteria_for(filters or {})
    return [found_lead("seed", index, criteria) for index in range(criteria.count(count))]


# --- the data ---------------------------------------------------------------------------------


def test_the_data_has_more_names_than_a_job_finds_people() -> None:
    names = {slug_of(f"{first} {last}") for first in FIRST_NAMES for last in LAST_NAMES}

    assert len(names) == len(FIRST_NAMES) * len(LAST_NAMES) > 10_000


def test_every_title_has_its_seniority() -> None:
    assert [role for role in ROLES if seniority_of(role.title) != role.seniority] == []


@pytest.mark.parametrize("level", SENIORITY_LEVELS)
def test_every_level_has_titles_and_a_template(level: str) -> None:
    assert level in {role.seniority for role in ROLES}
    assert seniority_of(TITLE_FOR[level].format("Sales")) == level


def test_companies_are_of_all_sizes_and_in_reserved_domains() -> None:
    assert {company.size for company in COMPANIES} == set(COMPANY_SIZES)
    assert all(company.domain.endswith(".example") for company in COMPANIES)


# --- one person -------------------------------------------------------------------------------


def test_the_same_seed_filters_and_index_give_the_same_person() -> None:
    assert people({"job_titles": ["CFO"]}) == people({"job_titles": ["CFO"]})


@pytest.mark.parametrize("filters", [{"job_titles": ["CFO"]}, {"demo_available": True}])
def test_other_filters_give_other_people(filters: dict[str, Any]) -> None:
    urls = {person.linkedin_url for person in people()}

    assert urls.isdisjoint(person.linkedin_url for person in people(filters))


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({}, id="none"),
        pytest.param({"companies": ["Acme"]}, id="one company"),
        pytest.param({"member_full_name": "Ida Holm"}, id="one name"),
    ],
)
def test_nobody_of_10000_is_like_another(filters: dict[str, Any]) -> None:
    found = people(filters, count=10_000)
    addresses = [person.email for person in found if person.email]

    assert len({person.id for person in found}) == 10_000
    assert len({person.linkedin_url for person in found}) == 10_000
    assert len(set(addresses)) == len(addresses) > 8_000


def test_a_person_is_coherent() -> None:
    cities = {(city.name, city.country) for city in CITIES}
    companies = {company.name: company for company in COMPANIES}
    for person in people():
        company = companies[person.company]
        assert person.full_name == f"{person.first_name} {person.last_name}"
        assert (person.location, person.country) in cities
        assert (person.industry, person.employees) == (company.industry, company.size)
        assert person.seniority == seniority_of(person.job_title)
        assert normal_profile_url(person.linkedin_url) == person.linkedin_url
        mailbox = f"{slug_of(person.first_name)}.{slug_of(person.last_name)}"
        assert person.email in {None, f"{mailbox}@{company.domain}"}


@pytest.mark.parametrize("attribute", ["email", "phone", "website", "company_linkedin_url"])
def test_an_optional_fact_is_known_of_most_people(attribute: str) -> None:
    known = [getattr(person, attribute) for person in people() if getattr(person, attribute)]

    assert MANY / 3 < len(known) < MANY


# --- filters ----------------------------------------------------------------------------------


Holds = Callable[[FoundLead], bool]


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        pytest.param({"job_titles": ["CFO"]}, lambda p: "cfo" in p.job_title.lower(), id="title"),
        pytest.param(
            {"job_titles": ["Beekeeper"]}, lambda p: p.job_title == "Beekeeper", id="new title"
        ),
        pytest.param(
            {"job_titles": ["ceo"], "job_title_match_mode": "exact"},
            lambda p: (p.job_title, p.seniority) == ("ceo", "C-Level"),
            id="exact title",
        ),
        pytest.param(
            {"job_titles": ["Sales"], "seniority_levels": ["Director"]},
            lambda p: "Sales" in p.job_title and p.seniority == "Director",
            id="title and level",
        ),
        pytest.param(
            {"job_titles": ["Beekeeping"], "seniority_levels": ["Head"]},
            lambda p: (p.job_title, p.seniority) == ("Head of Beekeeping", "Head"),
            id="new title at a level",
        ),
        pytest.param(
            {"excluded_job_titles": ["Manager"]},
            lambda p: "manager" not in p.job_title.lower(),
            id="no title",
        ),
        pytest.param(
            {"seniority_levels": ["Founder", "Owner"]},
            lambda p: p.seniority in {"Founder", "Owner"},
            id="levels",
        ),
        pytest.param(
            {"excluded_seniority_levels": ["Intern"]}, lambda p: p.seniority != "Intern", id="no"
        ),
        pytest.param({"locations": ["Norway"]}, lambda p: p.country == "Norway", id="country"),
        pytest.param({"locations": ["USA"]}, lambda p: p.country == "United States", id="USA"),
        pytest.param(
            {"locations": ["oslo"]}, lambda p: (p.location, p.country) == ("Oslo", "Norway"), id="c"
        ),
        pytest.param(
            {"locations": ["Reykjavik, Iceland"]},
            lambda p: (p.location, p.country) == ("Reykjavik", "Iceland"),
            id="new place",
        ),
        pytest.param(
            {"excluded_locations": ["Germany", "Oslo"]},
            lambda p: p.country != "Germany" and p.location != "Oslo",
            id="no place",
        ),
        pytest.param({"hq_location": ["Kenya"]}, lambda p: p.country == "Kenya", id="hq"),
        pytest.param({"industries": ["Retail"]}, lambda p: p.industry == "Retail", id="industry"),
        pytest.param(
            {"experimental_industries": ["Beekeeping"]},
            lambda p: p.industry == "Beekeeping",
            id="alias, new industry",
        ),
        pytest.param(
            {"excluded_industries": ["Retail"]}, lambda p: p.industry != "Retail", id="no industry"
        ),
        pytest.param(
            {"companies": ["Acme", "Wavelet"]},
            lambda p: p.company in {"Acme", "Wavelet"},
            id="companies",
        ),
        pytest.param(
            {"excluded_companies": ["Wavelet"]}, lambda p: p.company != "Wavelet", id="no company"
        ),
        pytest.param(
            {"companies": ["Acme"], "excluded_industries": ["Retail"], "company_sizes": ["1"]},
            lambda p: p.industry != "Retail" and p.employees == "1",
            id="a new company fits, too",
        ),
        pytest.param({"company_sizes": ["1"]}, lambda p: p.employees == "1", id="size"),
        pytest.param(
            {"excluded_company_sizes": [1, 9]},
            lambda p: p.employees not in {"1", "10001+"},
            id="no size",
        ),
        pytest.param(
            {"keywords": ["SaaS"]},
            lambda p: "SaaS" in p.job_title or "SaaS" in p.company,
            id="keyword",
        ),
        pytest.param(
            {"keywords": ["SaaS"], "job_titles": ["CFO"], "job_title_match_mode": "exact"},
            lambda p: p.job_title == "CFO" and "SaaS" in p.company,
            id="keyword beside an exact title",
        ),
        pytest.param(
            {"keywords": ["Growth"], "excluded_job_titles": ["growth"]},
            lambda p: "Growth" not in p.job_title and "Growth" in p.company,
            id="keyword that no title may hold",
        ),
        pytest.param(
            {"excluded_keywords": ["sales"]}, lambda p: "sales" not in p.job_title.lower(), id="nk"
        ),
        pytest.param(
            {"member_full_name": "Ida Holm"}, lambda p: p.full_name == "Ida Holm", id="full name"
        ),
        pytest.param({"member_full_name": "Holm"}, lambda p: p.last_name == "Holm", id="surname"),
        pytest.param(
            {"company_linkedin_username": ["acme-inc"]},
            lambda p: p.company_linkedin_url == "https://www.linkedin.com/company/acme-inc",
            id="company page",
        ),
        pytest.param(
            {"bulk_domains": "https://www.acme.com/about, wavelet.example"},
            lambda p: p.website in {"https://acme.com", "https://wavelet.example"},
            id="domains",
        ),
        pytest.param(
            {"companies": ["日本"], "member_full_name": "山田"},
            lambda p: p.email is None or (p.email.isascii() and p.email.endswith(".example")),
            id="names that no address can hold",
        ),
        pytest.param(
            {"excluded_bulk_domains": "wavelet.example\nminted-pay.example"},
            lambda p: p.company not in {"Wavelet", "Minted Pay"},
            id="no domains",
        ),
    ],
)
def test_everybody_matches_the_filters(filters: dict[str, Any], holds: Holds) -> None:
    found = people(filters)

    assert len(found) == MANY
    assert [person for person in found if not holds(person)] == []


def test_addresses_are_always_in_reserved_domains() -> None:
    found = people({"bulk_domains": "acme.com", "member_full_name": "Ida Holm"})
    domains = {person.email.partition("@")[2] for person in found if person.email}

    assert domains == {"acme.com.example"}


def test_usernames_in_a_filter_limit_the_people() -> None:
    found = people({"member_linkedin_username": ["ida-holm-1", "jdoe"]})

    assert [person.linkedin_url.rpartition("/")[2] for person in found] == ["ida-holm-1", "jdoe"]
    assert found[0].full_name == "Ida Holm"


def test_nobody_has_an_excluded_username() -> None:
    taken = [person.linkedin_url.rpartition("/")[2] for person in people()]
    first = found_lead("seed", 0, criteria_for({}))

    other = people({"excluded_member_linkedin_username": taken})

    assert first.linkedin_url.endswith(taken[0])
    assert {person.linkedin_url.rpartition("/")[2] for person in other}.isdisjoint(taken)


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({"locations": ["Oslo"], "excluded_locations": ["Norway"]}, id="places"),
        pytest.param({"companies": ["Acme"], "excluded_companies": ["ACME"]}, id="companies"),
        pytest.param({"keywords": ["ai"], "excluded_keywords": ["AI"]}, id="keywords"),
        pytest.param(
            {"seniority_levels": ["Head"], "excluded_seniority_levels": ["Head"]}, id="levels"
        ),
        pytest.param({"excluded_company_sizes": [*range(1, 10)]}, id="no size is left"),
    ],
)
def test_contradicting_filters_find_nobody(filters: dict[str, Any]) -> None:
    assert people(filters) == []


# --- extractions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("keywords=cfo", "cfo"),
        ("keywords=cfo&titleFreeText=Head%20of%20Sales", "Head of Sales"),
        ("title=%22CTO%22", "CTO"),
        ("geoUrn=1", None),
        ("keywords=", None),
    ],
)
def test_the_job_title_is_taken_from_a_linkedin_search(query: str, title: str | None) -> None:
    assert job_title_in(f"https://www.linkedin.com/search/results/people/?{query}") == title


def test_an_extracted_lead_is_coherent() -> None:
    lead = extracted_lead("seed", 1, criteria_for({}), enriches=True)

    assert lead.headline == f"{lead.job_position} at {lead.company}"
    assert lead.location == f"{lead.city}, {lead.country}"
    assert lead.linkedin_identifier.startswith("ACoAA")


def test_without_enrichment_nobody_has_an_address() -> None:
    leads = [
        extracted_lead("seed", index, criteria_for({}), enriches=False) for index in range(MANY)
    ]

    assert {lead.email for lead in leads} == {None}
