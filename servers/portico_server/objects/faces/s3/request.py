"""A request of S3 on its way through the face: what an operation is given."""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from portico_server.objects.content.placing import ANYWHERE, Placing
from portico_server.objects.faces.s3.addresses import Address
from portico_server.objects.faces.s3.canonical import Pairs
from portico_server.objects.faces.s3.circles import Circles
from portico_server.objects.faces.s3.post_policy import SignedForm
from portico_server.objects.faces.s3.refusals import denied, invalid, invalid_argument
from portico_server.objects.names import object_name
from portico_server.objects.records import NULL_VERSION
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceCalls, FaceRequest

_VERSION_ID = re.compile("[0-9a-f]{32}")
"""As the platform makes them."""
_OBJECTS = "/portico.objects.v1.ObjectService/"
_BUCKETS = "/portico.objects.v1.BucketService/"
_UPLOADS = "/portico.objects.v1.UploadService/"
_SERVICES = {
    **dict.fromkeys(("CreateBucket", "GetBucket", "ListBuckets", "UpdateBucket", "DeleteBucket"), _BUCKETS),
    **dict.fromkeys(
        (
            *("CreateMultipartUpload", "UploadPart", "CopyPart", "ListParts", "ListMultipartUploads"),
            *("CompleteMultipartUpload", "AbortMultipartUpload"),
        ),
        _UPLOADS,
    ),
}


class Body(Protocol):
    """The bytes of a request's body, without the chunks in which they may come; read once. `size_bytes`: how many
    there will be, None if nobody said. `trailers`: headers that came behind them, there when all has been read."""

    @property
    def size_bytes(self) -> int | None: ...

    @property
    def trailers(self) -> Mapping[str, str]: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...


def _nobodys(fields: Mapping[str, str]) -> SignedForm | None:
    return None


IsLocated = Callable[[str], Awaitable[bool]]


async def nowhere(bucket: str) -> bool:
    """Of no bucket."""
    return False


class S3Request:
    """`query` and `headers` by name, decoded; of several parameters of a name the first counts, several headers are one
    with commas. `account` is the bucket's. `signed`: somebody has signed it; else it is an anonymous one. `body` opens
    the body, and raises ApiError where its headers say no good of it. `verify_form`: who has signed a form of these
    fields. `placing`: where the platform's stores are; `circles`: by which platforms the request came. `is_located`:
    whether anybody may ask where the bucket of a name is."""

    __slots__ = (
        "_calls",
        "account",
        "address",
        "body",
        "came",
        "circles",
        "headers",
        "is_located",
        "placing",
        "query",
        "signed",
        "verify_form",
    )

    def __init__(
        self,
        came: FaceRequest,
        calls: FaceCalls,
        address: Address,
        account: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Callable[[], Body],
        *,
        signed: bool,
        verify_form: Callable[[Mapping[str, str]], SignedForm | None] = _nobodys,
        placing: Placing = ANYWHERE,
        circles: Circles | None = None,
        is_located: IsLocated = nowhere,
    ) -> None:
        self.came = came
        self.address = address
        self.account = account
        self.signed = signed
        self.verify_form = verify_form
        self.placing = placing
        self.circles = circles
        self.is_located = is_located
        self.body = body
        self.query = query
        self.headers = headers
        self._calls = calls

    @property
    def verb(self) -> str:
        return self.came.verb

    @property
    def bucket(self) -> str:
        """The bucket's id."""
        return self.address.bucket

    @property
    def key(self) -> str:
        return self.address.key

    @property
    def parent(self) -> str:
        """`accounts/{account}`."""
        return f"accounts/{self.account}"

    @property
    def bucket_name(self) -> str:
        """`accounts/{account}/buckets/{bucket}`."""
        return f"accounts/{self.account}/buckets/{self.address.bucket}"

    @property
    def object_name(self) -> str:
        """`accounts/{account}/buckets/{bucket}/objects/{key}`."""
        return object_name(self.bucket_name, self.address.key)

    @property
    def ray_id(self) -> str:
        return self._calls.ray_id

    @property
    def version_id(self) -> str:
        """Which version is asked for; empty: the current one."""
        found = self.query.get("versionId")
        if found == "":
            raise invalid_argument("versionId", "", "version id cannot be the empty string")
        if found and not is_version_id(found):
            raise invalid_argument("versionId", found, "Invalid version id specified")
        return found or ""

    def header(self, name: str) -> str:
        """A header's value, empty if absent."""
        return self.headers.get(name, "")

    def number(self, name: str, default: int, least: int = 0, most: int = 2**31 - 1) -> int:
        """A parameter that is a number. Raises ApiError."""
        return number(name, self.query.get(name, ""), default, least, most)

    async def check_located(self) -> None:
        """Raises ApiError where not anybody may ask where the bucket is; it is the same where there is none."""
        if not await self.is_located(self.bucket_name):
            raise _unsigned()

    async def call(
        self, method: str, message: Any, beside: list[bytes] | None = None, rows: list[Any] | None = None
    ) -> Any:
        """Calls a method of the contract by its name, `GetBucket`; `beside`, `rows`: see `FaceCalls.call`. Raises
        ApiError."""
        return await self._calls.call(_SERVICES.get(method, _OBJECTS) + method, message, beside, rows)

    def stream(self, method: str, message: Any, beside: list[bytes] | None = None) -> AsyncIterator[Any]:
        """As `call`, of a method with a stream of responses; `beside`: see `FaceCalls.stream`."""
        return self._calls.stream(_SERVICES.get(method, _OBJECTS) + method, message, beside)


def check_signed(request: S3Request) -> None:
    """What public buckets do not open: raises ApiError where nobody has signed."""
    if not request.signed:
        raise _unsigned()


def _unsigned() -> ApiError:
    return denied("Access Denied: nobody has signed the request")


def is_version_id(text: str) -> bool:
    """Whether a version can have that id."""
    return text == NULL_VERSION or _VERSION_ID.fullmatch(text) is not None


def number(name: str, text: str, default: int, least: int = 0, most: int = 2**31 - 1) -> int:
    """A number in decimal digits; `default` for no text. Raises ApiError."""
    if not text:
        return default
    value = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else -1
    if not least <= value <= most:
        raise invalid_argument(name, text, f"{name} must be an integer between {least} and {most}")
    return value


def by_name(parameters: Pairs) -> Mapping[str, str]:
    """A query's parameters, the first of each name. Raises ApiError."""
    found: dict[str, str] = {}
    try:
        for name, value in parameters:
            if name:
                found.setdefault(name.decode(), value.decode())
    except UnicodeDecodeError:
        raise _not_utf8() from None
    return found


def headers_of(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """By name; the values as Latin-1, whatever they are."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = _name(raw_name), raw_value.decode("latin-1").strip()
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


@functools.lru_cache(1024)  # few differ
def _name(raw: bytes) -> str:
    return raw.decode("latin-1")


def _not_utf8() -> ApiError:
    return invalid("INVALID_URI", "the query is not UTF-8 in percent-encoding")
