"""pandas with s3fs, unchanged: Parquet written to a bucket and read again, of columns no more than they need."""

from __future__ import annotations

from tests.interop.s3.conftest import Clients

PANDAS = """
import pandas, s3fs

plainly = {}
exactly = {"default_cache_type": "none"}  # by itself s3fs reads on for 5 MiB, all of so small a file
files = s3fs.S3FileSystem(**exactly)
files.mkdir("pandas")
received_bytes = []
files.connect().meta.events.register(
    "after-call.s3.GetObject", lambda parsed, **_: received_bytes.append(parsed["ContentLength"]))

rows = 200_000
made = pandas.DataFrame({"i": range(rows), "day": [i % 7 for i in range(rows)]})
made["digest"] = [f"{i * 0x9E3779B97F4A7C15 % (1 << 64):016x}" for i in range(rows)]
one = "s3://pandas/one.parquet"
made.to_parquet(one, storage_options=plainly, row_group_size=20_000)
whole_bytes = files.info(one)["size"]
assert pandas.read_parquet(one, storage_options=plainly).equals(made)
received_bytes.clear()
narrow = pandas.read_parquet(one, columns=["day"], storage_options=exactly)
assert narrow.equals(made[["day"]])
assert received_bytes and sum(received_bytes) < whole_bytes // 4, (received_bytes, whole_bytes)
some = pandas.read_parquet(one, filters=[("i", ">=", 123_456), ("i", "<", 123_460)], storage_options=exactly)
assert some["digest"].tolist() == made["digest"][123_456:123_460].tolist()

made.to_parquet("s3://pandas/days", partition_cols=["day"], storage_options=plainly)
assert len(files.ls("pandas/days")) == 7
third = pandas.read_parquet("s3://pandas/days", filters=[("day", "=", 3)], storage_options=plainly)
assert sorted(third["i"]) == list(range(3, rows, 7))
try:
    pandas.read_parquet("s3://pandas/none.parquet", storage_options=plainly)
    raise SystemExit("it read what is not there")
except FileNotFoundError:
    pass
files.rm("pandas", recursive=True)
"""


def test_pandas_writes_and_reads_parquet(clients: Clients) -> None:
    clients.python(PANDAS)
