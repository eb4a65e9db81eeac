"""Buckets, and what they are set to."""
