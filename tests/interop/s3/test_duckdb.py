"""DuckDB with its httpfs, unchanged: Parquet written to a bucket and queried there, with ranges and globs."""

from __future__ import annotations

from tests.interop.s3.conftest import Clients

DUCKDB = """
import os, pathlib, duckdb, duckdb_extension_httpfs
from urllib.parse import urlsplit

[extension] = pathlib.Path(duckdb_extension_httpfs.__file__).parent.glob(f"extensions/v{duckdb.__version__}/*")
database = duckdb.connect()
database.load_extension(str(extension))
database.execute("SET ca_cert_file = ?", [os.environ["AWS_CA_BUNDLE"]])
database.execute("SET enable_server_cert_verification = true")
door = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
database.execute(f'''CREATE SECRET (
  TYPE s3, KEY_ID '{key}', SECRET '{secret}', REGION 'auto', ENDPOINT '{door}', URL_STYLE 'path')''')

rows = 200_000
database.execute(f"CREATE TABLE made AS SELECT i, i % 7 AS day, md5(i::VARCHAR) AS digest FROM range({rows}) t(i)")
database.execute("COPY made TO 's3://duckdb/one.parquet' (FORMAT parquet, ROW_GROUP_SIZE 20000)")
told = database.execute("SELECT count(*), sum(i) FROM 's3://duckdb/one.parquet'").fetchone()
assert told == (rows, rows * (rows - 1) // 2), told
assert database.execute("SELECT digest FROM 's3://duckdb/one.parquet' WHERE i = 123456").fetchall() == database.execute(
    "SELECT digest FROM made WHERE i = 123456").fetchall()
database.execute("COPY made TO 's3://duckdb/days' (FORMAT parquet, PARTITION_BY (day))")
parts = "read_parquet('s3://duckdb/days/*/*.parquet')"
days = database.execute(f"SELECT day, count(*) FROM {parts} GROUP BY day").fetchall()
assert dict(days) == {day: len(range(day, rows, 7)) for day in range(7)}, days
assert len(database.execute("SELECT * FROM glob('s3://duckdb/days/day=3/*')").fetchall()) >= 1
try:
    database.execute("SELECT * FROM 's3://duckdb/none.parquet'")
    raise SystemExit("it read what is not there")
except duckdb.HTTPException as error:
    assert error.status_code == 404, error
"""


def test_duckdb_writes_and_queries_parquet(clients: Clients) -> None:
    clients.door.client().create_bucket(Bucket="duckdb")
    clients.python(DUCKDB)
