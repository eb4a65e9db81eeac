"""The authorities of a platform: another one takes the place of the first, and at each step both sides are believed."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest
from cryptography import x509

from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring import authorities as module
from portico_server.platform.keyring.authorities import Authorities, AuthorityError
from portico_server.platform.private_files import replace_file

URI = "spiffe://portico.local/default/admin"


def opened(data: Path) -> Keyring:
    return Keyring.open(data, "portico.local", ["localhost"])


def ids(found: Authorities) -> list[str]:
    return [authority.id for authority in found.trusted]


def new_certificate(keyring: Keyring) -> x509.Certificate:
    return x509.load_pem_x509_certificate(keyring.new_client_certificate(URI, lifetime_seconds=60).certificate_pem)


def test_one_is_added_used_and_the_first_removed_and_every_opened_keyring_follows(tmp_path: Path) -> None:
    running, keyring = opened(tmp_path), opened(tmp_path)
    [first] = ids(running.authorities)
    added = keyring.authorities.add()
    assert ids(running.authorities) == [first, added.id]
    before = new_certificate(running)
    assert not added.has_issued(before), "it issues nothing yet"
    keyring.authorities.use(added.id[:6])
    assert ids(running.authorities) == ids(opened(tmp_path).authorities) == [added.id, first]
    after = new_certificate(running)
    assert added.has_issued(after)
    assert all(running.authorities.have_issued(each) for each in (before, after))
    keyring.authorities.remove(first)
    assert ids(running.authorities) == ids(opened(tmp_path).authorities) == [added.id]
    assert not running.authorities.have_issued(before)
    assert sorted(path.name for path in (tmp_path / "keys" / "authorities").iterdir()) == []


def test_a_step_can_be_taken_back(tmp_path: Path) -> None:
    keyring = opened(tmp_path)
    first, second = keyring.authorities.issuing.id, keyring.authorities.add().id
    keyring.authorities.use(second)
    keyring.authorities.use(first)
    keyring.authorities.use(first)
    assert ids(opened(tmp_path).authorities) == [first, second]


def test_all_that_is_kept_is_its_owners_only(tmp_path: Path) -> None:
    keyring = opened(tmp_path)
    keyring.authorities.use(keyring.authorities.add().id)
    for path in (tmp_path / "keys").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize(
    ("wanted", "why"), [("", "names none"), ("zz", "names none"), ("issuing", "have another one issue first")]
)
def test_what_cannot_be_done_is_said_and_changes_nothing(tmp_path: Path, wanted: str, why: str) -> None:
    found = opened(tmp_path).authorities
    found.add()
    before = ids(found)
    with pytest.raises(AuthorityError, match=why):
        found.remove(found.issuing.id if wanted == "issuing" else wanted)
    assert ids(found) == before


def test_there_are_not_ever_more_of_them(tmp_path: Path) -> None:
    found = opened(tmp_path).authorities
    while len(found.trusted) < module.MAX_AUTHORITIES:
        found.add()
    with pytest.raises(AuthorityError, match="remove one first"):
        found.add()


def test_a_crash_between_two_steps_of_a_change_leaves_one_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever file is the last that was written."""
    for last in range(1, 7):
        data = tmp_path / str(last)
        keyring = opened(data)
        first, second = keyring.authorities.issuing.id, keyring.authorities.add().id
        written = 0

        def crash_later(path: Path, content: bytes, last: int = last) -> None:
            nonlocal written
            written += 1
            if written > last:
                raise KeyboardInterrupt
            replace_file(path, content)

        with monkeypatch.context() as patched:
            patched.setattr(module, "replace_file", crash_later)
            patched.setattr("portico_server.platform.private_files.replace_file", crash_later)
            with contextlib.suppress(KeyboardInterrupt):
                keyring.authorities.use(second)
        again = opened(data)
        assert set(ids(again.authorities)) == {first, second}
        assert new_certificate(again)
        again.authorities.use(second)
        assert ids(again.authorities) == [second, first]


def test_a_key_that_is_another_certificates_is_refused_and_what_was_read_before_stays(tmp_path: Path) -> None:
    running = opened(tmp_path)
    added = running.authorities.add()
    path = tmp_path / "keys" / "authorities" / f"{added.id}.key"
    path.write_bytes((tmp_path / "keys" / "authority.key").read_bytes())
    with pytest.raises(ValueError, match="is not the certificate of"):
        opened(tmp_path)


def test_lists_of_revoked_certificates_are_of_each_and_tell_their_own_issuer(tmp_path: Path) -> None:
    found = opened(tmp_path).authorities
    found.add()
    pem = found.revocation_lists([5, 7], lifetime_seconds=60)
    begin = b"-----BEGIN X509 CRL-----"
    lists = [x509.load_pem_x509_crl(begin + part) for part in pem.split(begin)[1:]]
    assert len(lists) == 2
    assert len({each.issuer for each in lists}) == 2, "no list can be taken for another authority's"
    for each, authority in zip(lists, found.trusted, strict=True):
        assert each.is_signature_valid(authority.key.public_key())
        assert sorted(revoked.serial_number for revoked in each) == [5, 7]
