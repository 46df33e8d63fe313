"""The `data` of the campaign events (section (c)); that of `campaign.finished` is a guess."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.world.events import CampaignChanged


def campaign_changed(change: CampaignChanged, at: datetime) -> Mapping[str, Any]:
    """Which campaign, when, and what each of the four events tells besides."""
    which = {"campaignId": change.campaign.id, "campaignName": change.campaign.name}
    when = iso_milliseconds(at)
    rest: Mapping[str, Mapping[str, Any]] = {
        words.CAMPAIGN_STARTED: {"totalLeads": change.total_leads, "startedAt": when},
        words.CAMPAIGN_PAUSED: {"pausedAt": when, "pausedBy": change.changed_by},
        words.CAMPAIGN_RESUMED: {"resumedAt": when, "resumedBy": change.changed_by},
        words.CAMPAIGN_FINISHED: {"finishedAt": when},
    }
    return {**which, **rest[change.event_type]}
