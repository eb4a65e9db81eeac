"""A limit on JSON bodies. The transcoder holds a whole message, however long, while it reads it, and its own limits do
not see that; so a body is collected before it, and refused (413) beyond the limit.

Two kinds of requests are let through as they come, because what reads them bounds them: gRPC (and Connect's streams),
and raw uploads (a body that is a `google.api.HttpBody`), which the transcoder passes on piece by piece.

Of strangers (`strangers`) much less is collected: they would else decide how much memory is held. What says that it is
short is not collected at all, so that the application can refuse it before it has come.
"""

from __future__ import annotations

from collections.abc import Iterable

from portico_server.host.envoy import strangers
from portico_server.host.envoy.descriptors import RawUpload
from portico_server.host.envoy.message import Message, extension, typed
from portico_server.host.envoy.path_template import to_regex

STRANGERS_BYTES = 64 * 1024
"""Of a body whose sender is not known."""


FILTERS = ("strangers-body-limit", "body-limit")


def body_limit_filters(uploads: Iterable[RawUpload], max_bytes: int) -> list[Message]:
    """HTTP filters, to stand behind `jwt_authn` and before the transcoder."""
    passing = [_header("content-type", {"exact": "application/grpc"})]
    passing += [_header("content-type", {"prefix": prefix}) for prefix in _FRAMED]
    passing += [_all(_header(":method", {"exact": upload.verb}), _path(upload.template)) for upload in uploads]
    known = [_header(name, {"safe_regex": {"google_re2": {}, "regex": ".+"}}) for name in strangers.IDENTITIES]
    short = _header("content-length", {"safe_regex": {"google_re2": {}, "regex": "[0-9]{1,4}"}})
    strangers_short = _all(short, {"not_matcher": {"or_matcher": {"predicate": known}}})
    return [
        _limit(FILTERS[0], [*passing, *known, short], STRANGERS_BYTES),
        _limit(FILTERS[1], [*passing, strangers_short], max_bytes),
    ]


def _limit(name: str, passing: list[Message], max_bytes: int) -> Message:
    """Collects the bodies of all requests but those that one of `passing` holds for."""
    skip = {"name": "skip", "typed_config": typed("extensions.filters.common.matcher.action.v3.SkipFilter")}
    matcher = {"predicate": {"or_matcher": {"predicate": passing}}, "on_match": {"action": skip}}
    return extension(
        name,
        "extensions.common.matching.v3.ExtensionWithMatcher",
        xds_matcher={"matcher_list": {"matchers": [matcher]}},
        extension_config=extension(
            "envoy.filters.http.buffer", "extensions.filters.http.buffer.v3.Buffer", max_request_bytes=max_bytes
        ),
    )


_FRAMED = ("application/grpc+", "application/connect+")
"""Content types of messages in frames, whose length the application looks at."""


def _header(name: str, match: Message) -> Message:
    source = extension(name, "type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name)
    return {"single_predicate": {"input": source, "value_match": match}}


def _path(template: str) -> Message:
    return _header(":path", {"safe_regex": {"google_re2": {}, "regex": to_regex(template)}})


def _all(*predicates: Message) -> Message:
    return {"and_matcher": {"predicate": list(predicates)}}
