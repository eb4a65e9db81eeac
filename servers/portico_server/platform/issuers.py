"""Further issuers whose tokens are good here: `issuers.toml` in the data directory, read and checked.

    [[issuers]]
    issuer = "https://login.example.com"        # the exact `iss`
    jwks_url = "https://login.example.com/jwks" # or jwks_file, beside issuers.toml
    ca_file = "example-ca.pem"                  # authorities for jwks_url; else the system's
    refresh_seconds = 300                       # 5 to 86,400
    audiences = ["portico"]
    algorithms = ["ES256"]                      # of ES256, RS256, EdDSA
    principals = "accounts/default/principals/login-{sub}"
    rfc9068 = true                              # false: `typ` may be JWT or missing, and so may `jti` and `client_id`

In place of `principals`, a table `subjects` maps each `sub` to a principal: `subjects = {"4711" = "accounts/…"}`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portico_server.platform.keyring.identity import RESERVED_ACCOUNT
from portico_server.platform.names import account_of, is_principal_name

FILE = "issuers.toml"
IN_FORCE = "issuers.json"
"""In the platform's run folder: `{"text": …, "problems": […], "keys": {…}}`: the file as it is in force, what is wrong
now, and the JWK set of each issuer whose keys are known."""

ALGORITHMS = ("ES256", "RS256", "EdDSA")
MAX_FILE_BYTES = 256 * 1024
MAX_ISSUERS = 16
REFRESH_SECONDS = range(5, 86_401)
_DEFAULT_REFRESH_SECONDS = 300
_MAX_TEXT = 2048
_SUBJECT = "{sub}"


class IssuersError(Exception):
    """An issuers file that cannot be used; the message names the file, the element and the field."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One further issuer. Of `jwks_file` and `jwks_url` one is given; of `template` and `subjects`, too."""

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    jwks_file: str = ""
    jwks_url: str = ""
    ca_file: str = ""
    refresh_seconds: int = _DEFAULT_REFRESH_SECONDS
    template: str = ""
    subjects: Mapping[str, str] = field(default_factory=dict)
    rfc9068: bool = True

    def principal_of(self, subject: str) -> str | None:
        """The principal that a subject of this issuer stands for; None for nobody. Nothing is folded or replaced, so
        that no two subjects are one principal unless `subjects` says so."""
        if not self.template:
            return self.subjects.get(subject)
        name = self.template.removesuffix(_SUBJECT) + subject
        return name if subject and "/" not in subject and is_principal_name(name) else None


def read_issuers(path: Path, own_issuer: str) -> str:
    """The text of a file that can be used, empty where there is none. Raises IssuersError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise IssuersError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise IssuersError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    try:
        text = content.decode()
        parse_issuers(text, own_issuer)
    except (UnicodeDecodeError, IssuersError) as error:
        raise IssuersError(f"{path}: {error}") from error
    return text


def parse_issuers(text: str, own_issuer: str) -> dict[str, Issuer]:
    """The issuers by name. Raises IssuersError; `own_issuer`, the platform's, may not be among them."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise IssuersError(f"not TOML: {error}") from error
    items = document.pop("issuers", [])
    if document or not isinstance(items, list) or len(items) > MAX_ISSUERS:
        raise IssuersError(f"only [[issuers]] may stand here, {MAX_ISSUERS} at most")
    found: dict[str, Issuer] = {}
    for index, item in enumerate(items):
        where = f"issuers[{index}]"
        issuer = _issuer(where, item)
        if issuer.issuer in (own_issuer, *found):
            raise IssuersError(f"{where}.issuer: {issuer.issuer} is this platform itself, or stands here twice")
        found[issuer.issuer] = issuer
    for one, other in permutations((issuer for issuer in found.values() if issuer.template), 2):
        if other.template.removesuffix(_SUBJECT).startswith(one.template.removesuffix(_SUBJECT)):
            raise IssuersError(
                f"principals: {one.template} of {one.issuer} can name principals of {other.issuer}; give prefixes of "
                "which none begins with another"
            )
    return found


