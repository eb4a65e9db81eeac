"""Faces, by that of the testing product."""
