"""Copies between files and objects: what stands below a folder or prefix, what differs, and moving it many at once."""
