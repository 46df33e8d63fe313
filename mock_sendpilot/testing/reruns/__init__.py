"""Reruns of a test: under each contract option it touched, and with replies that have drifted."""
