"""What every process believes and shows, in the one watched folder of the platform: keys, certificate, routes."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.host.envoy import WatchedFiles, faces, jwt, routes, tls
from portico_server.host.envoy.descriptors import Contracts
from portico_server.host.envoy.upstreams import upstreams
from portico_server.host.hosts import Host
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.keyring import KeyPair
from portico_server.platform.placement import Placement
from portico_server.platform.settings import Settings


class InForce:
    """Puts things in force in all processes at once, also in those that run; no connection is dropped."""

    def __init__(self, watched: WatchedFiles) -> None:
        self._watched = watched
        self._keyring: Keyring | None = None
        self._issuers: Sequence[jwt.TrustedIssuer] = ()

    def use_authorities(self, authority_pem: bytes, revocation_lists_pem: bytes) -> None:
        """Those that certificates must come from, and the lists of which of theirs are good no more; both PEM."""
        self._watched.write(tls.AUTHORITY, tls.authority(authority_pem, revocation_lists_pem))

    def use_keys(self, keyring: Keyring) -> None:
        """The keys that verify tokens."""
        self._keyring = keyring
        self.use_issuers(self._issuers)

    def use_issuers(self, issuers: Sequence[jwt.TrustedIssuer]) -> None:
        """Who else's tokens are good; before there are keys it is only noted."""
        self._issuers = issuers
        if self._keyring is not None:
            rules = jwt.token_rules(self._keyring.trust_domain, self._keyring.jwks(), issuers)
            self._watched.write(jwt.RULES, rules)

    def use_certificate(self, pair: KeyPair) -> None:
        """The node's certificate."""
        self._watched.write(tls.NODE, tls.node_certificate(pair))

    def use_routes(self, settings: Settings, contracts: Contracts, host: Host) -> None:
        """Where the fronts take calls on to, and which pages may call."""
        plain = host.embedding is None
        origins = settings.web_origins
        found = upstreams(Placement(settings))
        doors = faces.face_doors(settings, contracts)
        at_faces = faces.routes(doors, settings.mesh_address, plain_host=plain)
        fronts = routes.routes(found, contracts.reads, web_origins=origins, plain_host=plain, first=at_faces)
        self._watched.write(routes.ROUTES, fronts)
        marked = faces.inner_routes(doors, plain_host=plain)
        inner = routes.routes(plain_host=plain, name=routes.INNER_ROUTES, first=marked)
        self._watched.write(routes.INNER_ROUTES, inner)
