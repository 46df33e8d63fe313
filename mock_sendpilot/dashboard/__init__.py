"""The dashboard: pages that show a workspace, live, and buttons that call the control API."""
