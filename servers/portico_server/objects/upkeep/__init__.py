"""The background work: what is removed, and what is looked at again."""
