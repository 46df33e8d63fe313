"""States of whole workspaces: kept as snapshots, written as JSON, saved in a file."""
