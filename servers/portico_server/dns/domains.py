"""Domain names: what is one, and what to say of a text that is none.

Names are kept in lower-case ASCII and without a dot at their end. Internationalised ones are A-labels; they are never
made of what callers give, only told to them, so that nobody gets a zone whose name only looks like the one he meant.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from portico_server.dns.errors import InvalidField

MAX_CHARACTERS = 253  # RFC 1035, 2.3.4: 255 bytes on the wire
MAX_LABEL_CHARACTERS = 63
APEX = "@"
_SHOWN = 60
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_OWNER_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_PREFIXED = re.compile(r"..--")
_A_LABEL = "xn--"
_UNSEEN = frozenset("CZ")  # Unicode's categories of what controls, joins and separates, and of what stands for nothing


def zone_domain(text: str, field: str) -> str:
    """The domain of a zone. Raises InvalidField."""
    _check(text, field, _LABEL, "a-z, 0-9 and -")
    if "." not in text:
        raise InvalidField(
            f"{field}: {text} is a top-level domain; give a domain below one, as example.{text}", field=field
        )
    if text.rpartition(".")[2].isdigit():
        raise InvalidField(f"{field}: a domain does not end in a number, as {text} does", field=field)
    return text


def owner(text: str, domain: str, field: str) -> str:
    """The full name of a record in the zone of a domain: itself or below, `@` for the domain. Raises InvalidField."""
    if text == APEX:
        return domain
    if not text:
        raise InvalidField(f"{field}: give a name in the zone, as www.{domain}, or @ for {domain} itself", field=field)
    rest = text.removeprefix("*.")
    if "*" in rest:
        raise InvalidField(f"{field}: * stands for the first label alone, as in *.{domain}", field=field)
    _check(rest, field, _OWNER_LABEL, "a-z, 0-9, - and _", len(text) - len(rest))
    if rest != domain and not rest.endswith("." + domain):
        raise InvalidField(f"{field}: {_shown(text)} is not in the zone {domain}; give {text}.{domain}?", field=field)
    return text


def target(text: str, field: str, *, none: bool = False) -> str:
    """The name that a record points to, without a dot at its end; with `none`, `.` is one too. Raises InvalidField."""
    if text == "." and none:
        return text
    if not text:
        raise InvalidField(f"{field}: give the name that it points to, as host.example.com", field=field)
    name = text.removesuffix(".")
    if _is_address(name):
        raise InvalidField(f"{field}: {name} is an address; give a name", field=field)
    _check(name, field, _OWNER_LABEL, "a-z, 0-9, - and _")
    return name


def place(name: str) -> str:
    """The labels from the right with spaces between, in whose order what stands below a name follows it."""
    return " ".join(reversed(name.split(".")))


def a_label(text: str) -> str:
    """A name's A-label form (RFC 5891), for messages; empty where there is none."""
    labels = []
    for label in unicodedata.normalize("NFC", text).lower().removesuffix(".").split("."):
        try:
            labels.append(label if label.isascii() else _A_LABEL + label.encode("punycode").decode())
        except UnicodeError:
            return ""
    name = ".".join(labels)
    fine = all(0 < len(label) <= MAX_LABEL_CHARACTERS for label in labels) and len(name) <= MAX_CHARACTERS
    return name if fine and re.fullmatch(r"[a-z0-9._-]+", name) else ""


def _check(text: str, field: str, label: re.Pattern[str], allowed: str, before: int = 0) -> None:
    """Raises InvalidField for what is no name of such labels. `before`: characters that stand in front of it."""
    if not text.isascii():
        meant = a_label(text)
        remedy = f"give its A-label form, {meant}" if meant else "give its A-label form (xn--…)"
        raise InvalidField(f"{field}: {_shown(text)} has characters beyond ASCII; {remedy}", field=field)
    if text.endswith("."):
        raise InvalidField(f"{field}: leave out the dot at the end: {_shown(text.rstrip('.'))}", field=field)
    if text != text.lower():
        raise InvalidField(f"{field}: give it in lower case: {_shown(text.lower())}", field=field)
    if before + len(text) > MAX_CHARACTERS:
        raise InvalidField(
            f"{field} has {before + len(text)} characters; a domain name has at most {MAX_CHARACTERS}", field=field
        )
    for part in text.split("."):
        _check_label(part, field, label, allowed)


def _check_label(label: str, field: str, pattern: re.Pattern[str], allowed: str) -> None:
    if not label:
        raise InvalidField(f"{field}: there is nothing between two dots, or before the first", field=field)
    if len(label) > MAX_LABEL_CHARACTERS:
        raise InvalidField(
            f"{field}: the label {_shown(label)} has {len(label)} characters; a label has at most "
            f"{MAX_LABEL_CHARACTERS}",
            field=field,
        )
    if not pattern.fullmatch(label):
        raise InvalidField(
            f"{field}: the label {_shown(label)} must be of {allowed}, and neither begin nor end with -", field=field
        )
    if _PREFIXED.match(label) and not _is_a_label(label):
        raise InvalidField(
            f"{field}: the label {_shown(label)} has -- in its third place and is no A-label (xn--…)", field=field
        )


def _is_a_label(label: str) -> bool:
    """Whether it stands for characters beyond ASCII, and is how those are written."""
    if not label.startswith(_A_LABEL):
        return False
    try:
        text = label.removeprefix(_A_LABEL).encode().decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return False
    seen = all(unicodedata.category(character)[0] not in _UNSEEN for character in text)
    return not text.isascii() and seen and a_label(text) == label


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    """Not more of it than a message can bear, and nothing that cannot be seen."""
    seen = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return seen if len(seen) <= _SHOWN else f"{seen[:_SHOWN]}…"
