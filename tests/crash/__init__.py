"""Kith killed again and again while it posts, and a count of what was lost or doubled."""
