"""Webhooks: an event becomes one delivery per endpoint, and each delivery some attempts."""
