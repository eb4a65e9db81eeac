"""Buckets at the S3 door, and what they are set to."""

from __future__ import annotations

import json
from typing import Any

import pytest

import portico
from portico.objects.v1.buckets_pb2 import Bucket, NotificationRule
from tests.e2e.s3.door import S3Door, code_of, new_name
from tests.harness import RunningPlatform


def test_a_bucket_is_made_seen_and_deleted(s3: Any) -> None:
    name = new_name()
    assert s3.create_bucket(Bucket=name)["Location"] == f"/{name}"
    head = s3.head_bucket(Bucket=name)
    assert head["BucketRegion"] == "us-east-1"
    assert head["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/xml"
    assert name in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    assert code_of(s3.create_bucket, Bucket=name) == (409, "BucketAlreadyOwnedByYou")
    s3.delete_bucket(Bucket=name)
    assert code_of(s3.head_bucket, Bucket=name) == (404, "404")
    assert code_of(s3.delete_bucket, Bucket=name) == (404, "NoSuchBucket")


def test_a_bucket_that_holds_something_stays(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert code_of(s3.delete_bucket, Bucket=bucket) == (409, "BucketNotEmpty")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)


def test_buckets_are_listed_in_pages_and_by_prefix(s3: Any) -> None:
    names = [f"paged-buckets-{number}" for number in range(5)]
    for name in names:
        s3.create_bucket(Bucket=name)
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="paged-", PaginationConfig={"PageSize": 2}))
    assert [[found["Name"] for found in page["Buckets"]] for page in pages] == [names[:2], names[2:4], names[4:]]
    assert pages[0]["Prefix"] == "paged-"


@pytest.mark.parametrize("region", ["auto", "us-east-1", "weur"])
def test_a_location_is_taken_as_a_hint(s3: Any, region: str) -> None:
    name = new_name()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None


@pytest.mark.parametrize("name", ["ab", "Upper", "under_score", "a" * 64, "-dash", "192.168.0.1", "two..dots"])
def test_names_that_s3_does_not_know_are_refused(door: S3Door, name: str) -> None:
    answer = door.request("PUT", f"/{name}")
    assert (answer.status, answer.error["Code"]) == (400, "InvalidBucketName")


RESERVED = ["xn--name", "sthree-name", "amzn-s3-demo-name", "name-s3alias", "name--ol-s3", "name--use1-az4--x-s3"]


@pytest.mark.parametrize("name", [*RESERVED, "name--table-s3", "name.mrap"])
def test_names_that_s3_keeps_for_itself_are_refused(door: S3Door, s3_platform: RunningPlatform, name: str) -> None:
    answer = door.request("PUT", f"/{name}")
    assert (answer.status, answer.error["Code"]) == (400, "InvalidBucketName")
    assert answer.error["Message"].startswith("the bucket's name must not begin with xn--")
    with portico.connect(str(s3_platform.profile)) as client, pytest.raises(portico.errors.InvalidArgument) as raised:
        client.buckets.create(name)
    assert "S3 keeps such names for itself" in str(raised.value)


@pytest.mark.parametrize("name", ["xn-name", "asthree-name", "name-s3aliases", "ol-s3", "mrap-name"])
def test_names_that_only_look_like_these_are_taken(s3: Any, name: str) -> None:
    s3.create_bucket(Bucket=name)
    s3.delete_bucket(Bucket=name)


def test_a_bucket_with_dots_is_reached_by_path(s3: Any) -> None:
    name = f"{new_name()}.with.dots"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"x"


def test_tags_of_a_bucket(s3: Any, bucket: str) -> None:
    assert code_of(s3.get_bucket_tagging, Bucket=bucket) == (404, "NoSuchTagSet")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": ""}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    assert code_of(s3.put_bucket_tagging, Bucket=bucket, Tagging=twice) == (400, "InvalidTag")
    s3.delete_bucket_tagging(Bucket=bucket)
    assert code_of(s3.get_bucket_tagging, Bucket=bucket) == (404, "NoSuchTagSet")


