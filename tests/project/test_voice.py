"""Names and texts use the words of the project; `python -m tests.project.voice` lists others."""

import pytest

from tests.project.sources import Source, fail_for
from tests.project.voice import violations, violations_of


def test_names_and_texts_use_the_words_of_the_project() -> None:
    fail_for(violations())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param('"""What is due."""', "a docstring begins with 'What'", id="a docstring"),
        pytest.param("def test_how_it_ends(): ...", "test_how_it_ends", id="a test"),
        pytest.param("A = 1\n'''Whether it is so.'''", "'Whether'", id="that of an attribute"),
        pytest.param("x = 1  # the jobs at work", "'at work'", id="a comment"),
        pytest.param("raise E(f'{x} is there')", "'is there'", id="a message"),
        pytest.param("def _shown(): ...", "the name _shown", id="a function"),
        pytest.param("class LeadWalk: ...", "the name LeadWalk", id="a class"),
        pytest.param("def wait(*, within): ...", "the name within", id="a parameter"),
        pytest.param("told = ask()", "the name told", id="a variable"),
        pytest.param("_MOST_LEADS = 1", "the limit _MOST_LEADS", id="a limit"),
        pytest.param("BYTES_OF_BODY = 1", "the limit BYTES_OF_BODY", id="its nouns last"),
    ],
)
def test_a_line_that_breaks_a_rule_is_found(text: str, found: str) -> None:
    found_here = violations_of(Source("mock_sendpilot/one.py", text))
    assert [one.found for one in found_here if found in one.found]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("'''Return what is due.'''", id="a clause within a docstring"),
        pytest.param("url = 'http://127.0.0.1/hooks' # as in /hooks", id="a part of a path"),
        pytest.param("option(callback=check)", id="a keyword argument of a library"),
        pytest.param("raise E('there is no lead')", id="there is"),
        pytest.param("x = 'fate'", id="a string that is no sentence"),
        pytest.param("OUT_OF_ORDER = 1", id="a phrase of English"),
        pytest.param("base = 1", id="a name that says little of a file alone"),
        pytest.param("for node in ast.walk(tree): ...", id="a name of somebody else"),
    ],
)
def test_a_line_that_breaks_none_is_no_false_alarm(text: str) -> None:
    assert list(violations_of(Source("mock_sendpilot/one.py", text))) == []
