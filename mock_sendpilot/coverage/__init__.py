"""Coverage of the integration: what a test suite has met of the API, and what it has not."""
