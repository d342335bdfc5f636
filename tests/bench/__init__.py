"""How quick Kith is, measured with real processes against a Discord on this machine."""
