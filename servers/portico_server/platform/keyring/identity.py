"""How a principal is spelled in a certificate: `accounts/a/principals/p` <-> `spiffe://<trust domain>/a/p`."""

from __future__ import annotations

from cryptography import x509

from portico_server.platform.names import principal_name


def issuer_of(trust_domain: str) -> str:
    """The issuer (`iss`) of this platform's tokens."""
    return f"https://{trust_domain}"


RESERVED_ACCOUNT = "portico"
"""No principal is of this account: certificates of the platform's own machines bear its name."""


def node_uri(trust_domain: str) -> str:
    """The SPIFFE id of every node of a trust domain."""
    return f"spiffe://{trust_domain}/{RESERVED_ACCOUNT}/node"


def certificate_uri(trust_domain: str, principal: str) -> str:
    """The SPIFFE id of a principal. Raises ValueError for what is not a principal's name, and for the
    reserved account."""
    match principal.split("/"):
        case ["accounts", account, "principals", subject] if account and subject and account != RESERVED_ACCOUNT:
            return f"spiffe://{trust_domain}/{account}/{subject}"
    raise ValueError(f"{principal!r} is not a principal's name; give accounts/ACCOUNT/principals/ID")


def principal_of_uri(trust_domain: str, uri: str) -> str | None:
    """The principal that a SPIFFE id stands for; None for one of another trust domain or another shape."""
    prefix = f"spiffe://{trust_domain}/"
    if not uri.startswith(prefix):
        return None
    match uri[len(prefix) :].split("/"):
        case [account, subject] if account and subject and account != RESERVED_ACCOUNT:
            return principal_name(account, subject)
    return None


def uri_of(certificate: x509.Certificate) -> str:
    """The one URI that a certificate bears; empty where it bears none, or several."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return uris[0] if len(uris) == 1 else ""
