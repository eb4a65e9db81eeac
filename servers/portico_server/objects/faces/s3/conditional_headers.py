"""Conditions in headers: If-Match and its like, and those about a copy's source.

ETags without quotes, or with one, are taken, too, as S3 does; a date that is none is passed over (RFC 9110, 13.1.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3.refusals import invalid_argument
from portico_server.objects.services.http_dates import parse_http_date

SOURCE = "x-amz-copy-source-"
"""What stands before the names of conditions about a copy's source."""
IF_RANGE = "if-range"
_MAX_ETAGS = 64
_ETAG = re.compile(r'(?:W/)?"[^"]*"|"?[^\s,"]+"?')


def conditions_of(headers: Mapping[str, str], prefix: str = "") -> objects_pb2.Conditions | None:
    """What must hold; None where nothing must. Raises ApiError for what is no list of ETags."""
    found: objects_pb2.Conditions | None = None
    for name, field in (("if-match", "if_match"), ("if-none-match", "if_none_match")):
        if prefix + name in headers:
            found = found or objects_pb2.Conditions()
            getattr(found, field).extend(_etags(prefix + name, headers[prefix + name]))
    for name, field in (("if-modified-since", "if_modified_since"), ("if-unmodified-since", "if_unmodified_since")):
        if prefix + name not in headers:
            continue
        seconds = parse_http_date(headers[prefix + name])
        if seconds is not None:
            found = found or objects_pb2.Conditions()
            getattr(found, field).CopyFrom(Timestamp(seconds=seconds))
    return found


def if_range_holds(headers: Mapping[str, str], described: objects_pb2.Object) -> bool:
    """Whether the range of a request is to be answered: the object is still the one that `If-Range` names, by its ETag
    or by exactly its time (RFC 9110, 13.1.5). A weak ETag names none."""
    named = headers.get(IF_RANGE)
    if named is None:
        return True
    seconds = parse_http_date(named)
    return named.strip('"') == described.etag if seconds is None else seconds == described.create_time.seconds


def _etags(name: str, text: str) -> list[str]:
    etags = _ETAG.findall(text)
    if not 0 < len(etags) <= _MAX_ETAGS or _ETAG.sub("", text).strip(" \t,"):
        raise invalid_argument(name, text, f"{name} must be * or up to {_MAX_ETAGS} ETags in quotes")
    return [etag if etag.endswith('"') and '"' in etag[:-1] else etag.strip('"') for etag in etags]
