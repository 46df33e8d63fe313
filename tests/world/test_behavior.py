"""The behaviors of magic slugs."""

from datetime import timedelta

import pytest

from mock_sendpilot.world.models import Behavior
from mock_sendpilot.world.recipients import INTERESTED, NOT_INTERESTED, behavior_of_slug
from tests.world.outreach_world import (
    DAY,
    HOUR,
    PEOPLE,
)


def accepted_after(wait: timedelta) -> Behavior:
    return Behavior(accepts=True, accepts_after=wait)


@pytest.mark.parametrize(
    ("slug", "behavior"),
    [
        pytest.param("accepts-after-2d", accepted_after(2 * DAY), id="days"),
        pytest.param("accepts-after-1h30m", accepted_after(1.5 * HOUR), id="hours and minutes"),
        pytest.param("accepts-after-90s", accepted_after(1.5 * HOUR / 60), id="seconds"),
        pytest.param("accepts-after-0s", accepted_after(timedelta()), id="at once"),
        pytest.param(
            "replies-interested",
            Behavior(accepts=True, replies=True, reply=INTERESTED),
            id="interested",
        ),
        pytest.param(
            "replies-not-interested",
            Behavior(accepts=True, replies=True, reply=NOT_INTERESTED),
            id="not interested",
        ),
        pytest.param("never-accepts", Behavior(accepts=False), id="never"),
        pytest.param("unreachable", Behavior(is_unreachable=True), id="unreachable"),
    ],
)
@pytest.mark.parametrize("suffix", ["", "-7", "-ida-holm"])
def test_a_magic_slug_has_a_behavior_with_or_without_a_suffix(
    slug: str, behavior: Behavior, suffix: str
) -> None:
    assert behavior_of_slug(f"{PEOPLE}{slug}{suffix}") == behavior


@pytest.mark.parametrize(
    "slug",
    [
        "ida-holm",
        "unreachables",
        "never-acceptsx",
        "never",
        "i-am-unreachable",
        "accepts-after",
        "accepts-after-",
        "accepts-after-soon",
        "accepts-after-2",
        "accepts-after-2days",
        "accepts-after-9999999999d",
        "replies-interestedly",
    ],
)
def test_another_slug_has_no_behavior(slug: str) -> None:
    assert behavior_of_slug(PEOPLE + slug) is None
