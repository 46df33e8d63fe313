"""The filters of a search, ready to be asked; whether a person of the lead database fits them.

How the vendor matches is not known. Here letter case never counts; a job title, a keyword or a full
name fits where it is contained, all else where it is the same; of several values of one filter any
will do, and all filters count together.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from mock_sendpilot.world.jobs import FoundLead
from mock_sendpilot.world.lead_filters import EXCLUDED
from mock_sendpilot.world.people_words import COMPANY_SIZES

_HONOURED = (
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
_ALIASES: Mapping[str, str] = {
    "industries": "experimental_industries",
    "excluded_industries": "excluded_experimental_industries",
}
_PLACES = ("locations", "hq_location")
_CONTAINED = ("keywords", "member_full_name")
_COUNTRY_NAMES: Mapping[str, str] = {
    "uae": "United Arab Emirates",
    "uk": "United Kingdom",
    "us": "United States",
    "usa": "United States",
}
# So that no filter makes the emulator busy for long.
_MOST_WANTED = 200
_MOST_EXCLUDED = 10_000
_MOST_CONTAINED = 200  # of those that are looked for within a text, one by one
_LONGEST = 200
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*")


class Filters:
    """Filters that are known to be of the vendor's kinds.

    The first 200 values that a filter wants count, and 10,000 that it excludes (200 where they are
    looked for within a text), and the first 200 characters of each. A domain that cannot be one
    does not count.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.are_titles_exact = given.get("job_title_match_mode") == "exact"
        self._wanted = {name: _values(given, name)[:_MOST_WANTED] for name in _HONOURED}
        self._excluded = {
            name: _folded(_values(given, EXCLUDED + name)[: self._most_excluded(name)])
            for name in _HONOURED
        }
        self._wanted_folded = {name: _folded(values) for name, values in self._wanted.items()}

    def wanted(self, name: str) -> tuple[str, ...]:
        """The values that are wanted; none means that any will do."""
        return self._wanted[name]

    def excluded(self, name: str) -> frozenset[str]:
        """The values that are excluded, in lower case."""
        return self._excluded[name]

    def exclude(self, name: str, *facts: str | None) -> bool:
        """Whether a fact is among what the twin of a filter excludes."""
        return self._has(name, self._excluded[name], facts)

    def allow(self, name: str, *facts: str | None) -> bool:
        """Whether facts fit a filter and its twin; where none is known, they do."""
        known = [fact for fact in facts if fact]
        if not known:
            return True
        wanted = self._wanted_folded[name]
        return not self.exclude(name, *known) and (not wanted or self._has(name, wanted, known))

    def fit(self, person: FoundLead) -> bool:
        """Whether a person fits all filters; what is not known of it speaks for it."""
        place = person.location, person.country, f"{person.location}, {person.country}"
        domain = (person.email or "").rpartition("@")[2]
        facts: Mapping[str, tuple[str | None, ...]] = {
            "job_titles": (person.job_title,),
            "seniority_levels": (person.seniority,),
            "locations": (*place, *person.location.split(", ")) if person.location else (),
            "industries": (person.industry,),
            "companies": (person.company,),
            "company_sizes": (person.employees,),
            "keywords": (person.job_title, person.company, person.industry),
            "member_full_name": (person.full_name,),
            "member_linkedin_username": (username(person.linkedin_url),),
            "company_linkedin_username": (username(person.company_linkedin_url),),
            "bulk_domains": (_domain(person.website or ""), domain),
        }
        return all(self.allow(name, *known) for name, known in facts.items())

    def _is_contained(self, name: str) -> bool:
        """Whether a value of this filter fits wherever a text holds it."""
        return name in _CONTAINED or (name == "job_titles" and not self.are_titles_exact)

    def _most_excluded(self, name: str) -> int:
        return _MOST_CONTAINED if self._is_contained(name) else _MOST_EXCLUDED

    def _has(self, name: str, values: frozenset[str], facts: Iterable[str | None]) -> bool:
        known = [fact.casefold() for fact in facts if fact]
        if self._is_contained(name):
            return any(value in fact for value in values for fact in known)
        return not values.isdisjoint(known)


def username(linkedin_url: str | None) -> str:
    """The last part of a LinkedIn URL: who or which company it is."""
    return unquote((linkedin_url or "").rstrip("/").rpartition("/")[2])


def _folded(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)


def _values(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = given.get(name) or (name in _ALIASES and given.get(_ALIASES[name])) or ()
    if name.endswith("bulk_domains"):
        texts = [_domain(text) for text in re.split(r"[\s,;]+", found or "")]
    else:
        texts = [_text(name, value) for value in ([found] if isinstance(found, str) else found)]
    return tuple(dict.fromkeys(text for text in texts if text))


def _text(name: str, value: object) -> str:
    if isinstance(value, int):  # a code of excluded_company_sizes
        return COMPANY_SIZES[value - 1]
    text = str(value).strip()[:_LONGEST]
    return _COUNTRY_NAMES.get(text.casefold(), text) if name.endswith(_PLACES) else text


def _domain(text: str) -> str:
    """`www.example.com/about`, with a scheme or without, is the domain `example.com`."""
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    host = host.removeprefix("www.")[:_LONGEST]
    return host if _HOST.fullmatch(host) else ""
