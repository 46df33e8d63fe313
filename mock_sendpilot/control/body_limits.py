"""The lengths of the bodies with a seed or a state, which are larger than any other."""

MAX_SEED_BYTES = 160_000_000
"""The length of a body with a seed or a state, such as that of 100,000 leads."""
LARGE_BODY_ROUTES = ("/state", "/seed", "/workspaces")