def test_cors_rules_come_back_as_they_were_put(s3: Any, bucket: str) -> None:
    assert code_of(s3.get_bucket_cors, Bucket=bucket) == (404, "NoSuchCORSConfiguration")
    rules = [
        {
            "ID": "one",
            "AllowedHeaders": ["*"],
            "AllowedMethods": ["GET", "PUT"],
            "AllowedOrigins": ["https://*.example.com"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 60,
        },
        {"AllowedMethods": ["HEAD"], "AllowedOrigins": ["*"]},
    ]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    told = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert told[0] == rules[0]
    assert {name: told[1][name] for name in rules[1]} == rules[1]
    wrong = [{"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}]
    assert code_of(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": wrong}) == (400, "InvalidRequest")
    s3.delete_bucket_cors(Bucket=bucket)
    assert code_of(s3.get_bucket_cors, Bucket=bucket) == (404, "NoSuchCORSConfiguration")


def test_lifecycle_rules_come_back_as_they_were_put(s3: Any, bucket: str) -> None:
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == (404, "NoSuchLifecycleConfiguration")
    both = {"Prefix": "logs/", "Tags": [{"Key": "a", "Value": "1"}], "ObjectSizeGreaterThan": 10}
    rules = [
        {"ID": "days", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}},
        {"ID": "both", "Status": "Disabled", "Filter": {"And": both}, "Expiration": {"Days": 30}},
        {"ID": "first form", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Days": 3}},
        {"ID": "first form of all", "Status": "Disabled", "Prefix": "", "Expiration": {"Days": 3}},
        {"ID": "tag", "Status": "Enabled", "Filter": {"Tag": {"Key": "a", "Value": "1"}}, "Expiration": {"Days": 1}},
        {
            "ID": "versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 5, "NewerNoncurrentVersions": 2},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == (404, "NoSuchLifecycleConfiguration")


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        ({"Expiration": {"Days": 0}}, (400, "InvalidArgument")),
        ({"Expiration": {"Days": 1}, "Status": "On"}, (400, "MalformedXML")),
        ({}, (400, "InvalidRequest")),
        ({"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}, (501, "NotImplemented")),
        ({"Expiration": {"Date": "2030-01-01T12:00:00Z"}}, (400, "InvalidArgument")),
    ],
)
def test_lifecycle_rules_that_cannot_be_are_refused(s3: Any, bucket: str, rule: Any, refusal: Any) -> None:
    rules = [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **rule}]
    call = s3.put_bucket_lifecycle_configuration
    assert code_of(call, Bucket=bucket, LifecycleConfiguration={"Rules": rules}) == refusal


def test_the_policy_that_lets_anybody_read(s3: Any, bucket: str) -> None:
    assert code_of(s3.get_bucket_policy, Bucket=bucket) == (404, "NoSuchBucketPolicy")
    assert code_of(s3.get_bucket_policy_status, Bucket=bucket) == (404, "NoSuchBucketPolicy")
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
        },
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    s3.delete_bucket_policy(Bucket=bucket)
    assert code_of(s3.get_bucket_policy, Bucket=bucket) == (404, "NoSuchBucketPolicy")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"Effect": "Deny"}, (501, "NotImplemented")),
        ({"Action": ["s3:GetObject", "s3:GetObjectVersion"]}, (501, "NotImplemented")),
        ({"NotAction": "s3:GetObject"}, (400, "MalformedPolicy")),
        ({"Effect": "Permit"}, (400, "MalformedPolicy")),
        ({"Principal": "somebody"}, (400, "MalformedPolicy")),
        ({"Action": "iam:CreateUser"}, (400, "MalformedPolicy")),
        ({"Action": []}, (400, "MalformedPolicy")),
        ({"Colour": "red"}, (400, "MalformedPolicy")),
        ({"Action": "s3:*"}, (501, "NotImplemented")),
        ({"Principal": {"AWS": "arn:aws:iam::1:root"}}, (501, "NotImplemented")),
        ({"Condition": {}}, (501, "NotImplemented")),
        ({"Resource": "arn:aws:s3:::other/*"}, (400, "MalformedPolicy")),
    ],
)
def test_other_policies_are_refused(s3: Any, bucket: str, change: Any, refusal: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        **change,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy) == refusal
    assert code_of(s3.get_bucket_policy, Bucket=bucket) == (404, "NoSuchBucketPolicy")


@pytest.mark.parametrize(
    "policy",
    [
        *("", "{", "[]", '{"Statement": []}', '{"Statement": [{"Effect": "Allow"}]}'),
        '{"Version": "2013-01-01", "Statement": [{"Effect": "Allow"}]}',
    ],
)
def test_what_is_no_policy_is_refused(s3: Any, bucket: str, policy: str) -> None:
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy) == (400, "MalformedPolicy")


@pytest.mark.parametrize("setting", ["policy", "cors", "lifecycle", "tagging", "versioning", "object-lock", "delete"])
def test_that_there_is_no_bucket_is_told_before_what_is_wrong_with_a_document(door: S3Door, setting: str) -> None:
    verb = "POST" if setting == "delete" else "PUT"
    answer = door.request(verb, f"/there-is-none?{setting}", {}, b"<junk")
    assert (answer.status, answer.error["Code"]) == (404, "NoSuchBucket")


