"""Keeps pytest from the tests of the example projects, which are run in copies."""

collect_ignore = ["client", "runners"]
