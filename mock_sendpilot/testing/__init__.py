"""The pytest plugin, its fixtures, and a receiver for webhooks."""
