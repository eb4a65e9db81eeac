"""TLS: the node's certificate and the authority that clients' certificates must come from, both from watched files.

A client's certificate is verified when it is given; that one must be given is up to the door (`rbac`), because one
listener has one TLS configuration for all of its ports.
"""

from __future__ import annotations

from portico_server.host.envoy.message import Message, extension, typed
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.platform.keyring.identity import node_uri
from portico_server.platform.keyring.keyring import KeyPair

NODE = "node-certificate"
AUTHORITY = "authority"
_TYPE = "extensions.transport_sockets.tls.v3.Secret"


def node_certificate(pair: KeyPair) -> Message:
    """The secret that `NODE` names. Key and certificate stand in it, so that they can only change together."""
    certificate = {
        "certificate_chain": {"inline_string": pair.certificate_pem.decode()},
        "private_key": {"inline_string": pair.private_key_pem.decode()},
    }
    return typed(_TYPE, name=NODE, tls_certificate=certificate)


def authority(authority_pem: bytes, revocation_lists_pem: bytes = b"") -> Message:
    """The secret that `AUTHORITY` names: who is believed, and whose certificates are good no more. With a list of one
    authority there must be one of each, or no certificate of the others is good."""
    validation: Message = {"trusted_ca": {"inline_string": authority_pem.decode()}}
    if revocation_lists_pem:
        # The authorities sign no others, so their own certificates stand on no list.
        validation |= {"crl": {"inline_string": revocation_lists_pem.decode()}, "only_verify_leaf_cert_crl": True}
    return typed(_TYPE, name=AUTHORITY, validation_context=validation)


def transport_socket(watched: WatchedFiles) -> Message:
    """TLS 1.2 and 1.3. Sessions are not resumed: a resumed one would not have its certificate verified again."""
    return extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_client_certificate=False,
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
        common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [{"name": NODE, "sds_config": watched.source(NODE)}],
            "validation_context_sds_secret_config": {"name": AUTHORITY, "sds_config": watched.source(AUTHORITY)},
        },
    )


def to_node(trust_domain: str, watched: WatchedFiles) -> Message:
    """TLS to another node: who answers there must be one of this trust domain, whatever its address; and learns the
    same of us."""
    node = {"san_type": "URI", "matcher": {"exact": node_uri(trust_domain)}}
    return extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni="portico",
        common_tls_context={
            "alpn_protocols": ["h2"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
            "tls_certificate_sds_secret_configs": [{"name": NODE, "sds_config": watched.source(NODE)}],
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": [node]},
                "validation_context_sds_secret_config": {"name": AUTHORITY, "sds_config": watched.source(AUTHORITY)},
            },
        },
    )
