"""The emulator's own face: what `/_emulate` and the command line offer beyond the vendor."""
