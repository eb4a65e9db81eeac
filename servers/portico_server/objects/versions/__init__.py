"""Objects and their versions: written, read, marked, locked, listed, deleted."""
