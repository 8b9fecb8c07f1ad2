"""Every question to the books: nouns, read-only, answered with frozen records."""
