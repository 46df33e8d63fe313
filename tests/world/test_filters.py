"""The filters of the lead database: their catalogue, and the people who match them."""

from typing import Any

import pytest

from mock_sendpilot.world import filters as kinds
from mock_sendpilot.world.filters import (
    LEAD_FILTERS,
    LabeledCode,
    SearchFilters,
    find_filter,
    values_of,
)
from mock_sendpilot.world.models import FoundLead
from mock_sendpilot.world.people_data import COMPANIES, INDUSTRIES

NAMES = """
acquired_end_date acquired_start_date bulk_domains companies company_linkedin_username
company_sizes company_type demo_available documentation_exist excluded_bulk_domains
excluded_companies excluded_company_linkedin_username excluded_company_sizes excluded_company_type
excluded_experimental_department excluded_experimental_industries excluded_hq_location
excluded_industries excluded_job_posting_functions excluded_job_posting_location
excluded_job_posting_title excluded_job_titles excluded_keywords excluded_locations
excluded_member_certifications excluded_member_department excluded_member_description
excluded_member_linkedin_username excluded_member_skills excluded_naics_codes
excluded_seniority_levels excluded_sic_codes excluded_technologies_used excluded_top_topics
experimental_industries experimental_member_department free_trial_available hq_location industries
ipo_end_date ipo_start_date is_downloadable is_mapped_industries_strict job_posting_end_date
job_posting_location job_posting_seniority job_posting_start_date job_posting_title
job_posting_type job_title_match_mode job_title_smart_mode job_titles keywords
last_funding_round_name locations max_average_visit_duration_seconds max_bounce_rate
max_company_employee_reviews_aggregate_score max_job_duration_months
max_last_funding_round_amount_raised max_pages_per_visit max_rank_category max_rank_country
max_rank_global max_revenue_annual max_total_experience_duration_months
max_total_website_visits_monthly member_certifications member_department member_description
member_full_name member_linkedin_username member_skills min_average_visit_duration_seconds
min_bounce_rate min_company_employee_reviews_aggregate_score min_job_duration_months
min_last_funding_round_amount_raised min_pages_per_visit min_rank_category min_rank_country
min_rank_global min_revenue_annual min_total_experience_duration_months
min_total_website_visits_monthly mobile_apps_exist naics_codes online_reviews_exist
ownership_status pricing_available seniority_levels sic_codes technologies_used top_topics
"""


def values(name: str) -> tuple[str | LabeledCode, ...]:
    found = find_filter(name)
    assert found is not None
    return values_of(found)


def test_the_catalogue_has_the_vendors_94_filters_in_its_order() -> None:
    assert [each.name for each in LEAD_FILTERS] == NAMES.split()
    assert len(LEAD_FILTERS) == 94


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (kinds.TEXTS, 39),
        (kinds.CHOICES, 9),
        (kinds.CODES, 1),
        (kinds.LABELED, 2),
        (kinds.TEXT, 3),
        (kinds.CHOICE, 2),
        (kinds.FLAG, 8),
        (kinds.NUMBER, 24),
        (kinds.DATE, 6),
    ],
)
def test_each_kind_has_as_many_filters_as_the_vendor_has(kind: str, count: int) -> None:
    assert len([each for each in LEAD_FILTERS if each.kind == kind]) == count


def test_an_alias_names_a_filter_of_the_same_kind() -> None:
    aliases = {each.name: each.alias_of for each in LEAD_FILTERS if each.alias_of}

    assert aliases == {
        "excluded_experimental_department": "excluded_member_department",
        "excluded_experimental_industries": "excluded_industries",
        "experimental_industries": "industries",
        "experimental_member_department": "member_department",
    }


def test_only_the_bounce_rate_has_a_maximum_among_the_numbers() -> None:
    limited = {each.name for each in LEAD_FILTERS if each.kind == kinds.NUMBER and each.maximum}

    assert limited == {"max_bounce_rate", "min_bounce_rate"}


def test_an_unknown_name_is_no_filter() -> None:
    assert find_filter("jobTitles") is None


