"""The report on what was met: its shares, its text, its JSON and its page."""

import json
import re

import pytest

from mock_sendpilot.coverage.page import page
from mock_sendpilot.coverage.points import GROUPS, all_points
from mock_sendpilot.coverage.report import MAX_SUBJECTS, coverage_report, percent_text
from mock_sendpilot.errors import InvalidInput

POINTS = all_points()
EVERYTHING = {point.id: 1 for point in POINTS}
A_FEW = {"operations/leads.get/2xx": 3, "events/lead.updated": 1, "contract/note_fault/on": 2}
MAX_PAGE_BYTES = 300_000


def test_each_point_counts_the_same() -> None:
    report = coverage_report([A_FEW])
    assert (report.met_count, len(report.points)) == (3, len(POINTS))
    assert report.percent == 100 * 3 / len(POINTS)


def test_the_counts_of_several_processes_are_added() -> None:
    assert coverage_report([A_FEW, A_FEW]).counts["operations/leads.get/2xx"] == 6


def test_a_count_of_no_point_is_ignored() -> None:
    assert coverage_report([{"operations/leads.get/503": 1}]).met_count == 0


@pytest.mark.parametrize("percent", [0.0, 100.0])
def test_nothing_and_everything_have_their_shares(percent: float) -> None:
    assert coverage_report([EVERYTHING] if percent else []).percent == percent


@pytest.mark.parametrize(
    ("percent", "text"), [(0.0, "0 %"), (0.4, "<1 %"), (1.9, "1 %"), (99.9, "99 %"), (100, "100 %")]
)
def test_a_share_is_never_rounded_up(percent: float, text: str) -> None:
    assert percent_text(percent) == text


def test_a_pattern_leaves_points_out() -> None:
    report = coverage_report([A_FEW], omit=["contract/*", "operations/campaigns.*"])
    groups = {group.name for group in report.groups}
    assert groups == set(GROUPS) - {"contract"}
    assert not any("campaigns." in point.id for point in report.points if "/2xx" in point.id)
    assert report.omitted == len(POINTS) - len(report.points)
    assert report.met_count == 2


def test_a_pattern_that_matches_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match=re.escape("'operation/*', which matches none")):
        coverage_report([], omit=["events/*", "operation/*"])


# --- text -----------------------------------------------------------------------------------------


def test_the_table_has_a_line_for_each_group_and_the_total() -> None:
    lines = coverage_report([A_FEW]).table()
    assert len(lines) == len(GROUPS) + 1
    assert re.fullmatch(r"events delivered +1 of +12 +8 %", lines[3])
    assert re.fullmatch(rf"total +3 of +{len(POINTS)} +1 %", lines[-1])


def test_a_point_that_was_never_met_has_a_call_that_meets_it() -> None:
    lines = coverage_report([A_FEW]).missed_lines(shows_all=True)
    assert "never met of disruptions of deliveries:" in lines
    assert any(re.match(r'  duplicate +sendpilot\.disrupt\("duplicate"\)$', one) for one in lines)


def test_a_subject_that_is_partly_met_comes_first() -> None:
    lines = coverage_report([A_FEW]).missed_lines(shows_all=False)
    start = lines.index("never met of operations and their statuses:")
    hint = re.escape('sendpilot.fail_next(400, "leads.get")')
    assert re.match(rf"  leads\.get +400, 401, 403, 404, 429 +{hint}", lines[start + 1])
    assert re.match(r"  campaigns\.get +nothing met +GET /v1/campaigns/", lines[start + 2])


def test_an_option_that_never_mattered_is_told_in_words() -> None:
    lines = coverage_report([A_FEW]).missed_lines(shows_all=True)
    assert any(
        re.match(r"  send_fault +nothing met +whether a message that is", one) for one in lines
    )


@pytest.mark.parametrize("shows_all", [True, False])
def test_a_long_list_is_cut_unless_all_is_asked_for(*, shows_all: bool) -> None:
    lines = coverage_report([]).missed_lines(shows_all=shows_all)
    start = lines.index("never met of operations and their statuses:")
    rest = lines[start + 1 :]
    count = rest.index("") - (0 if shows_all else 1)
    assert count == (23 if shows_all else MAX_SUBJECTS)
    assert (rest[count] == "  and 13 more; -v names them") != shows_all


def test_a_suite_that_has_met_everything_misses_nothing() -> None:
    assert coverage_report([EVERYTHING]).missed_lines(shows_all=True) == []


# --- JSON and page --------------------------------------------------------------------------------


def test_the_json_has_each_point_with_its_count() -> None:
    value = json.loads(json.dumps(coverage_report([A_FEW]).as_json()))
    assert (value["met"], value["of"], value["omitted"]) == (3, len(POINTS), 0)
    events = next(group for group in value["groups"] if group["name"] == "events")
    counts = {point["id"]: point["count"] for point in events["points"]}
    assert (counts["events/lead.updated"], counts["events/message.sent"]) == (1, 0)


@pytest.mark.parametrize("counts", [{}, A_FEW, EVERYTHING], ids=["nothing", "a few", "everything"])
def test_the_page_opens_offline_and_is_small(counts: dict[str, int]) -> None:
    text = page(coverage_report([counts]))
    assert len(text.encode()) < MAX_PAGE_BYTES
    assert "<script" not in text
    assert "http://" not in text.replace("http://127.0.0.1:9/", "")
    assert "https://" not in text
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)", text)


def test_each_link_of_the_page_has_its_target() -> None:
    for counts in ({}, A_FEW, EVERYTHING):
        text = page(coverage_report([counts]))
        targets = re.findall(r'id="([^"]+)"', text)
        assert sorted(re.findall(r'href="#([^"]+)"', text)) == sorted(targets)
        assert len(targets) == len(set(targets)) == len(GROUPS)


def test_the_page_has_what_was_never_met_with_its_hints() -> None:
    text = page(coverage_report([A_FEW]))
    assert "<code>sendpilot.disrupt(&#34;duplicate&#34;)</code>" in text
    assert "✓ 3" in text
