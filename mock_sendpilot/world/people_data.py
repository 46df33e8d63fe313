"""The data that people of the lead database are made of. All of it is invented.

Names are common ones of many countries. The companies are made up, and all their domains end in
`.example`, which nobody can register.
"""

import re
import unicodedata
from collections.abc import Mapping

from mock_sendpilot.lazy_dataclass import dataclass

COMPANY_SIZES = (
    "1",
    "2-10",
    "11-50",
    "51-200",
    "201-500",
    "501-1000",
    "1001-5000",
    "5001-10000",
    "10001+",
)
"""The vendor's sizes; code 1 of `excluded_company_sizes` is the first, code 9 the last."""


@dataclass(frozen=True, slots=True)
class City:
    """A city and its country."""

    name: str
    country: str


@dataclass(frozen=True, slots=True)
class Company:
    """A company. `slug` is its username on LinkedIn, `domain` that of its website."""

    name: str
    slug: str
    domain: str
    industry: str
    size: str


@dataclass(frozen=True, slots=True)
class Role:
    """A job title and its seniority, one of the vendor's levels."""

    title: str
    seniority: str


_LETTERS = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "đ": "d"})


def slug_of(text: str) -> str:
    """Return a text as URLs and addresses have it: `jose-nunez` for `José Núñez`."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "-".join(re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode()))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """
    Aaliyah Aaron Abena Adam Aditi Agnes Ahmed Aiko Alejandro Alice Amara Amelia Amir Ana Anders
    Andrea Anika Anna Arjun Astrid Ayesha Beatriz Benjamin Bianca Björn Bruno Camila Carlos
    Caroline Chen Chiara Chinedu Clara Daniel David Deepak Diego Dmitri Dominik Elena Elif
    Elijah Emeka Emma Erik Esther Eva Fatima Felix Fernanda Fiona Francesca Freya Gabriel Grace
    Hana Hannah Haruto Hassan Helena Hugo Ibrahim Ida Ines Isabel Ivan Jakub James Javier Jelena
    Jin Johan Jonas José Julia Kai Karim Katarina Kenji Kofi Lars Laura Layla Leila Leon Lina
    Linh Lucas Łukasz Maja Malik Marek Maria Marta Matteo Mei Mia Michael Mina Mohamed Nadia
    Naomi Nikolai Nina Noah Nora Olivia Omar Oskar Pablo Paula Pedro Petra Priya Rafael Rania
    Ravi Rosa Sami Samuel Sanna Sara Sofia Stefan Sven Tariq Teresa Thomas Tomás Valentina
    Viktor Wei Yara Yuki Yusuf Zoë
    """
)
LAST_NAMES = _words(
    """
    Abbott Adeyemi Aguilar Ahmed Almeida Andersson Arslan Bakker Banerjee Barros Bauer Becker
    Bergström Bianchi Blanc Boateng Brown Carvalho Castillo Chang Chaudhry Clarke Cohen Costa
    Cruz Dahl Das Diallo Dubois Duarte Edwards Eriksen Eriksson Fernandes Ferrari Fischer Flores
    Fontaine Fraser García Gomez Green Gupta Haddad Hansen Harris Hassan Hernandez Hoffmann Holm
    Hughes Ibrahim Iyer Jansen Johansson Jones Kamau Kaplan Karlsson Kaya Keller Khalil Khan Kim
    Kowalski Kumar Larsen Lee Lehmann Lindqvist Liu Lopez Lund Marino Martin Mehta Mendes Mensah
    Meyer Moreau Morgan Mori Müller Murphy Mwangi Nakamura Navarro Nguyen Nielsen Novak Núñez
    Nowak OBrien Okafor Okeke Olsen Ortega Osei Park Patel Pereira Peeters Petrov Pham Popescu
    Quinn Rahman Ramos Rao Reid Ricci Romano Rossi Santos Sato Schmidt Schneider Sharma Silva
    Singh Smith Suzuki Tan Tanaka Taylor Torres Tran Varga Vasquez Visser Walker Wang Watanabe
    Weber Williams Wong Wright Yamamoto Yilmaz Young Zhang Zhou
    """
)

CITIES = tuple(
    City(name, country)
    for country, names in (
        ("Argentina", ("Buenos Aires", "Córdoba")),
        ("Australia", ("Melbourne", "Sydney", "Brisbane")),
        ("Austria", ("Vienna", "Graz")),
        ("Belgium", ("Antwerp", "Brussels")),
        ("Brazil", ("São Paulo", "Curitiba")),
        ("Canada", ("Toronto", "Vancouver", "Montreal")),
        ("Denmark", ("Aarhus", "Copenhagen")),
        ("Egypt", ("Cairo",)),
        ("Finland", ("Helsinki", "Tampere")),
        ("France", ("Lyon", "Nantes", "Paris")),
        ("Germany", ("Berlin", "Hamburg", "Munich", "Cologne")),
        ("Ghana", ("Accra",)),
        ("India", ("Bengaluru", "Mumbai", "Pune")),
        ("Ireland", ("Cork", "Dublin")),
        ("Italy", ("Milan", "Turin")),
        ("Japan", ("Osaka", "Tokyo")),
        ("Kenya", ("Nairobi",)),
        ("Mexico", ("Guadalajara", "Mexico City")),
        ("Netherlands", ("Amsterdam", "Rotterdam", "Utrecht")),
        ("New Zealand", ("Auckland",)),
        ("Nigeria", ("Lagos",)),
        ("Norway", ("Bergen", "Oslo")),
        ("Poland", ("Gdańsk", "Kraków", "Warsaw")),
        ("Portugal", ("Lisbon", "Porto")),
        ("Singapore", ("Singapore",)),
        ("South Africa", ("Cape Town", "Johannesburg")),
        ("South Korea", ("Seoul",)),
        ("Spain", ("Barcelona", "Madrid", "Valencia")),
        ("Sweden", ("Gothenburg", "Malmö", "Stockholm")),
        ("Switzerland", ("Basel", "Zurich")),
        ("United Arab Emirates", ("Dubai",)),
        ("United Kingdom", ("Bristol", "Edinburgh", "London", "Manchester")),
        ("United States", ("Austin", "Boston", "Chicago", "Denver", "New York", "Seattle")),
    )
    for name in names
)

COMPANIES = tuple(
    Company(name, slug_of(name), f"{slug_of(name)}.example", industry, size)
    for name, industry, size in (
        ("Alder Ledger", "Accounting", "11-50"),
        ("Plumb & Abacus", "Accounting", "2-10"),
        ("Kite Analytics", "Business Intelligence Platforms", "51-200"),
        ("Lodestar Insight", "Business Intelligence Platforms", "201-500"),
        ("Helix Garden", "Biotechnology Research", "201-500"),
        ("Petri North", "Biotechnology Research", "51-200"),
        ("Stonebridge Works", "Construction", "1001-5000"),
        ("Tamarack Builders", "Construction", "51-200"),
        ("Sable Security", "Computer and Network Security", "51-200"),
        ("Wardline", "Computer and Network Security", "501-1000"),
        ("Brightquill Academy", "E-Learning Providers", "11-50"),
        ("Tutorium", "E-Learning Providers", "51-200"),
        ("Fjord Energy", "Renewable Energy Power Generation", "501-1000"),
        ("Sunfield Grid", "Renewable Energy Power Generation", "1001-5000"),
        ("Copperleaf Capital", "Financial Services", "201-500"),
        ("Tidewater Bank", "Financial Services", "5001-10000"),
        ("Minted Pay", "Financial Services", "51-200"),
        ("Barley & Rye Foods", "Food and Beverage Services", "501-1000"),
        ("Saltgrass Kitchens", "Food and Beverage Services", "11-50"),
        ("Northbeam Health", "Hospitals and Health Care", "1001-5000"),
        ("Clearwell Clinics", "Hospitals and Health Care", "10001+"),
        ("Peoplewise", "Human Resources Services", "11-50"),
        ("Rosterly", "Human Resources Services", "51-200"),
        ("Evergreen Mutual", "Insurance", "5001-10000"),
        ("Umbra Cover", "Insurance", "11-50"),
        ("Harrow Quay Legal", "Law Practice", "51-200"),
        ("Vane & Calder", "Law Practice", "2-10"),
        ("Bluefin Logistics", "Transportation, Logistics, Supply Chain and Storage", "1001-5000"),
        ("Lumen Freight", "Transportation, Logistics, Supply Chain and Storage", "201-500"),
        ("Parcelio", "Transportation, Logistics, Supply Chain and Storage", "51-200"),
        ("Anvil & Arc", "Industrial Machinery Manufacturing", "5001-10000"),
        ("Gearhaus", "Industrial Machinery Manufacturing", "201-500"),
        ("Quarry Labs", "Marketing Services", "11-50"),
        ("Signal & Fox", "Marketing Services", "2-10"),
        ("Inês Prado Studio", "Design Services", "1"),
        ("Papercut Works", "Design Services", "2-10"),
        ("Hearthstone Homes", "Real Estate", "201-500"),
        ("Lotwise", "Real Estate", "11-50"),
        ("Cobalt Retail", "Retail", "10001+"),
        ("Marlow & Finch", "Retail", "501-1000"),
        ("Helio Robotics", "Robotics Engineering", "51-200"),
        ("Tern Automation", "Robotics Engineering", "11-50"),
        ("Oakline Software", "Software Development", "51-200"),
        ("Driftwood Cloud", "Software Development", "501-1000"),
        ("Pinecone Stack", "Software Development", "2-10"),
        ("Meridian Systems", "Software Development", "10001+"),
        ("Northlight Telecom", "Telecommunications", "5001-10000"),
        ("Wavelet", "Telecommunications", "201-500"),
    )
)
INDUSTRIES = tuple(sorted({company.industry for company in COMPANIES}))
COUNTRIES = tuple(sorted({city.country for city in CITIES}))

DEPARTMENTS = (
    "Customer Success",
    "Engineering",
    "Finance",
    "Human Resources",
    "Legal",
    "Marketing",
    "Operations",
    "Product",
    "Sales",
)

TITLE_FOR: Mapping[str, str] = {
    "Specialist": "{} Specialist",
    "Manager": "{} Manager",
    "Owner": "Owner, {}",
    "Founder": "Founder, {}",
    "President/Vice President": "VP {}",
    "Director": "Director of {}",
    "Senior": "Senior {} Consultant",
    "Head": "Head of {}",
    "C-Level": "Chief {} Officer",
    "Partner": "Partner, {}",
    "Intern": "{} Intern",
}
"""The vendor's seniority levels, in its order, with a title for any department or trade."""
SENIORITY_LEVELS = tuple(TITLE_FOR)

