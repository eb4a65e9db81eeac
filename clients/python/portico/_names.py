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
    """The same text. Raises InvalidArgument where it has no UTF-8: file names and arguments may hold any bytes."""
    try:
        given.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{given!a} is not UTF-8, which all names are", reason="NAME_INVALID") from None
    return given
