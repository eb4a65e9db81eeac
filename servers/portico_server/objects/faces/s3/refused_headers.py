"""Headers that ask for what is not offered: each is refused by name, none is passed over in silence.

What costs a client nothing is taken: the class STANDARD, who pays, an owner that is the owner.
"""

from __future__ import annotations

from collections.abc import Mapping

from portico_server.objects.faces.s3.refusals import denied, invalid, invalid_argument, not_implemented
from portico_server.objects.faces.s3.request import S3Request

_EXPECTED_OWNER = "x-amz-expected-bucket-owner"
_STORAGE_CLASS = "x-amz-storage-class"
_ENCRYPTION = "x-amz-server-side-encryption"
_INSTEAD_OF_ENCRYPTION = "encrypt the disk that holds the data, or the bytes before they are sent"
_WEBSITE = "x-amz-website-redirect-location"


def check_owner(request: S3Request) -> None:
    """`x-amz-expected-bucket-owner` must be the bucket's account."""
    if request.headers.get(_EXPECTED_OWNER, request.account) != request.account:
        raise denied(f"the bucket's owner is not the account that {_EXPECTED_OWNER} names")


def check_write(headers: Mapping[str, str]) -> None:
    """Of a put, a copy or an upload."""
    check_encryption(headers)
    storage_class = headers.get(_STORAGE_CLASS, "STANDARD")
    if storage_class != "STANDARD":
        raise invalid(
            "INVALID_STORAGE_CLASS",
            "the storage class you specified is not valid: STANDARD is the only one",
            storage_class_requested=storage_class[:64],
        )
    if _WEBSITE in headers:
        raise not_implemented("redirection of websites", header=_WEBSITE)


def check_encryption(headers: Mapping[str, str]) -> None:
    """No bytes are encrypted by the platform, and none are said to be."""
    for header in headers:
        if header.startswith((_ENCRYPTION, "x-amz-copy-source-server-side-encryption")):
            raise not_implemented("server-side encryption", _INSTEAD_OF_ENCRYPTION, header)


def check_read(headers: Mapping[str, str]) -> None:
    """Of a get or a head. In S3, too, who reads does not say how the store encrypts, but for a key of his own."""
    if _ENCRYPTION in headers:
        raise invalid_argument(
            _ENCRYPTION, headers[_ENCRYPTION], f"the header {_ENCRYPTION} is not supported for this operation"
        )
    check_encryption(headers)
