"""Resource names from what callers give: an id in the client's own account, or a full name."""

from __future__ import annotations

from portico.errors import InvalidArgument


def name_of(account: str, collection: str, given: str) -> str:
    """`accounts/{account}/{collection}/{id}` of an id, or of a full name of that shape.

    Raises InvalidArgument for a name of something else; whether an id is well formed is for the platform to say.
    """
    if "/" not in given and given:
        return f"{account}/{collection}/{given}"
    parts = given.split("/")
    if len(parts) == 4 and parts[0] == "accounts" and parts[2] == collection and all(parts):
        return given
    raise InvalidArgument(
        f"{given!r} names none of {collection}: give an id, or accounts/<account>/{collection}/<id>",
        reason="NAME_INVALID",
    )
