"""The demo world that travels with the package."""

from collections import Counter
from hashlib import sha256

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.contracts.options import DOCUMENTED
from mock_sendpilot.control import shipped_seeds
from mock_sendpilot.control.shipped_seeds import demo_seeds, demo_text
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.world.seed import WorkspaceSeed
from tests.api.expect import DOCUMENTED_STATUSES
from tests.conftest import NOW
from tests.control.world import parsed

DOCUMENTED_CONTRACT = CONTRACTS[DOCUMENTED]


@pytest.fixture(scope="module")
def demo() -> list[WorkspaceSeed]:
    return parsed(demo_text())


def test_the_demo_that_a_start_loads_unchecked_is_the_one_that_was_checked(
    demo: list[WorkspaceSeed],
) -> None:
    assert sha256(demo_text()).hexdigest() == shipped_seeds.CHECKED_SHA256, "put in the new digest"
    assert demo_seeds(NOW, DOCUMENTED_CONTRACT) == demo


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(b"{", r"\$: ", id="no JSON"),
        pytest.param(
            demo_text().replace(b'"status": "DONE"', b'"status": "DONNE"'),
            r"\.status: .*did you mean DONE",
            id="unknown status",
        ),
    ],
)
def test_a_demo_that_was_changed_is_checked(
    monkeypatch: pytest.MonkeyPatch, text: bytes, problem: str
) -> None:
    monkeypatch.setattr(shipped_seeds, "demo_text", lambda: text)

    with pytest.raises(InvalidInput, match=problem):
        demo_seeds(NOW, DOCUMENTED_CONTRACT)


def test_the_demo_has_two_workspaces_of_which_one_is_live(demo: list[WorkspaceSeed]) -> None:
    assert [(one.id, one.contract.name if one.contract else None) for one in demo] == [
        ("ws_demo", None),
        ("ws_other", "live"),
    ]


def test_the_demo_has_the_key_of_the_vendors_example(demo: list[WorkspaceSeed]) -> None:
    assert [[key.key for key in one.api_keys] for one in demo] == [
        ["YOUR_API_KEY"],
        ["YOUR_OTHER_API_KEY"],
    ]


def test_the_demo_has_the_lead_of_the_vendors_example(demo: list[WorkspaceSeed]) -> None:
    lead = next(lead for lead in demo[0].leads if lead.id == "lead_abc123")

    assert lead.linkedin_url == "https://www.linkedin.com/in/john-doe"
    assert (lead.status, lead.campaign_id) == ("REPLY_RECEIVED", "camp_xyz789")


def test_the_demo_has_more_than_a_page_of_leads(demo: list[WorkspaceSeed]) -> None:
    assert len(demo[0].leads) >= 55


def test_the_demo_has_leads_of_each_documented_status(demo: list[WorkspaceSeed]) -> None:
    counts = Counter(lead.status for lead in demo[0].leads)

    assert set(counts) == set(DOCUMENTED_STATUSES)


def test_the_demo_has_campaigns_in_every_state(demo: list[WorkspaceSeed]) -> None:
    assert {one.status for one in demo[0].campaigns} == {"started", "paused", "draft", "finished"}


def test_the_demo_has_a_campaign_without_leads(demo: list[WorkspaceSeed]) -> None:
    campaigns = {campaign.id for campaign in demo[0].campaigns}

    assert "camp_spring7" in campaigns - {lead.campaign_id for lead in demo[0].leads}


def test_the_demo_has_two_active_senders(demo: list[WorkspaceSeed]) -> None:
    senders = {sender.id for sender in demo[0].senders if sender.status == "active"}

    assert len(senders) == 2
    assert {lead.sender_id for lead in demo[0].leads} == senders


def test_nothing_in_the_demo_is_updated_before_it_is_created(demo: list[WorkspaceSeed]) -> None:
    leads = [lead for one in demo for lead in one.leads]
    campaigns = [campaign for one in demo for campaign in one.campaigns]

    assert [lead.id for lead in leads if lead.updated_at < lead.created_at] == []
    assert [one.id for one in campaigns if one.updated_at < one.created_at] == []


def test_the_addresses_in_the_demo_are_reserved_ones(demo: list[WorkspaceSeed]) -> None:
    emails = [lead.email for one in demo for lead in one.leads if lead.email]

    assert emails
    assert [email for email in emails if not email.endswith(".example")] == []
