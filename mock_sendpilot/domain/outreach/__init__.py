"""Outreach: what senders and people do to each other, and what makes them do it."""
