"""Evidence: what happened in a sandbox, as one HTML file that opens offline and can be replayed."""