def test_an_enumerated_filter_has_its_choices_as_values() -> None:
    assert values("job_title_match_mode") == ("exact", "contains", "smart")


def test_codes_are_listed_as_texts() -> None:
    assert values("excluded_company_sizes") == tuple("123456789")


def test_a_filter_without_choices_has_the_values_of_made_up_people() -> None:
    assert values("industries") == INDUSTRIES
    assert set(values("companies")) == {company.name for company in COMPANIES}


@pytest.mark.parametrize("name", ["excluded_industries", "experimental_industries"])
def test_twins_and_aliases_have_the_same_values(name: str) -> None:
    assert values(name) == values("industries")


def test_codes_of_classifications_have_a_label() -> None:
    assert all(isinstance(value, LabeledCode) for value in values("naics_codes"))


def test_the_twins_of_classifications_have_plain_codes() -> None:
    labeled = [value.value for value in values("sic_codes") if isinstance(value, LabeledCode)]

    assert list(values("excluded_sic_codes")) == labeled


@pytest.mark.parametrize("name", ["member_full_name", "max_revenue_annual", "ipo_end_date"])
def test_a_filter_without_catalogue_has_no_values(name: str) -> None:
    assert values(name) == ()


# --- matching ---------------------------------------------------------------------------------


def make_person(**changes: Any) -> FoundLead:
    facts = {
        "id": "ldb_ida",
        "first_name": "Ida",
        "last_name": "Holm",
        "full_name": "Ida Holm",
        "email": "ida.holm@fjord.example",
        "phone": None,
        "linkedin_url": "https://www.linkedin.com/in/ida-holm",
        "job_title": "Head of Finance",
        "company": "Fjord AS",
        "location": "Oslo",
        "country": "Norway",
        "industry": "Energy",
        "seniority": "Head",
        "company_linkedin_url": "https://www.linkedin.com/company/fjord-as",
        "website": "https://www.fjord.example",
        "employees": "51-200",
    }
    return FoundLead(**{**facts, **changes})


@pytest.mark.parametrize(
    ("filters", "matches"),
    [
        pytest.param({}, True, id="none"),
        pytest.param({"job_titles": ["finance"]}, True, id="title"),
        pytest.param({"job_titles": ["Sales"]}, False, id="other title"),
        pytest.param(
            {"job_titles": ["Finance"], "job_title_match_mode": "exact"}, False, id="exact"
        ),
        pytest.param({"seniority_levels": ["Head"]}, True, id="level"),
        pytest.param({"excluded_seniority_levels": ["Head"]}, False, id="excluded level"),
        pytest.param({"locations": ["Oslo, Norway"]}, True, id="place"),
        pytest.param({"locations": ["Sweden"]}, False, id="other place"),
        pytest.param({"industries": ["energy"]}, True, id="industry"),
        pytest.param({"company_sizes": ["1"]}, False, id="size"),
        pytest.param({"excluded_company_sizes": [4]}, False, id="excluded size"),
        pytest.param({"keywords": ["fjord"]}, True, id="keyword"),
        pytest.param({"member_full_name": "holm"}, True, id="name"),
        pytest.param({"member_linkedin_username": ["Ida-Holm"]}, True, id="username"),
        pytest.param({"company_linkedin_username": ["fjord"]}, False, id="company page"),
        pytest.param({"bulk_domains": "fjord.example"}, True, id="domain"),
        pytest.param({"excluded_bulk_domains": "fjord.example"}, False, id="excluded domain"),
        pytest.param({"max_revenue_annual": 1}, True, id="a filter without effect"),
    ],
)
def test_a_seeded_person_matches_the_filters_or_not(
    filters: dict[str, Any], *, matches: bool
) -> None:
    assert SearchFilters(filters).match(make_person()) is matches


def test_a_person_matches_filters_on_unknown_facts() -> None:
    person = make_person(website=None, email=None, company_linkedin_url=None, location="")

    assert SearchFilters({"bulk_domains": "acme.com", "locations": ["Oslo"]}).match(person)
