"""The emulated world itself: leads, campaigns, senders, and the clock they live by."""
