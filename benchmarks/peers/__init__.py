"""The same PATCH on other mock servers: `make bench-peers` installs and measures them."""
