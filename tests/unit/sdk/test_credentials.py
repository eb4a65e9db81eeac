"""Tokens and certificates: used, renewed in time, kept in the profile."""

from __future__ import annotations

import datetime
import os
import stat
import time
from pathlib import Path

import grpc
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import portico
from portico import Client, errors, profiles
from portico._files import replace_pair, settle_pair
from tests.unit.sdk.fake_platform import FakePlatform, Fault, sign

LONG_AGO = time.time() - 7200


def with_life(fake: FakePlatform, *, age_seconds: float, life_seconds: float) -> str:
    now = time.time()
    return fake.token(iat=now - age_seconds, exp=now - age_seconds + life_seconds)


def use_certificate(fake: FakePlatform, *, days: float, age_days: float) -> None:
    """Gives the profile a certificate that holds so many days more, in a file as old as it."""
    from portico._certificates import new_request

    key, request = new_request()
    (fake.profile / "client.key").write_bytes(key)
    (fake.profile / "client.pem").write_text(sign(fake.authority, request, days, age_days))
    os.utime(fake.profile / "client.pem", (LONG_AGO, LONG_AGO))


def life_days(pem: bytes) -> float:
    parsed = x509.load_pem_x509_certificate(pem)
    return (parsed.not_valid_after_utc - datetime.datetime.now(datetime.UTC)).total_seconds() / 86400


