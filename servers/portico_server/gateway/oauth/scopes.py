"""What a token may be narrowed to (RFC 6749, 3.3): permissions, as policies name them: `objects.object.read`,
`objects.object.*`, `objects.*`. It is asked for with them at each decision, besides what policies say."""

from __future__ import annotations

from collections.abc import Iterable

from portico_server.gateway.oauth.errors import OAuthError
from portico_server.gateway.oauth.forms import Form
from portico_server.platform.access.permissions import covers

MOST = 50
"""A token travels with each call."""


class Scopes:
    """`permissions` are all that there are."""

    def __init__(self, permissions: Iterable[str]) -> None:
        self._permissions = sorted(permissions)

    def asked(self, form: Form, held: frozenset[str]) -> frozenset[str]:
        """What the new token is narrowed to; empty: to nothing. `held`: what the one that it comes of is narrowed to,
        if it is. Raises OAuthError (`invalid_scope`), naming the element."""
        wanted = form.get("scope", "").split(" ") if "scope" in form else []
        if len(wanted) > MOST:
            raise OAuthError("invalid_scope", f"scope has more than {MOST} permissions")
        for each in wanted:
            if each == "*" or not any(covers(each, permission) for permission in self._permissions):
                raise OAuthError(
                    "invalid_scope",
                    f"scope: {each[:100]} is no permission: give PRODUCT.NOUN.VERB, PRODUCT.NOUN.* or PRODUCT.*, with "
                    "a space between them; none at all for everything that the principal may do",
                )
            if held and not any(covers(pattern, each) for pattern in held):
                raise OAuthError("invalid_scope", f"scope: {each} is more than the token that is exchanged has")
        return frozenset(wanted) or held
