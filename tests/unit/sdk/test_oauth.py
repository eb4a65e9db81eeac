"""The SDK at the OAuth 2.0 endpoints: errors in its own terms. What works is tried on a platform
(`tests/e2e/test_oauth.py`)."""

from __future__ import annotations

import socket

import pytest

from portico import _oauth, errors
from portico.profiles import Profile
from portico_server.platform.keyring import Keyring


@pytest.fixture
def profile(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """Of a platform that is not there."""
    keyring = Keyring.open(tmp_path_factory.mktemp("keys"), "portico.local", ())
    pair = keyring.new_client_certificate("spiffe://portico.local/default/a", lifetime_seconds=600)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    return Profile(address, authority=keyring.authority_pem, certificate=pair.certificate_pem, key=pair.private_key_pem)


def test_without_a_certificate_nothing_is_sent() -> None:
    with pytest.raises(errors.ProfileError) as refused:
        _oauth.post(Profile("127.0.0.1:1"), _oauth.INTROSPECT, {"token": "x"}, 1)
    assert refused.value.reason == "CERTIFICATE_MISSING"


def test_a_platform_that_is_not_there_is_unavailable(profile: Profile) -> None:
    with pytest.raises(errors.Unavailable, match="does not answer"):
        _oauth.post(profile, _oauth.INTROSPECT, {"token": "x"}, 5)


@pytest.mark.parametrize(
    ("status", "error", "raised"),
    [
        (400, "invalid_request", errors.InvalidArgument),
        (400, "unauthorized_client", errors.PermissionDenied),
        (401, "invalid_client", errors.Unauthenticated),
        (404, "", errors.Unimplemented),
        (429, "temporarily_unavailable", errors.ResourceExhausted),
        (503, "temporarily_unavailable", errors.Unavailable),
    ],
)
def test_errors_are_those_of_calls(status: int, error: str, raised: type[errors.PorticoError]) -> None:
    told = _oauth._error_of(status, {"error": error, "error_description": "why"}, "ray")
    assert type(told) is raised
    assert (told.reason, told.message, told.ray_id) == (error.upper(), "why", "ray")


def test_a_token_does_not_show_in_what_is_printed() -> None:
    assert "secret" not in repr(_oauth.IssuedToken("secret", 60))
