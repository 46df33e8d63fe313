"""The vendor's face: the routes of `https://api.sendpilot.ai/v1`."""
