"""Words of the server that the help tells, without importing the server; tests compare them."""

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "duplicate": "comes again after its first attempt (--copies 1)",
    "reorder": "comes after the next one (--seconds 5: at the latest)",
    "delay": "comes later (--seconds 5)",
    "drop": "is never sent; the log says so",
    "stale_timestamp": "has an old time, rightly signed (--seconds 3600)",
    "wrong_secret": "is signed with a secret that is not the endpoint's",
    "missing_signature": "has no signature headers",
    "altered_body": "is altered after it was signed",
    "old_secret": "is signed with the secret before the last rotation",
    "renamed_event": "has name and data of the other generation of the API",
    "unknown_event": "has an event type that nobody knows",
    "extra_fields": "has fields that were not there yesterday",
    "missing_fields": "lacks fields that clients have seen missing",
    "huge_body": "is very long (--bytes 1000000)",
    "slow_body": "takes its time to arrive (--seconds 3)",
    "broken_connection": "breaks off with a reset in the middle of its body",
    "lost_answer": "is received, but its answer is never heard",
    "wrong_content_type": "says that it is text/plain",
    "chaos": "suffers any of these that loses nothing (--rate 0.2)",
}
"""What befalls a delivery, with the options of each and their defaults."""

EVENTS: Mapping[str, str] = {
    "message.sent": "--lead",
    "message.received": "--lead",
    "connection.sent": "--lead",
    "connection.accepted": "--lead",
    "campaign.started": "--campaign",
    "campaign.paused": "--campaign",
    "campaign.resumed": "--campaign",
    "campaign.finished": "--campaign",
    "lead.status.changed": "--lead",
    "lead.tag.updated": "--lead",
    "lead_database.search.completed": "--job",
    "lead_extractor.job.completed": "--job",
}
"""The twelve, as the default contract names them, with the option that says what one is about."""

STATES = ("pending", "succeeded", "exhausted", "cancelled", "dropped")
"""How a delivery can be."""


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as `1 lead` or `2 leads`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def table(rows: Mapping[str, str]) -> str:
    """Two columns for a help text, which click is not to wrap."""
    width = max(map(len, rows))
    lines = [f"  {name.ljust(width)}  {about}".rstrip() for name, about in rows.items()]
    return "\n".join(["\b", *lines])
