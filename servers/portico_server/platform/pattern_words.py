"""What a pattern of the contracts wants of a text, in words: callers are told that, and no regular expression.

Known are the forms that the house's ids and names have: classes of characters with their numbers, one behind the other,
and names of such segments. For all else the pattern itself has to do.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

_PARTS = re.compile(r"\[([^\]\\^]+)\](?:\{(\d+)(?:,(\d+))?\})?")
_RANGES = {"a-z": "lower-case letters", "A-Z": "capital letters", "0-9": "digits"}
_CHARACTERS = {"-": "hyphens", ".": "dots", "_": "underscores", "*": "asterisks"}
_HEXADECIMAL = {"0-9a-f": "hexadecimal digits in lower case", "0-9A-Fa-f": "hexadecimal digits"}
_ALPHANUMERIC = {"a-z0-9", "A-Za-z0-9"}

_WHOLE = {
    r"^[a-z][a-z0-9]{0,30}[.][a-z][a-z0-9_]{0,46}[.][a-z][a-z0-9_]{0,46}$": "PRODUCT.NOUN.VERB in lower case",
    r"^[ -~]*$": "printable ASCII",
    r"^[\x20-\x7e]*$": "printable ASCII",
    r"^[^\x00]*$": "text without NUL",
    r"^[^\x00-\x1f\x7f]*$": "text without control characters",
    r"^\S+$": "text without spaces",
    r"^[^*\x00-\x20\x7f]*[*]?[^*\x00-\x20\x7f]*$": "text with one * at most, without spaces",
    r"^[a-zA-Z0-9!#$%&'+.^_`|~-]*[*]?[a-zA-Z0-9!#$%&'+.^_`|~-]*$": "a header's name, with one * at most",
    r"^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$": "a header's name",
    r"^https?://[^\x00-\x20\x7f]+$": "http://… or https://…, without spaces",
}
_SEGMENTS = {r"[^\x00]+": "a key of one character or more, without NUL"}
_DOMAIN_CHARACTERS = 100
"""What may be longer than this, of such characters, is a domain name."""


class _Class(NamedTuple):
    characters: str
    least: int
    most: int


def wanted(pattern: str, value: str) -> str | None:
    """What a text must be to match; None where there are no words for the pattern. `value` is one that does not match:
    of a name that part is described which is wrong."""
    if pattern in _WHOLE:
        return f"must be {_WHOLE[pattern]}"
    if not pattern.startswith("^") or not pattern.endswith("$"):
        return None
    inner = pattern[1:-1]
    if inner.startswith("accounts/"):
        return _of_name(tuple(inner.split("/")), value)
    optional = re.fullmatch(r"\(([^()]*)\)\?", inner)
    words = _of_segment(optional[1] if optional else inner)
    return words and f"must be {'empty, or ' if optional else ''}{words}"


def _of_name(segments: tuple[str, ...], value: str) -> str | None:
    """Segments are fixed words and patterns by turns: `accounts/{account}/zones/{zone}`."""
    labels = [_label(segments[at - 1]) if at % 2 else segment for at, segment in enumerate(segments)]
    shape = f"must be {'/'.join(labels)}"
    given = value.split("/", len(segments) - 1)
    if len(given) != len(segments) or any(given[at] != segments[at] for at in range(0, len(segments), 2)):
        return shape
    for at in range(1, len(segments), 2):
        if re.fullmatch(segments[at], given[at]) is None:
            words = _of_segment(segments[at])
            return words and f"{shape}, and {labels[at]} {words}"
    return shape


def _label(collection: str) -> str:
    """`POLICY` of `policies`, `DOMAIN_GROUP` of `domainGroups`."""
    singular = f"{collection[:-3]}y" if collection.endswith("ies") else collection.removesuffix("s")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", singular).upper()


@functools.lru_cache(256)
def _of_segment(segment: str) -> str | None:
    if segment in _SEGMENTS:
        return _SEGMENTS[segment]
    found = list(_PARTS.finditer(segment))
    if not found or "".join(part[0] for part in found) != segment:
        return None
    classes = [_Class(part[1], int(part[2] or 1), int(part[3] or part[2] or 1)) for part in found]
    least, most = sum(each.least for each in classes), sum(each.most for each in classes)
    widest = max(classes, key=lambda each: len(each.characters)).characters
    characters = _characters(widest)
    if characters is None:
        return None
    if most > _DOMAIN_CHARACTERS and "." in widest and "A" not in widest:
        count = f"a domain name: up to {most} {characters}"
    else:
        count = f"{least} {characters}" if least == most else f"{least} to {most} {characters}"
    return count + _ends(classes, widest)


def _ends(classes: list[_Class], widest: str) -> str:
    """How it begins and ends, where not every character may stand there."""
    begins = classes[0].characters != widest and classes[0].characters in _ALPHANUMERIC
    ends = len(classes) > 1 and classes[-1].characters != widest and classes[-1].characters in _ALPHANUMERIC
    if not begins:
        return ""
    return f", {'beginning and ending' if ends else 'beginning'} with a letter or digit"


def _characters(characters: str) -> str | None:
    """`lower-case letters, digits and hyphens`."""
    if characters in _HEXADECIMAL:
        return _HEXADECIMAL[characters]
    words, rest = [], characters
    for each, word in _RANGES.items():
        if each in rest:
            rest = rest.replace(each, "")
            words.append(word)
    if words[:2] == ["lower-case letters", "capital letters"]:
        words[:2] = ["letters"]
    if not set(rest) <= set(_CHARACTERS):
        return None
    words += [_CHARACTERS[character] for character in _CHARACTERS if character in rest]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0] if words else None
