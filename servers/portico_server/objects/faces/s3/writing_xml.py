"""XML as S3 writes it: elements with texts, in S3's namespace. Text goes out as it is; markup in it is escaped."""

from __future__ import annotations

import re
from urllib.parse import quote

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
CONTENT_TYPE = ("content-type", "application/xml")

_SPECIAL = re.compile('[&<>"\x00-\x08\x0a-\x1f\ufffe\uffff]')
"""What cannot stand as it is. XML 1.0 knows no references to most control characters; S3 writes them all the same, and
clients that have such keys ask for `encoding-type=url`."""
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def text(value: str) -> str:
    """The text, as it can stand between tags."""
    return _SPECIAL.sub(_reference, value) if _SPECIAL.search(value) else value


def legible(value: str) -> str:
    """The text with what XML 1.0 cannot say percent-encoded: for what is told to be read, not to be used."""
    return _UNSAYABLE.sub(lambda match: quote(match[0]), value) if _UNSAYABLE.search(value) else value


def element(name: str, value: str | int) -> str:
    """An element that holds text."""
    return f"<{name}>{text(value) if isinstance(value, str) else value}</{name}>"


def optional(name: str, value: str) -> str:
    """An element, or nothing for no text."""
    return f"<{name}>{text(value)}</{name}>" if value else ""


def boolean(name: str, value: bool) -> str:
    return f"<{name}>{'true' if value else 'false'}</{name}>"


def document(root: str, content: str) -> bytes:
    """A whole answer: the root element in S3's namespace, and what it holds."""
    return f"{opening(root)}{content}</{root}>".encode()


def opening(root: str) -> str:
    """How a document begins."""
    return f'{DECLARATION}<{root} xmlns="{NAMESPACE}">'


def url_encoded(value: str) -> str:
    """As keys are told where the request said `encoding-type=url`."""
    return quote(value, safe="/-_.~*")


def _reference(match: re.Match[str]) -> str:
    character = match[0]
    return _NAMED.get(character) or f"&#x{ord(character):X};"
