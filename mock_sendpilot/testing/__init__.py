"""The pytest plugin: a workspace for each test, and a receiver for webhooks."""
