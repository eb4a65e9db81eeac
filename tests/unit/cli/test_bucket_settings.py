"""`portico objects update`, `lifecycle`, `cors`, `notifications`: what buckets are set to, by options and documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from portico.objects.v1.buckets_pb2 import Bucket, LifecycleRule
from portico_cli.bucket_documents import read_rules
from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import ACCOUNT, FakePlatform

IN_S3 = """
{"Rules": [
  {"ID": "old", "Status": "Enabled", "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "a", "Value": "1"}],
   "ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 9}}, "Expiration": {"Days": 3}},
  {"ID": "date", "Status": "Disabled", "Prefix": "", "Expiration": {"Date": "2030-01-01"}},
  {"Status": "Enabled", "Filter": {"Tag": {"Key": "b", "Value": "2"}},
   "NoncurrentVersionExpiration": {"NoncurrentDays": 2, "NewerNoncurrentVersions": 4}},
  {"Status": "Enabled", "Filter": {"Prefix": "x"}, "Expiration": {"ExpiredObjectDeleteMarker": true},
   "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 5}}
]}
"""
RULES = [
    LifecycleRule(
        id="old",
        enabled=True,
        filter={"prefix": "logs/", "tags": {"a": "1"}, "size_greater_than_bytes": 5, "size_less_than_bytes": 9},
        expire_after_days=3,
    ),
    LifecycleRule(id="date", filter={"prefix": ""}, expire_time={"seconds": 1_893_456_000}),
    LifecycleRule(
        enabled=True, filter={"tags": {"b": "2"}}, expire_noncurrent_after_days=2, keep_noncurrent_versions=4
    ),
    LifecycleRule(enabled=True, filter={"prefix": "x"}, expire_delete_markers=True, abort_uploads_after_days=5),
]


@pytest.fixture(autouse=True)
def bucket(fake: FakePlatform, portico: Portico) -> None:
    assert portico("objects", "mb", "photos").code == 0


def stored(fake: FakePlatform) -> Any:
    return fake.buckets[f"{ACCOUNT}/buckets/photos"]


def test_rules_are_read_as_s3_writes_them() -> None:
    for text in (IN_S3, json.dumps(json.loads(IN_S3)["Rules"])):
        assert list(read_rules(text, "lifecycle_rules").lifecycle_rules) == RULES


def test_rules_are_read_as_the_contract_has_them_in_yaml_and_json() -> None:
    wanted = Bucket(lifecycle_rules=[LifecycleRule(id="old", enabled=True, expire_time={"seconds": 1_893_456_000})])
    in_yaml = "lifecycle_rules:\n- {id: old, enabled: true, expire_time: 2030-01-01T00:00:00Z}\n"
    in_json = '[{"id": "old", "enabled": true, "expireTime": "2030-01-01T00:00:00Z"}]'
    for text in (in_yaml, in_json, f'{{"lifecycleRules": {in_json}}}'):
        assert read_rules(text, "lifecycle_rules") == wanted


def test_cors_rules_are_read_as_s3_writes_them() -> None:
    text = '{"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 60}]}'
    (rule,) = read_rules(text, "cors_rules").cors_rules
    assert (rule.allowed_origins, rule.allowed_methods, rule.max_age_seconds) == (["*"], ["GET"], 60)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "neither YAML nor JSON"),
        ("text", "must be a list of rules, or lifecycle_rules"),
        ('{"Rules": [{"Status": "On"}]}', r"^line 1: Rules\[0\].Status: must be Enabled or Disabled"),
        (
            '{"Rules": [{"Transitions": []}]}',
            r"Rules\[0\]: Transitions is none of what such a rule can say here: Abort",
        ),
        ('{"Rules": [1]}', "an object with names and values is needed, not 1: Abort"),
        ('{"Rules": [{"Filter": 1}]}', r"Rules\[0\].Filter: an object with .* is needed, not 1: And, ObjectSize"),
        ('{"Rules": [{"Filter": {"Tag": {"Key": "k"}}}]}', r"Rules\[0\].Filter.Tag: a tag has Key and Value"),
        ('{"Rules": [\n{"Expiration": {"Days": 0}}]}', r"^line 2: Rules\[0\].Expiration.Days: must be 1 or more"),
        ('[{"Expiration":\n\n{"Days": 3.5}}]', r"^line 3: Rules\[0\].Expiration.Days: 3.5 is no whole number"),
        ('[{"Expiration": {"Date": "soon"}}]', "soon.* is no time: write it as 2030-01-31T00:00:00Z"),
        ('[{"expires": 1}]', r"lifecycle_rules\[0\]: there is no expires; there are id, enabled, filter"),
        (
            "- id: a\n- expire_after_days: 3.5",
            r"^line 2: lifecycle_rules\[1\].expire_after_days: 3.5 is no whole number",
        ),
        ("- id: a\n  expireAfterDays: 0", r"^line 2: lifecycle_rules\[0\].expireAfterDays: 0 counts as left out"),
        (
            "- {expire_after_seconds: 0}",
            r"lifecycle_rules\[0\].expire_after_seconds: 0 counts as left out, and the rule",
        ),
        ("- {expire_after_days: 4000000000}", r"expire_after_days: must be at most 2,147,483,647"),
        ("- {enabled: 'yes'}", r"lifecycle_rules\[0\].enabled: true or false is needed, not yes"),
        ("- filter: {prefix: 5}", r"lifecycle_rules\[0\].filter.prefix: text is needed, not 5: put it into quotes"),
        ("- {expire_time: 2030-01-31}", r"expire_time: 2030-01-31 is no time: write it as 2030-01-31T00:00:00Z"),
        ("- id: a\n  filter: &f\n    tags: *f", r"^line 3: \[0\].filter.tags: is an alias of what it stands in"),
        ("&all\n- id: a\n- *all", r"^line 1: \[1\]: is an alias of what it stands in, so that it has no end"),
        ("- " * 60 + "1", "is nested too deeply"),
        ("- " * 5000 + "1", "is nested too deeply"),
        ("!!python/object/apply:os.system [ls]", "neither YAML nor JSON"),
    ],
)
def test_a_document_that_is_none_is_told(text: str, told: str) -> None:
    with pytest.raises(click.BadParameter, match=told):
        read_rules(text, "lifecycle_rules")


@pytest.mark.parametrize(
    ("name", "field"),
    [("lifecycle", "lifecycle_rules"), ("cors", "cors_rules"), ("notifications", "notification_rules")],
)
def test_the_file_that_help_shows_is_one(portico: Portico, name: str, field: str) -> None:
    (shown,) = [
        line for line in portico("objects", name, "set", "--help").out.splitlines() if line.startswith("    - {")
    ]
    (rule,) = getattr(read_rules(shown, field), field)
    assert rule.ListFields()


def test_noughts_beside_an_age_are_left_out_as_the_contract_has_it() -> None:
    (rule,) = read_rules(
        "- {expire_after_days: 0, expire_time: 2030-01-01T00:00:00Z}", "lifecycle_rules"
    ).lifecycle_rules
    assert rule.HasField("expire_time")


def test_few_aliases_that_stand_for_very_much_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 10)]
    with pytest.raises(click.BadParameter, match="more than 100,000 values, with what its aliases stand for"):
        read_rules("\n".join(lines), "lifecycle_rules")


def test_an_event_that_is_none_is_told_with_those_there_are() -> None:
    text = '[{"events": ["created"], "queue": "accounts/default/queues/q"}]'
    told = r"notification_rules\[0\].events\[0\]: created is none of EVENT_OBJECT_CREATED, EVENT_OBJECT_DELETED, "
    with pytest.raises(click.BadParameter, match=told):
        read_rules(text, "notification_rules")


def test_rules_are_set_shown_and_removed(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(IN_S3)
    assert portico("objects", "lifecycle", "set", "photos", file).out == "portico://photos/ has 4 rules of lifecycle\n"
    assert list(stored(fake).lifecycle_rules) == RULES
    shown = portico("objects", "lifecycle", "get", "photos").out
    assert json.loads(shown)["lifecycleRules"][0]["id"] == "old"
    assert portico("objects", "lifecycle", "rm", "photos", "old").out.endswith("has 3 rules of lifecycle\n")
    assert portico("objects", "lifecycle", "set", "photos", "-", given=shown.encode()).code == 0
    assert list(stored(fake).lifecycle_rules) == RULES
    unknown = portico("objects", "lifecycle", "rm", "photos", "none")
    assert (unknown.code, "has no rule none" in unknown.err) == (3, True)
    assert portico("objects", "lifecycle", "rm", "photos").out.endswith("has 0 rules of lifecycle\n")
    assert not stored(fake).lifecycle_rules


def test_a_bucket_is_made_public_tagged_and_locked(portico: Portico, fake: FakePlatform) -> None:
    changed = portico("objects", "update", "photos", "--public-access", "read", "--tag", "a=1", "--tag", "b=x=y")
    assert changed.out == "updated public_access, tags of portico://photos/\n"
    assert (stored(fake).public_access, dict(stored(fake).tags)) == (2, {"a": "1", "b": "x=y"})
    assert portico("objects", "update", "photos", "--no-tags", "--retention", "compliance:2y").code == 0
    lock = stored(fake).object_lock
    assert (dict(stored(fake).tags), lock.enabled, lock.default_mode, lock.default_years) == ({}, True, 2, 2)
    assert json.loads(portico("objects", "describe", "photos").out)["publicAccess"] == "PUBLIC_ACCESS_READ"


def test_a_bucket_is_opened_and_kept_shut(portico: Portico, fake: FakePlatform) -> None:
    assert portico("objects", "update", "photos", "--public-list").code == 0
    assert stored(fake).public_list
    told = portico("objects", "update", "photos", "--no-public-list", "--block-public-access").out
    assert told == "updated public_list, public_access_block of portico://photos/\n"
    block = stored(fake).public_access_block
    assert (stored(fake).public_list, len(block.ListFields())) == (False, 4)
    assert portico("objects", "update", "photos", "--no-block-public-access").code == 0
    assert not stored(fake).public_access_block.ListFields()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "nothing to change"),
        (("--tag", "a"), "is not KEY=VALUE"),
        (("--tag", "a=1", "--tag", "a=2"), "a is given twice, as 1 and 2"),
        (("--tag", "a=1", "--no-tags"), "contradict"),
        (("--retention", "forever"), "governance:30d"),
    ],
)
def test_options_that_say_nothing_are_told(portico: Portico, options: tuple[str, ...], told: str) -> None:
    outcome = portico("objects", "update", "photos", *options)
    assert outcome.code == 2
    assert told in outcome.err
