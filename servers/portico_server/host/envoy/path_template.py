"""Paths of REST methods (`google.api.http`, its grammar is in google/api/http.proto) as regular expressions of RE2."""

from __future__ import annotations

import re

_VARIABLE = re.compile(r"\{[^={}]+(?:=([^{}]*))?\}")
_ANY_SEGMENT = r"[^/?]+"
_ANY_SEGMENTS = r"[^?]*"


def to_regex(template: str) -> str:
    """What the whole `:path` of a request must match, a query included."""
    plain = _VARIABLE.sub(lambda variable: variable.group(1) or "*", template)
    pieces = re.split(r"(\*\*|\*)", plain)
    wild = {"*": _ANY_SEGMENT, "**": _ANY_SEGMENTS}
    return "".join(wild.get(piece) or re.escape(piece) for piece in pieces) + r"(?:\?.*)?"
