"""Scheduling: a clock and a queue of tasks for each workspace, and threads for all of them."""
