"""The group `portico objects`, to which its modules add their commands."""

from __future__ import annotations

import click


@click.group()
def objects() -> None:
    """Buckets and objects. Places are portico://BUCKET/KEY; s3://BUCKET/KEY is the same.

    \b
    Examples:
      portico objects mb portico://photos
      portico objects cp cat.jpg portico://photos/2026/
      portico objects ls portico://photos/2026/
      portico objects sync ./site portico://web/site --delete
      portico objects cat portico://photos/2026/cat.jpg > copy.jpg
    """
