"""The emulator's own API under `/_emulate`: everything that the vendor's API does not have."""
