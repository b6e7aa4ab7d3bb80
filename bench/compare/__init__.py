"""bench/run: the checkouts pipeline and its rivals, one after another on the same events."""
