"""The emulator of a sandbox: in this process, or one that runs elsewhere."""
