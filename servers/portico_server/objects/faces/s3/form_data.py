"""Forms as browsers send them with a file (multipart/form-data): fields, then the file's bytes as they come.

Source: RFC 7578; RFC 2046, 5.1; Amazon S3 API Reference, "Browser-Based Uploads Using POST (AWS Signature Version 4)".
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

from portico_server.objects.faces.s3.refusals import invalid, invalid_argument
from portico_server.platform.errors import ApiError

MOST_BYTES_BEFORE_FILE = 20 * 1024
"""Of the form, as in S3."""
FILE = "file"
_END = b"--"
"""Stands behind the last delimiter."""

_BOUNDARY = re.compile(
    r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;.*)?', re.I
)
_NAME = re.compile(r';\s*name="((?:[^"\\]|\\.)*)"', re.I)
_FILE_NAME = re.compile(r';\s*filename="((?:[^"\\]|\\.)*)"', re.I)
_ESCAPED = re.compile(r"\\(.)")


def boundary_of(content_type: str) -> bytes | None:
    """What stands between the parts of a form; None for what is no form."""
    found = _BOUNDARY.fullmatch(content_type.strip())
    return (found[1] or found[2]).encode("latin-1") if found else None


class Form:
    """Read from its beginning: `read_fields` first, then `file`. `fields`: by name in lower case, the last of a name.
    `file_name`: as the browser says it, without folders."""

    def __init__(self, parts: AsyncIterator[bytes], boundary: bytes) -> None:
        self._parts = parts
        self._delimiter = b"\r\n--" + boundary
        self._held = b"\r\n"  # so that the first delimiter is one like the others
        self.fields: dict[str, str] = {}
        self.file_name = ""

    async def read_fields(self) -> Mapping[str, str]:
        """Up to the file. Raises ApiError."""
        left_bytes = MOST_BYTES_BEFORE_FILE
        await self._take(self._delimiter, 2)
        while True:
            while len(self._held) < len(_END):
                await self._more()
            if self._held.startswith(_END):
                raise invalid_argument(
                    FILE, "", "POST requires exactly one file upload per request: the field `file`, as its last one"
                )
            head = await self._take(b"\r\n\r\n", left_bytes)
            name = _text_in(_NAME, head)
            if name.lower() == FILE:
                self.file_name = re.split(r"[/\\]", _text_in(_FILE_NAME, head))[-1]
                return self.fields
            value = await self._take(self._delimiter, left_bytes)
            left_bytes -= len(head) + len(value)
            try:
                self.fields[name.lower()] = value.decode()
            except UnicodeDecodeError:
                raise _malformed(f"its field {name!r} is not UTF-8") from None

    async def file(self) -> AsyncIterator[bytes]:
        """The file's bytes, as they come. What stands behind it is not looked at. Raises ApiError."""
        while (end := self._held.find(self._delimiter)) < 0:
            sure = len(self._held) - len(self._delimiter) + 1
            if sure > 0:
                yield self._held[:sure]
                self._held = self._held[sure:]
            await self._more()
        if end:
            yield self._held[:end]

    async def _take(self, until: bytes, most_bytes: int) -> bytes:
        """What comes before it; both are used up."""
        while (end := self._held.find(until)) < 0:
            if len(self._held) > most_bytes + len(until):
                raise _too_large()
            await self._more()
        if end > most_bytes:
            raise _too_large()
        taken, self._held = self._held[:end], self._held[end + len(until) :]
        return taken

    async def _more(self) -> None:
        try:
            self._held += await anext(self._parts)
        except StopAsyncIteration:
            raise _malformed("it ends too early") from None


def _text_in(pattern: re.Pattern[str], head: bytes) -> str:
    """A parameter of a part's `content-disposition`; empty if it has none."""
    lines = head.decode("utf-8", "replace").split("\r\n")
    disposition = next((line for line in lines if line.lower().startswith("content-disposition:")), "")
    found = pattern.search(disposition)
    return _ESCAPED.sub(r"\1", found[1]) if found else ""


def _malformed(message: str) -> ApiError:
    return invalid("MALFORMED_POST_REQUEST", f"the body is not well-formed multipart/form-data: {message}")


def _too_large() -> ApiError:
    return invalid(
        "MAX_POST_PRE_DATA_LENGTH_EXCEEDED",
        f"the fields before the file are too large: {MOST_BYTES_BEFORE_FILE} bytes are possible",
    )
