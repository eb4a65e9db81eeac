"""How long a PostgreSQL server that does not answer is waited for."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_PATIENCE = {
    "connect_timeout": "5",
    # The kernel gives up a peer that is gone.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
"""Seconds, but for the last: milliseconds."""


def patient(dsn: str) -> str:
    """The connection string with our time-outs, where an operator has chosen no others in it. Raises psycopg.Error for
    what is no connection string."""
    given = conninfo_to_dict(dsn)
    return make_conninfo(dsn, **{name: value for name, value in _PATIENCE.items() if not given.get(name)})
