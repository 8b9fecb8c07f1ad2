"""Their words and ours, both ways: pure functions between validated fields, terms and records."""
