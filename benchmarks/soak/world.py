"""The world of a soak: its seed, and the names of what is in it.

Each connection has leads of its own, whose changes it makes one after the other, so that their
events have to come in the order of the replies. All connections change the shared leads. The
walking campaign moves the leads that are added to it by itself.
"""

import json

KEY = "sp_soak"
CONNECTION_COUNT = 16
SENDER = "sender_soak"
OWN_CAMPAIGN, SHARED_CAMPAIGN = "camp_own", "camp_shared"
WALKING_CAMPAIGN, TOGGLED_CAMPAIGN = "camp_walking", "camp_toggled"
STATUSES = ("OPPORTUNITY", "NOT_INTERESTED", "DONE")
SHARED_LEADS = tuple(f"lead_shared{number}" for number in range(8))
_OWN_LEADS_EACH = 4
_PLENTY = 1_000_000
_FIRST_STATUS = "CONNECTION_ACCEPTED"  # a sender can write to these leads
_PROFILE = "https://www.linkedin.com/in/"


def own_leads(connection: int) -> list[str]:
    """Return the ids of the leads that one connection alone changes."""
    return [f"lead_own{connection:02}x{number}" for number in range(_OWN_LEADS_EACH)]


def profile_of(lead_id: str) -> str:
    """Return the profile URL of a lead of the seed."""
    return profile(lead_id.replace("_", "-"))


def profile(slug: str) -> str:
    """Return a profile URL."""
    return f"{_PROFILE}{slug}"


def seed() -> str:
    """Return the seed as JSON."""
    own = [one for number in range(CONNECTION_COUNT) for one in own_leads(number)]
    leads = [_lead(one, OWN_CAMPAIGN) for one in own]
    leads += [_lead(one, SHARED_CAMPAIGN) for one in SHARED_LEADS]
    # A campaign is over when all of its leads are; this one, which never walks, keeps it going.
    leads.append({**_lead("lead_resting", WALKING_CAMPAIGN), "status": "PENDING"})
    workspace = {
        "id": "ws_soak",
        "name": "Soak",
        "apiKeys": [{"key": KEY}],
        "credits": {"subscription": _PLENTY},
        "jobs": {"startDelay": "1s", "duration": "5s"},
        "senders": [_sender()],
        "campaigns": [
            _campaign(OWN_CAMPAIGN),
            _campaign(SHARED_CAMPAIGN),
            _campaign(TOGGLED_CAMPAIGN),
            {**_campaign(WALKING_CAMPAIGN), "enrolls": "added", "sequence": _sequence()},
        ],
        "leads": leads,
    }
    return json.dumps({"workspaces": [workspace]})


def first_statuses(lead_ids: list[str]) -> dict[str, str]:
    """Return the status that each of these leads begins with."""
    return dict.fromkeys(lead_ids, _FIRST_STATUS)


def _sender() -> dict[str, object]:
    return {
        "id": SENDER,
        "name": "Maria Keller",
        "linkedinUrl": profile("maria-keller-soak"),
        "limits": {"connections": _PLENTY, "messages": _PLENTY},
    }


def _campaign(campaign_id: str) -> dict[str, object]:
    return {"id": campaign_id, "name": campaign_id, "senderIds": [SENDER]}


def _lead(lead_id: str, campaign_id: str) -> dict[str, object]:
    return {
        "id": lead_id,
        "linkedinUrl": profile_of(lead_id),
        "campaignId": campaign_id,
        "senderId": SENDER,
        "status": _FIRST_STATUS,
        "firstName": "Ida",
    }


def _sequence() -> list[dict[str, object]]:
    """Return steps that are over within some minutes."""
    return [
        {
            "step": "connect",
            "after": "1s",
            "responseRate": 0.7,
            "respondsAfter": ["1s", "30s"],
            "expiresAfter": "1m",
        },
        {
            "step": "message",
            "after": "2s",
            "text": "Hi {{firstName}}",
            "responseRate": 0.5,
            "respondsAfter": ["1s", "30s"],
            "expiresAfter": "1m",
        },
    ]
