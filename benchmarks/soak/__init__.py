"""A soak: a server under mixed calls and hostile receivers, and an account of every event."""
