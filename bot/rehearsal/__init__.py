"""A community to try Kith in, on a simulated Discord."""