ROLES = tuple(
    Role(title, seniority)
    for seniority, titles in (
        ("Specialist", ("Account Executive", "Data Analyst", "Software Engineer", "Accountant")),
        ("Specialist", ("Marketing Specialist", "Recruiter", "Sales Development Representative")),
        ("Manager", ("Sales Manager", "Product Manager", "Marketing Manager", "Finance Manager")),
        ("Manager", ("Operations Manager", "Engineering Manager", "Customer Success Manager")),
        ("Owner", ("Owner", "Business Owner", "Owner and Operator")),
        ("Founder", ("Founder", "Co-founder", "Founder and CEO", "Co-founder and CTO")),
        ("President/Vice President", ("VP Sales", "VP Marketing", "VP Engineering", "President")),
        ("President/Vice President", ("Vice President of Operations", "VP Finance")),
        ("Director", ("Sales Director", "Marketing Director", "Director of Operations")),
        ("Director", ("Director of Engineering", "Finance Director", "HR Director")),
        ("Senior", ("Senior Software Engineer", "Senior Account Executive", "Senior Consultant")),
        ("Senior", ("Senior Data Scientist", "Lead Designer", "Senior Recruiter")),
        ("Head", ("Head of Growth", "Head of Sales", "Head of Finance", "Head of Marketing")),
        ("Head", ("Head of Product", "Head of People", "Head of Partnerships")),
        ("C-Level", ("CEO", "CFO", "CTO", "COO", "CMO", "Chief Revenue Officer")),
        ("C-Level", ("Chief Executive Officer", "Chief Financial Officer", "Chief People Officer")),
        ("Partner", ("Partner", "Managing Partner", "Senior Partner")),
        ("Intern", ("Marketing Intern", "Software Engineering Intern", "Finance Intern")),
    )
    for title in titles
)

# The first match counts: a `Founder and CEO` is a founder, a `Managing Partner` no manager.
_LEVELS = tuple(
    (re.compile(pattern, re.IGNORECASE), seniority)
    for pattern, seniority in (
        (r"\b(intern|trainee)\b", "Intern"),
        (r"founder", "Founder"),
        (r"\bchief\b|\bc[efotmirphs]o\b", "C-Level"),
        (r"president|\b[se]?vp\b", "President/Vice President"),
        (r"\bowner\b", "Owner"),
        (r"\bhead\b", "Head"),
        (r"director", "Director"),
        (r"manager", "Manager"),
        (r"\bpartner\b", "Partner"),
        (r"\b(senior|sr|lead|principal)\b", "Senior"),
    )
)


def seniority_of(title: str) -> str:
    """Return the seniority level of a job title; the lowest if the title has no sign of one."""
    levels = (seniority for pattern, seniority in _LEVELS if pattern.search(title))
    return next(levels, "Specialist")
