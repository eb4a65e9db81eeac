"""The client certificate's header."""

from __future__ import annotations

import pytest

from portico_server.gateway.certificates import parse_peer, principal_of
from portico_server.platform.call import Peer

HASH = "0f" * 32
URI = "spiffe://portico.local/default/admin"
NOBODY = Peer(address="127.0.0.1:5")


def parsed(header: str) -> Peer:
    return parse_peer(header.encode("latin-1"), "127.0.0.1:5")


@pytest.mark.parametrize(
    "header",
    [
        f"Hash={HASH};URI={URI}",
        f'Hash={HASH};Subject="CN=admin,O=Portico";URI={URI}',
        f'By=spiffe://portico.local/portico/node;Hash={HASH};Subject="";URI={URI}',
        f'Hash={HASH.upper()};Subject="O=\\"a\\";URI=spiffe://portico.local/default/other";URI={URI}',
        f'hash={HASH};uri="{URI}"',
    ],
)
def test_hash_and_uri_are_read_whatever_stands_beside_them(header: str) -> None:
    assert parsed(header) == Peer("127.0.0.1:5", HASH, URI)


def test_a_certificate_without_a_uri_has_a_fingerprint_only() -> None:
    assert parsed(f'Hash={HASH};Subject="CN=x"') == Peer("127.0.0.1:5", HASH, "")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        f"URI={URI}",
        f"Hash=;URI={URI}",
        f"Hash={HASH[:-2]};URI={URI}",
        f"Hash={HASH[:-1]}g;URI={URI}",
        f"Hash={HASH};URI={URI},Hash={HASH};URI={URI}",
        f"Hash={HASH};URI={URI},",
        f"Hash={HASH};Hash={HASH};URI={URI}",
        f"Hash={HASH};URI={URI};URI=spiffe://portico.local/default/other",
        f'Hash={HASH};Subject="unclosed;URI={URI}',
        f"Hash={HASH};URI={URI};",
        f"Hash={HASH};;URI={URI}",
    ],
)
def test_several_certificates_or_a_malformed_header_are_nobody(header: str) -> None:
    assert parsed(header) == NOBODY


def test_a_uri_of_this_trust_domain_is_a_principal() -> None:
    principal = principal_of("portico.local", URI)

    assert principal is not None
    assert (principal.name, principal.account) == ("accounts/default/principals/admin", "default")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "spiffe://elsewhere.local/default/admin",
        "spiffe://portico.local.evil/default/admin",
        "spiffe://portico.local/default",
        "spiffe://portico.local/default/admin/more",
        "spiffe://portico.local/Default/admin",
        "spiffe://portico.local/default/../admin",
        "spiffe://portico.local/a%2Fb/admin",
        "https://portico.local/default/admin",
    ],
)
def test_any_other_uri_is_none(uri: str) -> None:
    assert principal_of("portico.local", uri) is None
