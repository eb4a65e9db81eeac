"""Databases from one engine to the other, whole, checked row by row: for backups, restores and `portico state move`."""
