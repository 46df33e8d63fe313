"""Verdicts on an integration: the findings of checks, and their report."""
