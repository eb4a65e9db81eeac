"""Resource names from what callers give: an id in the client's own account, or a full name."""

from __future__ import annotations

from portico.errors import InvalidArgument


def name_of(account: str, collection: str, given: str) -> str:
    """`accounts/{account}/{collection}/{id}` of an id, or of a full name of that shape.

    Raises InvalidArgument for a name of something else; whether an id is well formed is for the platform to say.
    """
    given = text(given)
    if "/" not in given and given:
        return f"{account}/{collection}/{given}"
    parts = given.split("/")
    if len(parts) == 4 and parts[0] == "accounts" and parts[2] == collection and all(parts):
        return given
    raise InvalidArgument(
        f"{given!r} names none of {collection}: give an id, or accounts/<account>/{collection}/<id>",
        reason="NAME_INVALID",
    )


def text(given: str) -> str:
    """The same text. Raises InvalidArgument where it has no UTF-8, as file names and arguments may, and TypeError where
    it is no text."""
    if not isinstance(given, str):
        raise TypeError(f"a {type(given).__name__} is no name: give a text")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{given!a} is not UTF-8, which all names are", reason="NAME_INVALID") from None
    return given
