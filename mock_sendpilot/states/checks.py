"""Checks of a state that was read, beyond the types of its fields.

A workspace with an impossible value would answer 500 later, or fail in the middle of a restore.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import short_repr
from mock_sendpilot.scheduling.scheduler import FIRST_MOMENT, LAST_MOMENT
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.traffic.effects import effect_from_json
from mock_sendpilot.traffic.faults import Fault
from mock_sendpilot.world.models import Campaign, Lead, Sender


def check_state(state: WorkspaceState, path: str) -> None:
    """Check the clock, the statuses and the faults of a state.

    Args:
        state: the state.
        path: its place in the document, for errors.

    Raises:
        InvalidInput: a value that no workspace can have; it says where, and what was expected.
    """
    world, store = state.world, state.world.store
    # Both: a state that is restored shows the one, and one that is loaded counts from the other.
    _check_time(world.clock.now, f"{path}.world.clock.now")
    _check_time(world.clock.real_time, f"{path}.world.clock.realTime")
    for name, part in (("seed", world.seed), ("store", store)):
        place = f"{path}.world.{name}"
        _check_statuses(part.senders, words.SENDER_STATUSES, f"{place}.senders")
        _check_statuses(part.campaigns, words.CAMPAIGN_STATUSES, f"{place}.campaigns")
    _check_statuses(world.seed.leads, words.LEAD_STATUSES, f"{path}.world.seed.leads")
    _check_statuses(store.leads.values(), words.LEAD_STATUSES, f"{path}.world.store.leads")
    for index, fault in enumerate(state.faults.faults):
        _check_fault(fault, f"{path}.faults.faults[{index}]")


def _check_time(moment: datetime, path: str) -> None:
    if not FIRST_MOMENT <= moment < LAST_MOMENT:
        raise InvalidInput(
            f"{path}: expected a time from the year 1970 on and before 9000, got {moment}"
        )


def _check_statuses(
    items: Iterable[Sender | Campaign | Lead], statuses: Collection[str], path: str
) -> None:
    for one in items:
        if one.status not in statuses:
            raise InvalidInput(
                f"{path}: expected one of {', '.join(statuses)} as the status of {one.id!r}, "
                f"got {short_repr(one.status)}"
            )


def _check_fault(fault: Fault, path: str) -> None:
    if not fault.effects:
        raise InvalidInput(f"{path}.effects: expected at least one, got none")
    for effect in fault.effects:
        try:
            effect_from_json(effect.json)
        except InvalidInput as error:
            raise InvalidInput(*(f"{path}: {problem}" for problem in error.problems)) from error
