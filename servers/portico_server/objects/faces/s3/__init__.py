"""The S3-compatible HTTP API: it builds messages of the contract and enters the same pipeline."""
