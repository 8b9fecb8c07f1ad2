"""Their words and ours: pure functions."""
