"""XML bodies of requests: read piece by piece, so that others can run, within bounds, with any namespace or none.

Documents that declare anything (types, entities) are refused: there is nothing to expand, and nothing to fetch.

References to characters that XML 1.0 does not know (`&#x1F;`) are read as what they say: keys may hold those, and lists
write them so (`writing_xml`). The parser would refuse them, so it gets each as a processing instruction.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from portico_server.objects.faces.s3.refusals import malformed_xml

_PIECE_BYTES = 16 * 1024
"""Parsed in one go, some 200 us; then others run."""
_REFERENCE = re.compile(rb"&#(?:x0{0,4}([0-9a-fA-F]{1,4})|0{0,4}([0-9]{1,5}));")
_LONGEST_REFERENCE_BYTES = 12
_UNKNOWN_TO_XML = frozenset((*range(1, 9), 0xB, 0xC, *range(0xE, 0x20), 0xFFFE, 0xFFFF))
_AS_INSTRUCTION = "portico-character"
_MAX_DEPTH = 16
_MAX_ELEMENTS = 200_000
"""10,000 parts of an upload have 60,000, 1,000 keys to delete 5,000."""


@dataclass(slots=True)
class Element:
    """`name` without its namespace; `text` is what stands in it before its children."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> Element | None:
        return next(self.all(name), None)

    def value(self, name: str) -> str:
        """The text of the first child of that name; empty without one."""
        found = self.first(name)
        return found.text.strip() if found is not None else ""

    def exact(self, name: str) -> str:
        """As `value`, with the spaces at both ends: of keys."""
        found = self.first(name)
        return found.text if found is not None else ""

    def needed(self, name: str) -> str:
        """As `value`. Raises ApiError where it is empty."""
        found = self.value(name)
        if not found:
            raise malformed_xml(f"{self.name} needs {name}")
        return found


async def read(content: bytes, root: str) -> Element:
    """The document, whose root must have the name `root`. Raises ApiError."""
    reading = _Reading()
    refers = b"&#" in content and b"<![CDATA[" not in content  # where a reference is text
    for piece in _pieces(content):
        reading.feed(_REFERENCE.sub(_instruction, piece) if refers else piece)
        await asyncio.sleep(0)
    return reading.end(root)


def _pieces(content: bytes) -> Iterator[bytes]:
    """Cut so that no reference is."""
    start = 0
    while start < len(content):
        end = start + _PIECE_BYTES
        if end < len(content):
            begun = content.rfind(b"&", end - _LONGEST_REFERENCE_BYTES, end)
            end = begun if begun > start else end
        yield content[start:end]
        start = end


def _instruction(found: re.Match[bytes]) -> bytes:
    number = int(found[1], 16) if found[1] else int(found[2])
    return f"<?{_AS_INSTRUCTION} {number}?>".encode() if number in _UNKNOWN_TO_XML else found[0]


class _Reading:
    def __init__(self) -> None:
        self._open: list[Element] = [Element("")]
        self._elements = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._ended
        self._parser.CharacterDataHandler = self._characters
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.StartDoctypeDeclHandler = _refuse
        self._parser.EntityDeclHandler = _refuse

    def feed(self, piece: bytes) -> None:
        self._parse(piece, False)

    def end(self, root: str) -> Element:
        self._parse(b"", True)
        found = self._open[0].children[0]
        if found.name != root:
            raise malformed_xml(f"its root must be {root}")
        return found

    def _parse(self, piece: bytes, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise malformed_xml(f"line {error.lineno}, column {error.offset}") from None
        except LookupError:
            raise malformed_xml("its encoding is not known; use UTF-8") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise malformed_xml("it is too deep, or too long")
        opened = Element(name.rpartition(" ")[2])
        self._open[-1].children.append(opened)
        self._open.append(opened)

    def _ended(self, name: str) -> None:
        self._open.pop()

    def _characters(self, data: str) -> None:
        inside = self._open[-1]
        if not inside.children:
            inside.text += data

    def _instruction(self, target: str, data: str) -> None:
        if target == _AS_INSTRUCTION and data.isdecimal() and int(data[:6]) in _UNKNOWN_TO_XML:
            self._characters(chr(int(data)))


def _refuse(*_: object) -> NoReturn:
    raise malformed_xml("it must declare no types and no entities")
