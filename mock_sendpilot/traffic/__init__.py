"""The traffic of API clients: the journal of their requests."""