def test_the_profiles_token_is_sent_and_not_renewed_while_it_is_young(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    assert fake.headers["CreateBucket"][0]["authorization"] == f"Bearer {(fake.profile / 'token').read_text()}"
    assert fake.calls["CreateToken"] == 0


def test_health_is_asked_without_a_token(client: Client, fake: FakePlatform) -> None:
    client.health.check()
    assert "authorization" not in fake.headers["Check"][0]


@pytest.mark.parametrize("age_share", [0.85, 1.5])
def test_an_old_token_is_renewed_and_kept_in_the_profile(fake: FakePlatform, age_share: float) -> None:
    old = with_life(fake, age_seconds=3600 * age_share, life_seconds=3600)
    fake.write_profile(token=old)
    with portico.connect() as client:
        client.buckets.create("photos")
        client.buckets.get("photos")
    assert fake.calls["CreateToken"] == 1
    token = fake.profile / "token"
    assert token.read_text() not in ("", old)
    assert stat.S_IMODE(token.stat().st_mode) == 0o600


def test_a_token_that_another_process_renewed_is_taken_from_the_profile(fake: FakePlatform) -> None:
    fake.write_profile(token=with_life(fake, age_seconds=3500, life_seconds=3600))
    with portico.connect() as client:
        newer = fake.token()
        (fake.profile / "token").write_text(newer)
        client.buckets.create("photos")
    assert fake.calls["CreateToken"] == 0
    assert fake.headers["CreateBucket"][0]["authorization"] == f"Bearer {newer}"


def test_a_token_that_is_refused_as_expired_is_renewed_and_the_call_made_again(
    client: Client, fake: FakePlatform
) -> None:
    fake.tokens.clear()
    client.buckets.create("photos")
    assert (fake.calls["CreateToken"], fake.calls["CreateBucket"]) == (1, 2)


def test_a_token_that_stays_refused_is_told(client: Client, fake: FakePlatform) -> None:
    fake.fail("CreateBucket", *[Fault(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")] * 9)
    with pytest.raises(errors.Unauthenticated):
        client.buckets.create("photos")
    assert fake.calls["CreateBucket"] == 2


def test_a_good_token_is_used_though_its_renewal_fails(fake: FakePlatform) -> None:
    fake.write_profile(token=with_life(fake, age_seconds=3500, life_seconds=3600))
    fake.fail("CreateToken", *[Fault(grpc.StatusCode.PERMISSION_DENIED)] * 9)
    with portico.connect() as client:
        client.buckets.create("photos")


@pytest.mark.parametrize("stored", ["", "older"])
def test_a_good_token_is_used_though_the_profile_has_none_so_good_and_its_renewal_fails(
    fake: FakePlatform, stored: str
) -> None:
    """A folder that cannot be written keeps what is long expired; one that was emptied, nothing."""
    fake.write_profile(token=with_life(fake, age_seconds=3500, life_seconds=3600))
    fake.fail("CreateToken", *[Fault(grpc.StatusCode.PERMISSION_DENIED)] * 9)
    with portico.connect() as client:
        (fake.profile / "token").write_text(stored and with_life(fake, age_seconds=7200, life_seconds=3600))
        client.buckets.create("photos")


def test_a_token_given_by_the_environment_is_used_and_never_renewed(
    fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = with_life(fake, age_seconds=9999, life_seconds=60)
    monkeypatch.setenv("PORTICO_TOKEN", old)
    fake.tokens.remove(old)
    with portico.connect() as client, pytest.raises(errors.Unauthenticated):
        client.buckets.create("photos")
    assert fake.headers["CreateBucket"][0]["authorization"] == f"Bearer {old}"
    assert fake.calls["CreateToken"] == 0


def test_an_expired_certificate_is_told_with_what_to_do(fake: FakePlatform) -> None:
    use_certificate(fake, days=-0.01, age_days=1)
    with portico.connect() as client, pytest.raises(errors.ProfileError) as caught:
        client.buckets.create("photos")
    assert caught.value.reason == "CERTIFICATE_EXPIRED"


def test_an_authority_that_comes_beside_the_first_is_known_with_the_next_token(fake: FakePlatform) -> None:
    fake.write_profile(token=with_life(fake, age_seconds=3500, life_seconds=3600))
    before = (fake.profile / "client.pem").read_bytes()
    fake.authorities_pem += trustme.CA().cert_pem.bytes()
    with portico.connect() as client:
        for name in ("one", "two", "three"):
            client.buckets.create(name)
    assert (fake.calls["CreateToken"], fake.calls["CreateCertificate"]) == (1, 1)
    assert (fake.profile / "ca.pem").read_bytes() == fake.authorities_pem
    assert (fake.profile / "client.pem").read_bytes() != before, "it may have been the other one's"


def test_a_platform_that_shows_another_authority_is_known_again_by_the_profiles_files(fake: FakePlatform) -> None:
    good = (fake.profile / "ca.pem").read_bytes()
    (fake.profile / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    with portico.connect() as client:
        (fake.profile / "ca.pem").write_bytes(good)
        client.buckets.create("photos")
    assert fake.calls["CreateCertificate"] == 0


def test_a_certificate_in_its_last_third_is_renewed_with_a_new_key(fake: FakePlatform) -> None:
    use_certificate(fake, days=9, age_days=21)
    before = (fake.profile / "client.key").read_bytes()
    with portico.connect() as client:
        client.buckets.create("photos")
        client.buckets.get("photos")
    assert fake.calls["CreateCertificate"] == 1
    key, certificate = ((fake.profile / name).read_bytes() for name in ("client.key", "client.pem"))
    assert key != before
    assert life_days(certificate) > 29
    assert stat.S_IMODE((fake.profile / "client.key").stat().st_mode) == 0o600
    public = serialization.load_pem_private_key(key, None).public_key()
    assert x509.load_pem_x509_certificate(certificate).public_key() == public


def test_a_certificate_that_is_not_due_is_left_alone(fake: FakePlatform) -> None:
    use_certificate(fake, days=11, age_days=19)
    with portico.connect() as client:
        client.buckets.create("photos")
    assert fake.calls["CreateCertificate"] == 0


def test_a_failed_renewal_of_a_good_certificate_does_not_matter(fake: FakePlatform) -> None:
    use_certificate(fake, days=9, age_days=21)
    fake.fail("CreateCertificate", Fault(grpc.StatusCode.PERMISSION_DENIED))
    with portico.connect() as client:
        client.buckets.create("photos")


def test_a_client_renews_its_certificate_by_hand_and_goes_on(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    client.credentials.renew_certificate()
    assert client.buckets.get("photos")
    assert client.profile.certificate == (fake.profile / "client.pem").read_bytes()


def test_a_profile_for_another_principal_is_written_for_its_owner_only(
    client: Client, fake: FakePlatform, tmp_path: Path
) -> None:
    made = client.credentials.create_profile(tmp_path / "backup", subject="backup")
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "backup").iterdir()} == {0o600}
    assert fake.requests["CreateCertificate"][0].subject == "accounts/default/principals/backup"
    assert profiles.load(str(tmp_path / "backup")).certificate == made.certificate
    with portico.connect(str(tmp_path / "backup")) as other:
        assert other.buckets.create("theirs")


@pytest.mark.parametrize("left_behind", ["key", "both", "certificate"])
def test_a_renewal_that_was_cut_short_leaves_a_matching_pair(tmp_path: Path, left_behind: str) -> None:
    key, certificate = tmp_path / "client.key", tmp_path / "client.pem"
    key.write_text("key 1" if left_behind != "certificate" else "key 2")
    certificate.write_text("certificate 1")
    if left_behind != "certificate":
        (tmp_path / "client.key.next").write_text("key 2")
    if left_behind != "key":
        (tmp_path / "client.pem.next").write_text("certificate 2")
    settle_pair(key, certificate)
    number = 1 if left_behind == "key" else 2
    assert (key.read_text(), certificate.read_text()) == (f"key {number}", f"certificate {number}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["client.key", "client.pem"]


def test_a_pair_is_replaced_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    replace_pair(tmp_path / "k", b"key", tmp_path / "c", b"certificate")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"k": b"key", "c": b"certificate"}
