"""Names of objects taken apart."""

from __future__ import annotations

import pytest

from portico_server.objects.errors import InvalidField
from portico_server.objects.names import ObjectName, parse_object_name


@pytest.mark.parametrize(
    ("name", "bucket", "key"),
    [
        ("accounts/a/buckets/b/objects/k", "accounts/a/buckets/b", "k"),
        ("accounts/a/buckets/objects/objects/objects/k", "accounts/a/buckets/objects", "objects/k"),
        ("accounts/a/buckets/b/objects//", "accounts/a/buckets/b", "/"),
        ("accounts/a/buckets/b/objects/x/objects/y", "accounts/a/buckets/b", "x/objects/y"),
    ],
)
def test_a_name_is_a_bucket_s_and_a_key(name: str, bucket: str, key: str) -> None:
    assert parse_object_name(name) == ObjectName(bucket, key)
    assert str(ObjectName(bucket, key)) == name


@pytest.mark.parametrize(
    "name", ["", "accounts/a/buckets/b", "accounts/a/buckets/b/objects", "accounts/a/buckets/b/x/k"]
)
def test_what_is_not_a_name_is_refused_with_its_field(name: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_object_name(name, "source")
    assert refused.value.field == "source"


@pytest.mark.parametrize(
    ("key", "fits"), [("x" * 1024, True), ("x" * 1025, False), ("\U0010ffff" * 256, True), ("é" * 513, False)]
)
def test_a_key_is_measured_in_bytes(key: str, fits: bool) -> None:
    name = f"accounts/a/buckets/b/objects/{key}"
    if fits:
        assert parse_object_name(name).key == key
    else:
        with pytest.raises(InvalidField, match="1024"):
            parse_object_name(name)