def _issuer(where: str, item: Any) -> Issuer:
    if not isinstance(item, dict):
        raise IssuersError(f"{where}: must be a table, headed [[issuers]]")
    rest = dict(item)
    issuer = Issuer(
        issuer=_text(where, rest, "issuer"),
        audiences=_texts(where, rest, "audiences"),
        algorithms=_texts(where, rest, "algorithms"),
        jwks_file=_text(where, rest, "jwks_file", ""),
        jwks_url=_text(where, rest, "jwks_url", ""),
        ca_file=_text(where, rest, "ca_file", ""),
        refresh_seconds=rest.pop("refresh_seconds", _DEFAULT_REFRESH_SECONDS),
        template=_text(where, rest, "principals", ""),
        subjects=rest.pop("subjects", {}),
        rfc9068=rest.pop("rfc9068", True),
    )
    if rest:
        raise IssuersError(f"{where}.{min(rest)}: there is no such field")
    if unknown := set(issuer.algorithms) - set(ALGORITHMS):
        raise IssuersError(f"{where}.algorithms: {min(unknown)} is none of {', '.join(ALGORITHMS)}")
    if type(issuer.refresh_seconds) is not int or issuer.refresh_seconds not in REFRESH_SECONDS:
        raise IssuersError(f"{where}.refresh_seconds: must be {REFRESH_SECONDS[0]} to {REFRESH_SECONDS[-1]}")
    if type(issuer.rfc9068) is not bool:
        raise IssuersError(f"{where}.rfc9068: must be true or false")
    _check_source(where, issuer)
    _check_mapping(where, issuer)
    return issuer


def _check_source(where: str, issuer: Issuer) -> None:
    if bool(issuer.jwks_file) == bool(issuer.jwks_url):
        raise IssuersError(f"{where}: give one of jwks_file and jwks_url")
    if not issuer.jwks_url:
        if issuer.ca_file:
            raise IssuersError(f"{where}.ca_file: goes with jwks_url")
        return
    try:
        parts = urlsplit(issuer.jwks_url)
        good = parts.scheme == "https" and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:
        good = False
    if not good or not issuer.jwks_url.isascii() or not issuer.jwks_url.isprintable() or " " in issuer.jwks_url:
        raise IssuersError(f"{where}.jwks_url: must be https://HOST/… without user or password; or give jwks_file")


def _check_mapping(where: str, issuer: Issuer) -> None:
    subjects = issuer.subjects
    if bool(issuer.template) == bool(subjects) or not isinstance(subjects, dict):
        raise IssuersError(f'{where}: give one of principals = "…-{_SUBJECT}" and a table subjects')
    if issuer.template:
        prefix = issuer.template.removesuffix(_SUBJECT)
        # A bare {sub} would let the issuer name the administrator.
        if prefix == issuer.template or prefix.endswith("/") or not _is_allowed(f"{prefix}x"):
            raise IssuersError(
                f"{where}.principals: must be accounts/ACCOUNT/principals/PREFIX{_SUBJECT} with a prefix; "
                f"the account {RESERVED_ACCOUNT} is reserved"
            )
    for subject, principal in subjects.items():
        if not isinstance(principal, str) or not _is_allowed(principal):
            raise IssuersError(
                f"{where}.subjects.{subject}: must be accounts/ACCOUNT/principals/ID; "
                f"the account {RESERVED_ACCOUNT} is reserved"
            )


def _is_allowed(principal: str) -> bool:
    return is_principal_name(principal) and account_of(principal) != RESERVED_ACCOUNT


def _text(where: str, item: dict[str, Any], name: str, default: str | None = None) -> str:
    value = item.pop(name, default)
    if not isinstance(value, str) or len(value) > _MAX_TEXT or "\0" in value or (default is None and not value):
        raise IssuersError(f"{where}.{name}: must be a text of 1 to {_MAX_TEXT} characters")
    return value


def _texts(where: str, item: dict[str, Any], name: str) -> tuple[str, ...]:
    values = item.pop(name, None)
    if not isinstance(values, list) or not 1 <= len(values) <= MAX_ISSUERS:
        raise IssuersError(f"{where}.{name}: must be a list of 1 to {MAX_ISSUERS} texts")
    return tuple(_text(where, {name: value}, name) for value in values)
