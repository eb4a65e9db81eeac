"""Forms with a file: the fields before it, its bytes, and nothing else; also in the smallest parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from portico_server.objects.faces.s3.form_data import Form, boundary_of
from portico_server.platform.errors import ApiError

FILE = b"\r\n--almost\r\n--bound but not quite\r\n" * 200
HEAD = (
    b'--bound\r\nContent-Disposition: form-data; name="Key"\r\n\r\nphotos/${filename}\r\n'
    b'--bound\r\nContent-Disposition: form-data; name="x-amz-meta-note"\r\n\r\n\xc3\xbc\r\n\r\n\r\n'
    b'--bound\r\nContent-Disposition: form-data; name="file"; filename="C:\\\\folder\\\\cat \\"1\\".jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n"
)
TAIL = b'\r\n--bound\r\nContent-Disposition: form-data; name="submit"\r\n\r\nUpload\r\n--bound--\r\n'


async def read(content: bytes, part_bytes: int = 1 << 16) -> tuple[Form, bytes]:
    async def parts() -> AsyncIterator[bytes]:
        for at in range(0, len(content), part_bytes):
            yield content[at : at + part_bytes]

    form = Form(parts(), b"bound")
    await form.read_fields()
    return form, b"".join([piece async for piece in form.file()])


@pytest.mark.parametrize("part_bytes", [1, 7, 100, 1 << 16])
async def test_fields_and_file_are_told_apart(part_bytes: int) -> None:
    form, file = await read(HEAD + FILE + b"\r\n--bound" + TAIL[9:], part_bytes)
    # The file holds `\r\n--bound but not quite`, which begins as the delimiter does: it ends there.
    assert file == FILE[: FILE.index(b"\r\n--bound")]
    assert form.fields == {"key": "photos/${filename}", "x-amz-meta-note": "ü\r\n\r\n"}
    assert form.file_name == 'cat "1".jpg'


@pytest.mark.parametrize("file", [b"", b"\r\n", b"\r\n--boun", b"a" * 100_000])
async def test_a_file_comes_as_it_is(file: bytes) -> None:
    assert (await read(HEAD + file + TAIL, 1000))[1] == file


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "MALFORMED_POST_REQUEST"),
        (b"nonsense" * 10, "MAX_POST_PRE_DATA_LENGTH_EXCEEDED"),
        (HEAD, "MALFORMED_POST_REQUEST"),
        (HEAD + b"some", "MALFORMED_POST_REQUEST"),
        (HEAD[:80], "MALFORMED_POST_REQUEST"),
        (HEAD.replace(b"\xc3\xbc", b"\xff"), "MALFORMED_POST_REQUEST"),
        (HEAD.replace(b"photos/", b"p" * 30_000), "MAX_POST_PRE_DATA_LENGTH_EXCEEDED"),
        (
            b'--bound\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--bound--\r\n',
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_what_is_no_form_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        asyncio.run(read(content))
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=----abc123", b"----abc123"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', b"a b"),
        ("multipart/form-data;boundary=x; charset=utf-8", b"x"),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("application/x-www-form-urlencoded", None),
        ("", None),
    ],
)
def test_boundaries_are_found(content_type: str, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary
