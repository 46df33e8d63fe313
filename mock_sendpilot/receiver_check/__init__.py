"""The check of a webhook receiver: a series of test webhooks, and a report on its responses."""