def test_rules_that_name_webhooks_are_not_shown_and_stay(s3_platform: RunningPlatform, s3: Any, bucket: str) -> None:
    created = NotificationRule.EVENT_OBJECT_CREATED
    webhook = NotificationRule(id="hook", events=[created], webhook_url="https://webhook.invalid/")
    own = NotificationRule(id="own", events=[created], queue="accounts/default/queues/own")
    queue = {"Id": "one", "QueueArn": "arn:aws:sqs:us-east-1:default:events", "Events": ["s3:ObjectCreated:*"]}
    with portico.connect(str(s3_platform.profile)) as client:
        client.buckets.update(bucket, Bucket(notification_rules=[webhook, own]))
        for wanted in ([queue], []):
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration={"QueueConfigurations": wanted} if wanted else {}
            )
            assert s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", []) == wanted
            kept = client.buckets.get(bucket).notification_rules
            assert [rule.id for rule in kept] == [*(one["Id"] for one in wanted), "hook"]
            assert kept[-1].webhook_url == webhook.webhook_url


@pytest.mark.parametrize("region", ["auto", "us-east-1", "eu-central-1"])
def test_the_arn_of_a_queue_is_given_back_as_it_was_put(s3: Any, bucket: str, region: str) -> None:
    queue = {"Id": "one", "QueueArn": f"arn:aws:sqs:{region}:default:events", "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]})
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"] == [queue]


def test_the_arn_of_a_queue_that_s3_has_not_set_is_of_the_usual_region(
    s3_platform: RunningPlatform, s3: Any, bucket: str
) -> None:
    rule = NotificationRule(events=[NotificationRule.EVENT_OBJECT_CREATED], queue="accounts/default/queues/own")
    with portico.connect(str(s3_platform.profile)) as client:
        client.buckets.update(bucket, Bucket(notification_rules=[rule]))
    (told,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert told["QueueArn"] == "arn:aws:sqs:auto:default:own"


def test_notifications_to_queues(s3: Any, bucket: str) -> None:
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    queue = {
        "Id": "one",
        "QueueArn": "arn:aws:sqs:us-east-1:default:events",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]}},
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]})
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"] == [queue]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    topic = {"TopicConfigurations": [{"TopicArn": "arn:aws:sns:us-east-1:default:t", "Events": ["s3:ObjectCreated:*"]}]}
    call = s3.put_bucket_notification_configuration
    assert code_of(call, Bucket=bucket, NotificationConfiguration=topic) == (501, "NotImplemented")


def test_what_is_the_same_for_all_buckets_is_told_as_it_is(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for acl in (s3.get_bucket_acl(Bucket=bucket), s3.get_object_acl(Bucket=bucket, Key="k")):
        assert acl["Owner"]["ID"] == "default"
        assert [(grant["Grantee"]["ID"], grant["Permission"]) for grant in acl["Grants"]] == [
            ("default", "FULL_CONTROL")
        ]
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="bucket-owner-full-control")
    refused = (400, "AccessControlListNotSupported")
    assert code_of(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == refused
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"y", ACL="public-read") == refused
    owned = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    missing = {
        s3.get_bucket_encryption: "ServerSideEncryptionConfigurationNotFoundError",
        s3.get_public_access_block: "NoSuchPublicAccessBlockConfiguration",
        s3.get_bucket_website: "NoSuchWebsiteConfiguration",
        s3.get_bucket_replication: "ReplicationConfigurationNotFoundError",
        s3.get_object_lock_configuration: "ObjectLockConfigurationNotFoundError",
    }
    for call, code in missing.items():
        assert code_of(call, Bucket=bucket) == (404, code)
        assert code_of(call, Bucket="no-such-bucket") == (404, "NoSuchBucket")


def test_what_is_not_offered_is_refused_by_name(s3: Any, bucket: str, door: S3Door) -> None:
    answer = door.request("PUT", f"/{bucket}?website", {}, b"<WebsiteConfiguration/>")
    assert (answer.status, answer.error["Code"]) == (501, "NotImplemented")
    assert "PutBucketWebsite" in answer.error["Message"]
    refused = (501, "NotImplemented")
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="AES256") == refused
    assert code_of(
        s3.put_object, Bucket=bucket, Key="k", Body=b"", SSECustomerKey="k" * 32, SSECustomerAlgorithm="AES256"
    )[0] in (400, 501)
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", StorageClass="GLACIER") == (
        400,
        "InvalidStorageClass",
    )
    answer = door.request("POST", f"/{bucket}/k?restore", {}, b"<RestoreRequest/>")
    assert (answer.status, answer.error["Code"]) == (501, "NotImplemented")


def test_verbs_that_a_resource_does_not_know_are_refused(door: S3Door, bucket: str) -> None:
    answer = door.request("PATCH", f"/{bucket}/k")
    assert (answer.status, answer.error["Code"]) == (405, "MethodNotAllowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PUT"
    answer = door.request("DELETE", "/")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_an_expected_owner_must_be_the_owner(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ExpectedBucketOwner="default")
    assert code_of(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="other")[0] == 403
    assert code_of(s3.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner="other") == (403, "AccessDenied")
