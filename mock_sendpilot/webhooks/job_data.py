"""The `data` of the events of searches and extractions (section (c)): snake case, as their routes.

What a lead in it looks like is `FoundLead` and `ExtractedLead`, whose fields are the keys.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.world.events import ExtractionCompleted, SearchCompleted


def search_completed(change: SearchCompleted, _contract: Contract) -> Mapping[str, Any]:
    """`lead_database.search.completed`; `results_url` is a path, as the page has it."""
    search = change.search
    return {
        "search_id": search.id,
        "search_name": search.name,
        "total_leads_found": search.found,
        "requested_limit": search.limit,
        **_times(search.created_at, search.completed_at),
        "filters": search.filters,
        "leads": [asdict(lead) for lead in search.leads],
        "results_url": f"/v1/lead-database/searches/{search.id}/results",
    }


def extraction_completed(change: ExtractionCompleted, _contract: Contract) -> Mapping[str, Any]:
    """`lead_extractor.job.completed`; a credit for each lead, and each try to enrich one."""
    job = change.extraction
    return {
        "campaign_id": job.id,
        "campaign_name": job.name,
        "campaign_type": "SEARCH",
        "mode": job.mode,
        "search_urls": job.urls,
        "total_leads_extracted": job.extracted,
        "total_leads_enriched": job.enriched,
        "requested_limit": job.limit,
        **_times(job.created_at, job.completed_at),
        "credits_used": {
            "extraction": job.extracted,
            "enrichment": job.enrichments_tried,
            "total": job.extracted + job.enrichments_tried,
        },
        "leads": [asdict(lead) for lead in job.leads],
    }


def _times(started_at: datetime, completed_at: datetime | None) -> dict[str, Any]:
    ended_at = completed_at or started_at
    return {
        "started_at": iso_milliseconds(started_at),
        "completed_at": iso_milliseconds(ended_at),
        "duration_ms": (ended_at - started_at) // timedelta(milliseconds=1),
    }
