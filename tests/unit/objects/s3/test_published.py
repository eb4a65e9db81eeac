"""Amazon's own examples of signatures are good here."""

from __future__ import annotations

import pytest

from portico_server.objects.faces.s3.sigv4 import verify
from tests.unit.objects.s3 import published
from tests.unit.objects.s3.signing import Sent


@pytest.mark.parametrize("name", ["GET", "PUT", "LIFECYCLE", "LIST", "PRESIGNED", "CHUNKED", "WITH_TRAILER"])
def test_the_request_is_signed_as_published(name: str) -> None:
    sent: Sent = getattr(published, name)

    found = verify(sent, published.SIGNERS, published.Clock())

    assert found is not None
    assert found.key.id == published.KEY_ID
