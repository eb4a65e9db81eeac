"""Backups of a whole platform: made while it runs (making.py), verified, restored. docs/backup.md has the format."""
