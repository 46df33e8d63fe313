"""One customer's world: leads, campaigns, senders, jobs, and the clock they live by."""
