"""Suggestions: the known word that was probably meant."""

import time
from pathlib import Path

import pytest

import mock_sendpilot
from mock_sendpilot.cli import _COMMANDS
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.suggestions import did_you_mean, nearest_word
from mock_sendpilot.webhooks.disruption_kinds import KINDS
from mock_sendpilot.world.filters import LEAD_FILTERS

FILTERS = [each.name for each in LEAD_FILTERS]
LEAD_FIELDS = ("linkedinUrl", "firstName", "lastName", "email", "company", "title")


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        pytest.param("first_name", LEAD_FIELDS, "firstName", id="snake case for camel case"),
        pytest.param("FirstName", LEAD_FIELDS, "firstName", id="another letter case"),
        pytest.param("jobTitles", FILTERS, "job_titles", id="camel case for snake case"),
        pytest.param("status[]", ("page", "status"), "status", id="brackets of an array"),
        pytest.param("not interested", words.LEAD_STATUSES, "NOT_INTERESTED", id="blank in it"),
        pytest.param(" DONE ", words.LEAD_STATUSES, "DONE", id="blanks around"),
        pytest.param("accept", words.LEAD_ACTIONS, "accept_connection", id="beginning"),
        pytest.param("dup", KINDS, "duplicate", id="three letters"),
        pytest.param("premium", ("name", "is_premium"), "is_premium", id="last part"),
        pytest.param("lead", ("leadIdentifier", "leadId"), "leadId", id="shortest that begins so"),
        pytest.param(
            "lead.update", CONTRACTS["documented"].event_types, "lead.tag.updated", id="two parts"
        ),
        pytest.param("repyl", words.LEAD_ACTIONS, "reply", id="letters swapped"),
        pytest.param("OPORTUNITY", words.LEAD_STATUSES, "OPPORTUNITY", id="letter missing"),
        pytest.param("state", ("id", "status"), "status", id="another ending"),
        pytest.param("life", CONTRACTS, "live", id="another letter"),
        pytest.param("lisetn", _COMMANDS, "listen", id="command"),
    ],
)
def test_a_similar_word_is_suggested(word: str, known: list[str], meant: str) -> None:
    assert nearest_word(word, known) == meant
    assert did_you_mean(word, known) == f"did you mean {meant!r}? "


@pytest.mark.parametrize(
    ("word", "known"),
    [
        pytest.param("serve", _COMMANDS, id="serve"),
        pytest.param("leads", _COMMANDS, id="leads"),
        pytest.param("HOT", words.LEAD_STATUSES, id="three letters"),
        pytest.param("no", words.LEAD_STATUSES, id="too short to abbreviate"),
        pytest.param("", words.LEAD_STATUSES, id="empty"),
        pytest.param("[]", words.LEAD_STATUSES, id="no letters"),
        pytest.param("x" * 81, words.LEAD_STATUSES, id="too long"),
        pytest.param("DONE", (), id="nothing known"),
    ],
)
def test_a_dissimilar_word_is_not_suggested(word: str, known: list[str]) -> None:
    assert nearest_word(word, known) is None
    assert not did_you_mean(word, known)


def test_a_long_word_costs_no_time() -> None:
    began = time.process_time()
    for _ in range(100):
        nearest_word("job_title" * 1_000_000, FILTERS)

    assert time.process_time() - began < 1


def test_one_module_alone_suggests_words() -> None:
    package = Path(mock_sendpilot.__file__).parent
    askers = [path.name for path in package.rglob("*.py") if "difflib" in path.read_text("utf-8")]

    assert askers == ["suggestions.py"]
