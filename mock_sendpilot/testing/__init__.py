"""What a test suite uses: the pytest plugin, and a receiver for webhooks."""
