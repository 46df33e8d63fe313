"""`/_emulate/…/actions`: what can be simulated next, and why the rest cannot."""

import pytest

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.models import Lead
from tests.api.world import MakeWorld, World, make_world
from tests.support import Api

__all__ = ["make_world"]

LEADS_BY_STATUS = ("PENDING", "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "DONE")


def reasons(api: Api, path: str) -> dict[str, str | None]:
    reply = api("GET", f"/_emulate/{path}/actions")
    assert reply.status == 200, reply.body
    rows = reply.json["actions"]
    assert all(row["possible"] == (row["reason"] is None) for row in rows)
    return {row["action"]: row["reason"] for row in rows}


def lead(world: World) -> Lead:
    return world.workspace.store.lead("lead_1")


@pytest.mark.parametrize("status", LEADS_BY_STATUS)
@pytest.mark.parametrize("action", words.LEAD_ACTIONS)
def test_an_action_is_listed_as_possible_exactly_if_it_happens(
    make_world: MakeWorld, status: str, action: str
) -> None:
    world = make_world("live", lead={"status": status})
    reason = reasons(world.api, "leads/lead_1")[action]
    reply = world.api("POST", "/_emulate/leads/lead_1/simulate", json={"action": action})

    assert (reply.status == 200) == (reason is None), (reason, reply.body)


@pytest.mark.parametrize(
    ("before", "action", "words"),
    [
        ({"sender_id": "disconnected"}, "connection_sent", "Sender is not active"),
        ({"sender_id": None}, "reply", "lead 'lead_1' has no sender"),
        ({"status": "PENDING"}, "message_sent", "no request was sent"),
        ({"status": "CONNECTION_ACCEPTED"}, "connection_sent", "is connected already"),
    ],
)
def test_a_lead_says_why_an_action_cannot_happen(
    make_world: MakeWorld, before: dict[str, str], action: str, words: str
) -> None:
    world = make_world("live", lead=before)

    assert words in (reasons(world.api, "leads/lead_1")[action] or "")


def test_a_quota_that_is_used_up_is_a_reason(make_world: MakeWorld) -> None:
    world = make_world("live", lead={"status": "CONNECTION_ACCEPTED"})
    for _ in range(2):
        world.api("POST", "/_emulate/leads/lead_1/simulate", json={"action": "message_sent"})

    assert "daily limit of 2" in (reasons(world.api, "leads/lead_1")["message_sent"] or "")


def test_listing_changes_nothing(make_world: MakeWorld) -> None:
    world = make_world("live")
    before = lead(world)
    reasons(world.api, "leads/lead_1")

    assert (lead(world), world.types()) == (before, [])


def test_a_campaign_lists_the_actions_of_its_status(api: Api) -> None:
    found = reasons(api, "campaigns/camp_xyz789")

    assert tuple(found) == words.CAMPAIGN_ACTIONS
    assert [action for action, reason in found.items() if reason is None] == ["pause", "finish"]
    assert "expected a campaign that is paused" in (found["resume"] or "")


def test_a_job_lists_both_ends_until_it_is_over(api: Api, emulator: Emulator) -> None:
    searches = emulator.workspaces()[0].searches
    job = searches.start(name="S", limit=1, filters={})
    before = reasons(api, f"jobs/{job.id}")
    searches.complete(job.id)

    assert before == {"complete": None, "fail": None}
    assert "got done" in (reasons(api, f"jobs/{job.id}")["fail"] or "")


@pytest.mark.parametrize("path", ["leads/lead_x", "campaigns/camp_x", "jobs/job_x"])
def test_an_unknown_id_is_404(api: Api, path: str) -> None:
    assert api("GET", f"/_emulate/{path}/actions").status == 404


@pytest.mark.parametrize(("method", "route"), [("GET", "actions"), ("POST", "simulate")])
def test_an_unknown_job_is_called_a_job(api: Api, method: str, route: str) -> None:
    body = {"action": "complete"} if method == "POST" else None
    reply = api(method, f"/_emulate/jobs/job_x/{route}", json=body)
    assert (reply.status, reply.json["message"]) == (404, "Job not found")
    assert reply.headers["x-emulator-hint"] == "this workspace has no search or extraction 'job_x'"
