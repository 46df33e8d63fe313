"""Keeps pytest from the tests of the example project, which are run in a copy of it."""

collect_ignore = ["client"]
