"""Bytes in a store that speaks S3. Imported only where one is described (`platform/blobs/opening.py`)."""
