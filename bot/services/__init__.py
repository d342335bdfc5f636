"""Rules, one file a noun."""
