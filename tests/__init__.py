"""The tests. Folders that are packages have fixtures of that scope, which end with the folder."""
