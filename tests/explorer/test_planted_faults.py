"""The explorer finds the fault of a receiver and shrinks it; it blames no right one."""

from collections.abc import Mapping

import pytest

from mock_sendpilot import Exploration, explore
from tests.explorer import receivers as r
from tests.support import SECRET

MAX_STEPS = 6
SEEDS: Mapping[str, str] = {
    "CountsEveryDelivery": "a",
    "LastArrivalWins": "a",
    "RemembersOneId": "a",
    "RemembersByLead": "b",
    "RemembersBySecond": "c",
    "RemembersBeforeItWorks": "c",
    "ComparesTimesOfDay": "b",
    "ReadsTwelveHours": "a",
    "ComparesEuropeanDates": "a",
    "NeverGoesBack": "f",
    "ComparesSeconds": "c",
    "CrashesOnUnknownEvents": "d",
    "SwallowsReplies": "c",
    "RejectsDuplicates": "d",
    "RejectsOlderEvents": "c",
    "LooksUpBeforeItInserts": "b",
    "LosesUpdates": "d",
    "ForgetsAfterRestart": "f",
    "LosesItsQueue": "c",
    "VerifiesNothing": "e",
    "AcknowledgesWhatItCannotRead": "e",
    "SkipsEventsWithoutCampaign": "c",
    "IgnoresOldEvents": "b",
    "TakesThePreviousStatus": "d",
}
"""Seeds by which a fault is found early; others take up to ten seconds."""


def explored(receiver: r.Receiver, *, random_seed: str = "a", examples: int = 300) -> Exploration:
    return explore(
        receiver,
        probe=receiver.view,
        secret=SECRET,
        restart=receiver.restart,
        timeout=0.25,
        random_seed=random_seed,
        examples=examples,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", r.WRONG, ids=lambda kind: kind.__name__)
def test_a_fault_is_found_and_shrunk(
    kind: type[r.Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine it would stop before the smallest schedule.
    monkeypatch.setattr("mock_sendpilot.explorer.search._MAX_SHRINK_SECONDS", 60)
    exploration = explored(kind(), random_seed=SEEDS.get(kind.__name__, "a"))

    assert exploration.found, str(exploration)
    assert len(exploration.found.steps) <= MAX_STEPS


@pytest.mark.slow
@pytest.mark.parametrize("kind", r.RIGHT, ids=lambda kind: kind.__name__)
def test_a_right_receiver_is_not_blamed(kind: type[r.Receiver]) -> None:
    exploration = explored(kind(), random_seed="r", examples=40)

    assert exploration.passed, str(exploration)
    assert exploration.examples >= 35
