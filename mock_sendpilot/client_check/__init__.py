"""The check of a client: its sync runs against faults, and a report on the requests it makes."""
