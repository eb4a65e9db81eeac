"""The operations of S3, one file a noun; `table.py` says which there are."""
