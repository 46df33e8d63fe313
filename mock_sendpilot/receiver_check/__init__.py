"""The verdict on a webhook receiver: what it does right, what wrong, and why it matters."""
