"""What a store answers: heads, and the XML of errors and lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose body was read. Names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def error_code(self) -> str:
        """S3's code of the error that its body tells; empty for none. A 200 may tell one, too."""
        root = document(self.content)
        return text(root, "Code") if root is not None and root.tag == "Error" else ""


class Unreadable(Exception):
    """It is not what S3 answers."""


def document(content: bytes) -> ElementTree.Element | None:
    """The XML without its namespaces; None where it is none."""
    if not content.strip():
        return None
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  # of a store that its operator trusts, bounded; no entities
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(element: ElementTree.Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def seconds_of_http(written: str) -> float:
    """Of a header like Date, in seconds since 1970. Raises Unreadable."""
    try:
        return parsedate_to_datetime(written).timestamp()
    except (TypeError, ValueError):
        raise Unreadable(f"{written[:64]!r} is no time") from None


def seconds_of_xml(written: str) -> float:
    """Of ISO 8601, in seconds since 1970. Raises Unreadable."""
    try:
        return datetime.fromisoformat(written).timestamp()
    except ValueError:
        raise Unreadable(f"{written[:64]!r} is no time") from None
