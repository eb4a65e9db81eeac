"""Whose receivers of webhooks are believed: a file that cannot be used is told with the setting that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from portico_server.objects.notifications.sending import believed_receivers
from portico_server.platform.settings import SettingError


def test_authorities_of_a_file_are_believed_besides_the_systems(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    number = len(believed_receivers("")().get_ca_certs())
    assert len(believed_receivers(str(tmp_path / "ca.pem"))().get_ca_certs()) == number + 1


@pytest.mark.parametrize(("content", "told"), [(None, "cannot read"), ("nothing", "has no certificates in PEM")])
def test_a_file_that_cannot_be_used_is_told_with_its_setting(tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(SettingError, match=f"^webhook_authorities: .*{told}.*; give a file of certificates"):
        believed_receivers(str(tmp_path / "ca.pem"))
