"""The index of leads answers as a plain list of them would."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sendpilot.world.lead_index import LeadIndex, SortedPositions
from mock_sendpilot.world.models import Lead
from tests.world.test_store import make_lead

CAMPAIGNS = ("camp_1", "camp_2", None)
STATUSES = ("PENDING", "DONE", "MESSAGE_SENT")


def numbered(number: int, campaign_id: str | None, status: str) -> Lead:
    url = f"https://www.linkedin.com/in/person-{number}"
    return make_lead(id=f"lead_{number}", linkedin_url=url, campaign_id=campaign_id, status=status)


# A new lead, or another status for one of those before.
ACTIONS = st.lists(
    st.one_of(st.sampled_from(CAMPAIGNS), st.tuples(st.integers(0, 40), st.sampled_from(STATUSES))),
    max_size=80,
)


@given(actions=ACTIONS, start=st.integers(0, 30), length=st.integers(0, 30))
def test_every_list_has_the_leads_that_a_search_finds(
    actions: list[tuple[int, str] | str | None], start: int, length: int
) -> None:
    index, model = LeadIndex(), list[Lead]()
    for action in actions:
        if not isinstance(action, tuple):
            lead = numbered(len(model), action, "PENDING")
            (index.insert if action else index.insert_person)(lead)
            model.append(lead)
        elif model:
            number = action[0] % len(model)
            model[number] = replace(model[number], status=action[1])
            index.replace(model[number])
    in_campaigns = [lead for lead in model if lead.campaign_id is not None]
    for campaign_id in CAMPAIGNS:
        for status in (*STATUSES, None):
            found = [
                lead
                for lead in in_campaigns
                if campaign_id in {None, lead.campaign_id} and status in {None, lead.status}
            ]
            assert index.count(campaign_id, status) == len(found)
            assert index.all(campaign_id, status) == found
            stop = start + length
            assert index.slice(start, stop, campaign_id, status) == found[start:stop]
    assert [index.get(lead.id) for lead in model] == model
    assert sorted(index.by_id()) == sorted(lead.id for lead in model)


@pytest.mark.parametrize("seed", range(20))
def test_positions_stay_in_order_in_any_number_of_blocks(seed: int) -> None:
    source, positions, model = Random(seed), SortedPositions(max_block_length=4), set[int]()
    for _ in range(300):
        number = source.randrange(60)
        if number in model:
            positions.remove(number)
        else:
            positions.add(number)
        model ^= {number}
        start, stop = sorted(source.choices(range(70), k=2))
        assert positions.count == len(model)
        assert positions.slice(start, stop) == sorted(model)[start:stop]


def test_an_index_goes_on_from_the_contents_of_another() -> None:
    before, after = LeadIndex(), LeadIndex()
    leads = [numbered(number, CAMPAIGNS[number % 2], STATUSES[number % 3]) for number in range(9)]
    for lead in leads:
        before.insert(lead)
    before.insert_person(numbered(9, None, "PENDING"))
    before.insert(replace(numbered(3, "camp_1", "DONE"), id="lead_3_of_another_campaign"))
    assert before.mark_contacted("lead_3")
    ids = {one: tuple(lead.id for lead in before.all(one)) for one in ("camp_1", "camp_2")}
    after.load(before.by_id(), ids, before.ids_by_url(), before.contacted())
    assert after.all() == before.all()
    assert after.all("camp_2", "DONE") == before.all("camp_2", "DONE") != []
    for number, count in ((0, 1), (3, 2), (9, 1), (10, 0)):
        url = f"https://www.linkedin.com/in/person-{number}"
        assert len(after.of_person(url)) == count
        assert after.of_person(url) == before.of_person(url)
    assert after.contacted() == {"lead_3"}
    assert not after.mark_contacted("lead_3")


@pytest.mark.parametrize("sender_id", [None, "sender_1", "sender_2"])
def test_a_lead_takes_the_place_of_its_sender_s_record_of_the_person(sender_id: str | None) -> None:
    index = LeadIndex()
    person = replace(numbered(1, None, "PENDING"), sender_id="sender_1")
    lead = replace(numbered(1, "camp_1", "PENDING"), id="lead_2", sender_id=sender_id)
    index.insert_person(person)
    assert index.of_person(person.linkedin_url) == [person]
    index.insert(lead)
    expected = [person, lead] if sender_id == "sender_2" else [lead]
    assert index.of_person(person.linkedin_url) == expected
    assert index.get(person.id) == person
