"""The PostgreSQL engine: libpq's pipeline mode, a batch in one round trip, any number of processes."""

from portico_server.platform.database.postgresql.database import PostgresqlDatabase

__all__ = ["PostgresqlDatabase"]
