"""Hints: what the emulator says, in a header, of what the vendor passes over in silence."""

import time

from tests.support import Api

SEARCHES = "/v1/lead-database/searches"
HINT = "x-emulator-hint"


# --- filters of a search ------------------------------------------------------------------------


def test_an_unknown_filter_is_named_with_the_one_that_was_meant(api: Api) -> None:
    wanted = {"name": "S", "limit": 1, "filters": {"jobTitles": ["CFO"], "colour": "red"}}

    reply = api("POST", SEARCHES, json=wanted)

    assert reply.status == 201
    assert reply.headers[HINT] == (
        "unknown filters are ignored: jobTitles (did you mean job_titles?), colour"
    )


def test_of_many_unknown_filters_the_first_five_are_named(api: Api) -> None:
    filters = {f"job_titel{number}": "x" for number in range(20_000)}

    began = time.process_time()
    reply = api("POST", SEARCHES, json={"name": "S", "limit": 1, "filters": filters})

    assert time.process_time() - began < 2
    assert reply.status == 201
    assert reply.headers[HINT].count("did you mean job_titles?") == 5
    assert reply.headers[HINT].endswith(", and 19995 more")
    assert len(reply.headers[HINT]) < 500


def test_many_wrong_words_of_a_list_cost_little_time(api: Api) -> None:
    filters = {"seniority_levels": ["Manajer"] * 50_000}

    began = time.process_time()
    reply = api("POST", SEARCHES, json={"name": "S", "limit": 1, "filters": filters})

    assert time.process_time() - began < 3
    assert reply.status == 400
