"""Step: says who calls. The principal is the verified token's subject; the certificate says which machine speaks.

Only headers that Envoy sets, and strips from what clients send, are believed. What a token or a certificate says is
kept in bounded caches, so that an ordinary call costs two look-ups.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter_ns

from portico_server.gateway import assertions, certificates, token_failures, tokens
from portico_server.gateway.account_credentials import NO_CREDENTIALS, Credentials
from portico_server.gateway.assertions import NOTHING_ASSERTED, Asserted
from portico_server.gateway.issuers import Issuers
from portico_server.gateway.remembered import Remembered
from portico_server.gateway.revoked import NOTHING_REVOKED, Revoked, check_caller
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Credential, Handler, Peer, Step
from portico_server.platform.errors import ApiError

PAYLOAD = b"x-portico-token-payload"
"""The payload of a token that Envoy has verified, base64url."""

FAILURE = b"x-portico-token-failure"
"""Why Envoy has refused a token."""

AUTHORIZATION = b"authorization"
ORIGIN = b"origin"
"""Which page calls: browsers send it with whatever may change something (Fetch, 3.2)."""

REMEMBERED = 4096
"""How many tokens, and how many certificates, are remembered at once."""

MAX_REMEMBERED_BYTES = 4096
"""Larger tokens are looked at anew in each call, so that they cannot fill the memory."""

CHALLENGE = ("www-authenticate", 'Bearer realm="portico"')
"""What HTTP wants beside a 401 (RFC 9110, 11.6.1; RFC 6750, 3); why a token was refused is told in the error."""


def identity(
    certificate_principal: Callable[[str], Principal | None],
    revoked: Revoked = NOTHING_REVOKED,
    asserted: Asserted = NOTHING_ASSERTED,
    refused: Callable[[Call], None] | None = None,
    *,
    node: str = "",
    issuers: Issuers = tokens.NO_OTHERS,
    credentials: Credentials = NO_CREDENTIALS,
) -> Step:
    """`certificate_principal` answers whom a certificate's URI makes a caller without a token; None for nobody.
    `revoked` refuses, at each call, what has been revoked: also on a connection that was made before. `asserted` reads
    for whom another process of the platform calls; what it finds counts alone. `refused` is told of calls that nobody
    known makes; it may raise another ApiError. `node` is the URI of nodes' certificates: what a node's front says of
    the certificate of a call that it takes on counts as found here. `issuers`: whom tokens of others name.
    `credentials` knows API tokens.

    A call that a face makes brings its own `credential`, which alone says who makes it. Who shows nothing may call
    methods that are `anonymous`; what is shown must be good there.

    A public method asks for no token, and a bad one on it is ignored, not refused: with an expired token one must
    still be able to ask for health, and to get a new token by one's certificate. A good one names the principal
    there, too.
    """
    peers: Remembered[tuple[bytes, str], Peer] = Remembered(REMEMBERED)
    principals: Remembered[tuple[bytes, bytes, str], Principal] = Remembered(REMEMBERED)

    issuers.on_change = principals.clear

    def peer_of(call: Call, header: bytes) -> Peer:
        key = header, call.peer.address
        peer = peers.get(key)
        if peer is None:
            peer = certificates.parse_peer(header, call.peer.address, call.headers.get(certificates.SERIAL, b""))
            peers.put(key, peer)
        return peer

    def principal_by_token(call: Call, authorization: bytes, payload: bytes) -> Principal:
        key = authorization, payload, call.peer.fingerprint
        principal = principals.get(key)
        if principal is None:
            token = tokens.bearer_token(authorization)
            principal = tokens.principal_of(token, payload, call.peer.fingerprint, issuers)
            if len(authorization) <= MAX_REMEMBERED_BYTES:
                principals.put(key, principal)
        if principal.expires_at * 1_000_000_000 <= call.arrival_time_ns:
            raise tokens.expired()
        revoked.check_token(principal)
        return principal

    def principal_by_face(call: Call, credential: Credential) -> Principal | None:
        principal = credential(call)
        if principal is not None:
            revoked.check_token(principal)
            credentials.note_use(principal)
        return principal

    def caller_of(call: Call) -> Principal | None:
        if call.credential is not None:
            return principal_by_face(call, call.credential)
        if call.acting or asserted.read(call):
            return assertions.vouched_for(call, revoked)
        headers = call.headers
        authorization, payload = headers.get(AUTHORIZATION), headers.get(PAYLOAD)
        if authorization and payload:  # verified by one issuer's keys, whatever the failure says of another's
            return principal_by_token(call, authorization, payload)
        if authorization and (found := credentials.by_secret(authorization, call.peer.address)) is not None:
            revoked.check_token(found)
            credentials.note_use(found)
            return found
        failure = headers.get(FAILURE)
        if failure and not token_failures.is_missing(failure):
            raise token_failures.error_of(failure, authorization or b"", issuers)
        if authorization or payload:
            raise tokens.malformed("is none that could be verified")
        # A browser shows its user's certificate for any page that makes it call: there it must be a token.
        alone = bool(call.peer.uri) and ORIGIN not in headers
        return certificate_principal(call.peer.uri) if alone else None

    def step(call: Call, proceed: Handler) -> Awaitable[None]:
        start = perf_counter_ns()
        revoked.refresh()
        header = call.headers.get(certificates.HEADER)
        if header:
            call.peer = peer_of(call, header)
            revoked.check_certificate(call.peer)
            if call.peer.uri == node and (forwarded := call.headers.get(certificates.FORWARDED)) is not None:
                call.peer = certificates.forwarded_peer(forwarded, call.peer.address)
                revoked.check_certificate(call.peer)
        try:
            call.principal = caller_of(call)
            if call.principal is None and not (call.method.public or call.method.anonymous):
                raise missing()
        except ApiError:
            if not call.method.public:
                if refused is not None and not call.acting:
                    refused(call)
                if not call.face:  # whose protocol has challenges of its own
                    call.response_headers.append(CHALLENGE)
                raise
        finally:
            call.steps.append(("identity", start, perf_counter_ns() - start))
        if call.acting:  # known only now; a certificate that was revoked opens nothing, public methods included
            revoked.check_certificate(call.origin)
        if call.method.request_streaming:
            # Not of the call itself: it would keep itself alive.
            call.checks.append(partial(check_caller, revoked, call.peer, call.origin, call.principal))
        return proceed(call)

    return step


def missing() -> ApiError:
    """Of a call that nobody known makes, where somebody must."""
    return tokens.unauthenticated(
        "TOKEN_MISSING",
        "this method needs a token: send it as `authorization: Bearer TOKEN` (see `portico token`)",
    )
