"""The world that a client is checked in: small at first, then with several pages of each list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.world.inbox import RECEIVED, SENT, Conversation, Message, participant
from mock_sendpilot.world.models import ApiKey, Campaign, DailyLimits, Lead, Sender
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.state import WorldState

API_KEY = "sp_check_client"
_CAMPAIGN, _SENDER = "camp_check", "sender_check"
_MAX_LIMIT = 100  # of the vendor, for items on a page
_PLENTY = 100_000  # of messages a day: a quota is no fault of a client
_PEOPLE = (("ida", "Ida", "Holm"), ("per", "Per", "Lund"), ("eva", "Eva", "Berg"))
_STATUSES = ("REPLY_RECEIVED", "CONNECTION_ACCEPTED", "PENDING")


def small_seed(contract: Contract) -> WorkspaceSeed:
    """Return a workspace with a campaign, a sender, three leads and two conversations."""
    now = SystemClock().now()
    leads = tuple(
        replace(
            _lead(f"lead_{slug}", _CAMPAIGN, status, now),
            sender_id=_SENDER,
            first_name=first,
            last_name=last,
            title="CFO",
            company="Fjord AS",
        )
        for (slug, first, last), status in zip(_PEOPLE, _STATUSES, strict=True)
    )
    sender = Sender(
        id=_SENDER,
        name="Check Sender",
        linkedin_url="https://www.linkedin.com/in/check-sender",
        status="active",
        is_premium=True,
        daily_limits=DailyLimits(connections=_PLENTY, messages=_PLENTY, likes=_PLENTY),
    )
    return WorkspaceSeed(
        id="ws_check",
        name="Check",
        api_keys=(ApiKey(key=API_KEY),),
        contract=contract,
        random_seed="check-client",
        plan="check",
        senders=(sender,),
        campaigns=(_campaign(_CAMPAIGN, _SENDER, now),),
        leads=leads,
        conversations=tuple(
            _conversation(one.id, one.linkedin_url, _SENDER, now) for one in leads[:2]
        ),
    )


def state_of(seed: WorkspaceSeed) -> WorkspaceState:
    """Return the state of a fresh workspace."""
    emulator = Emulator()
    try:
        return emulator.state(emulator.add_workspace(seed))
    finally:
        emulator.close()


def for_checks(world: WorldState, api_key: str) -> WorkspaceState:
    """Return the state of a world without webhooks and faults, which one API key opens."""
    seed = replace(world.seed, api_keys=(ApiKey(key=api_key),), endpoints=())
    # The receivers of a test are not checked, and must not hear of what is.
    empty = state_of(seed.without_contents())
    return replace(empty, world=replace(world, seed=seed))


@dataclass(frozen=True, slots=True)
class List:
    """A list of the API that has pages: its operation and its usual number of items on a page."""

    operation: str
    default_limit: int

    def limit(self, entry: JournalEntry) -> int:
        """Return the number of items on a page that a request asks for."""
        text = str(entry.query.get("limit", ""))
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_LIMIT))
        return max(1, min(int(text), _MAX_LIMIT)) if is_number else self.default_limit


LEADS = List("leads.list", 50)
CAMPAIGNS = List("campaigns.list", 20)
CONVERSATIONS = List("inbox.listConversations", 20)
MESSAGES = List("inbox.listMessages", 50)
LISTS = (LEADS, CAMPAIGNS, CONVERSATIONS, MESSAGES)
BY_OPERATION: Mapping[str, List] = {one.operation: one for one in LISTS}


def several_pages(entries: Iterable[JournalEntry], state: WorkspaceState) -> WorkspaceSeed:
    """Return more contents: at least three pages of each list that a client reads."""
    now = state.world.clock.now
    first = {str(one.operation): one for one in reversed(list(entries))}
    campaigns, leads, conversations = [], [], []
    campaign_ids = [one.id for one in state.world.store.campaigns]
    sender_ids = [one.id for one in state.world.store.senders]
    # The filters of the client count only if they find anything in this world.
    if (entry := first.get(LEADS.operation)) and campaign_ids:
        campaign_id = _known(entry.query.get("campaignId"), campaign_ids)
        status = _known(entry.query.get("status"), ("PENDING", *state.world.contract.list_statuses))
        leads = [
            _lead(f"lead_page_{number:03}", campaign_id, status, now)
            for number in range(2 * LEADS.limit(entry) + 1)
        ]
    if (entry := first.get(CAMPAIGNS.operation)) and sender_ids:
        campaigns = [
            _campaign(f"camp_page_{number:03}", sender_ids[0], now)
            for number in range(2 * CAMPAIGNS.limit(entry) + 1)
        ]
    if (entry := first.get(CONVERSATIONS.operation)) and sender_ids:
        sender_id = _known(entry.query.get("accountId"), sender_ids)
        conversations = [
            _conversation(f"page-{number:03}", _url(f"page-{number:03}"), sender_id, now)
            for number in range(2 * CONVERSATIONS.limit(entry) + 1)
        ]
    if entry := first.get(MESSAGES.operation):
        conversation_id = entry.path.rsplit("/", 2)[-2]
        conversations += [
            (conversation, _messages(conversation_id, now, 2 * MESSAGES.limit(entry) + 1))
            for conversation, _ in state.world.conversations
            if conversation.id == conversation_id
        ]
    return WorkspaceSeed(
        id="pages",
        name="Pages",
        api_keys=(),
        campaigns=tuple(campaigns),
        leads=tuple(leads),
        conversations=tuple(conversations),
    )


def _known(value: object, known: Sequence[str]) -> str:
    """Return a value if it is known, else the first that is."""
    return value if isinstance(value, str) and value in known else known[0]


def _url(slug: str) -> str:
    return f"https://www.linkedin.com/in/{slug.replace('_', '-')}"


def _lead(id_: str, campaign_id: str, status: str, now: datetime) -> Lead:
    return Lead(
        id=id_,
        linkedin_url=_url(id_),
        status=status,
        campaign_id=campaign_id,
        created_at=now,
        updated_at=now,
    )


def _campaign(id_: str, sender_id: str, now: datetime) -> Campaign:
    return Campaign(
        id=id_,
        name=f"Campaign {id_}",
        status="started",
        sender_ids=(sender_id,),
        created_at=now,
        updated_at=now,
    )


def _conversation(
    name: str, url: str, sender_id: str, now: datetime
) -> tuple[Conversation, tuple[Message, ...]]:
    conversation = Conversation(
        id=f"2-check-{name.replace('_', '-')}",
        sender_id=sender_id,
        participant=participant(url),
        created_at=now,
        updated_at=now,
        unread_count=1,
    )
    return conversation, _messages(conversation.id, now, 2)


def _messages(conversation_id: str, now: datetime, count: int) -> tuple[Message, ...]:
    return tuple(
        Message(
            id=f"msg_{conversation_id}_{number}",
            content=f"Message {number + 1}",
            direction=RECEIVED if number % 2 else SENT,
            sent_at=now - timedelta(minutes=count - number),
        )
        for number in range(count)
    )
