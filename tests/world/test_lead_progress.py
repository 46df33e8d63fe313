"""The progress of a lead: the order of its statuses, and what each implies."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sendpilot.contracts.vocabulary import LEAD_STATUSES
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.models import Counters

ORDER = (
    "PENDING", "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "FOLLOWUP_SENT",
    "REPLY_RECEIVED",
)  # fmt: skip


OUTCOMES = ("OPPORTUNITY", "MEETING_BOOKED", "NOT_INTERESTED", "DONE", "UNSUBSCRIBED")
statuses = st.sampled_from(LEAD_STATUSES)


def _counters(
    contacted: int = 0, sent: int = 0, accepted: int = 0, messages: int = 0, replies: int = 0
) -> Counters:
    return Counters(
        leads_contacted=contacted,
        connections_sent=sent,
        connections_accepted=accepted,
        messages_sent=messages,
        replies_received=replies,
    )


@pytest.mark.parametrize("before", ORDER)
@pytest.mark.parametrize("to", ORDER)
def test_a_lead_moves_only_forward(before: str, to: str) -> None:
    later = max(before, to, key=ORDER.index)

    assert lead_progress.later_status(before, to) == later


@pytest.mark.parametrize("before", OUTCOMES)
@pytest.mark.parametrize("to", ORDER)
def test_an_outcome_stays(before: str, to: str) -> None:
    assert lead_progress.later_status(before, to) == before


@given(statuses, statuses)
def test_a_later_status_is_one_of_the_two_and_stays(before: str, to: str) -> None:
    after = lead_progress.later_status(before, to)

    assert after in {before, to}
    assert lead_progress.later_status(after, to) == after


@pytest.mark.parametrize(
    ("status", "connection"),
    [
        ("PENDING", None),
        ("CONNECTION_SENT", "requested"),
        ("CONNECTION_ALREADY_SENT", "requested"),
        ("CONNECTION_ACCEPTED", "connected"),
        ("MESSAGE_SENT", "connected"),
        ("REPLY_RECEIVED", "connected"),
        ("DONE", "connected"),
        ("CONNECTION_WITHDRAWN", None),
        ("PROFILE_UNREACHABLE", None),
    ],
)
def test_a_status_implies_a_connection(status: str, connection: str | None) -> None:
    assert lead_progress.implied_connection(status) == connection


@pytest.mark.parametrize(
    ("status", "counters"),
    [
        ("PENDING", _counters()),
        ("CONNECTION_SENT", _counters(1, 1)),
        ("CONNECTION_ACCEPTED", _counters(1, 1, 1)),
        ("MESSAGE_SENT", _counters(1, 1, 1, 1)),
        ("REPLY_RECEIVED", _counters(1, 1, 1, 1, 1)),
        ("DONE", _counters(1, 1, 1, 1)),
    ],
)
def test_a_status_counts_for_the_campaign(status: str, counters: Counters) -> None:
    assert lead_progress.with_leads(Counters(), status, 1) == counters
    twice = {name: 2 * count for name, count in asdict(counters).items()}
    assert lead_progress.with_leads(Counters(), status, 2) == Counters(**twice)
