"""What webhooks are sent of objects, through a running gateway: to a receiver by https that is down at times; kills."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from portico import connect
from portico.objects.v1.buckets_pb2 import Bucket, NotificationRule
from portico.objects.v1.notifications_pb2 import Webhook
from tests.e2e.test_metrics import scraped
from tests.harness import RunningPlatform, running_platform
from tests.harness.waiting import wait_until
from tests.harness.webhook_receiver import WebhookReceiver
from tests.unit.cli.conftest import Portico, portico

__all__ = ["portico"]

SECONDS = 120.0
"""In which a process that was killed is there again, and sends."""
EVENTS = [NotificationRule.EVENT_OBJECT_CREATED, NotificationRule.EVENT_OBJECT_DELETED]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[RunningPlatform]:
    """A platform that may send to this machine, and believes the receivers' authority."""
    folder = tmp_path_factory.mktemp("webhooks")
    authority.cert_pem.write_to_path(str(folder / "receivers.pem"))
    settings = {"webhook_networks": ("127.0.0.0/8",), "webhook_authorities": str(folder / "receivers.pem")}
    with running_platform(folder / "data", **settings) as running:
        yield running


@pytest.fixture(autouse=True)
def profile(told: RunningPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORTICO_PROFILE", "PORTICO_ADDRESS", "PORTICO_ACCOUNT", "PORTICO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(told.profile))


def bucket_for(url: str) -> str:
    """A bucket whose events are sent there."""
    bucket = f"told-{secrets.token_hex(4)}"
    with connect() as client:
        client.buckets.create(bucket, Bucket(notification_rules=[NotificationRule(events=EVENTS, webhook_url=url)]))
    return bucket


def disabled_by_metrics(platform: RunningPlatform) -> float:
    return sum(value for key, value in scraped(platform).items() if key.startswith("portico_objects_webhooks_disabled"))


def test_a_put_is_sent_signed_and_owners_see_it(authority: trustme.CA, portico: Portico) -> None:
    with WebhookReceiver(authority).running() as receiver, connect() as client:
        bucket = bucket_for(receiver.url)
        (webhook,) = client.notifications.webhooks(bucket=bucket)
        assert (webhook.url, webhook.state) == (receiver.url, Webhook.STATE_ACTIVE)
        secret = client.notifications.rotate_webhook_secret(webhook.name)
        put = client.objects.put(bucket, "a", b"12345")
        client.objects.delete(bucket, "a")
        created, deleted = receiver.wait_for(2)
        assert receiver.told() == [("object.created", "a"), ("object.deleted", "a")]
        assert created.signed_by(secret)
        assert deleted.signed_by(secret)
        assert (created.content["data"]["object"], created.content["data"]["etag"]) == (put.name, put.etag)
        assert created.content["data"]["rayId"]

        tested = portico("objects", "webhooks", "test", receiver.url)
        assert tested.out.startswith("answered 204 after ")
        assert receiver.received[2].signed_by(secret)
        renewed = portico("objects", "webhooks", "rotate-secret", receiver.url).out.strip()
        assert client.notifications.test_webhook(webhook.name).succeeded
        assert [receiver.received[3].signed_by(known) for known in (secret, renewed)] == [True, True]

        receiver.answers = [(404, {})]
        failed = portico("objects", "webhooks", "test", webhook.name.rpartition("/")[2])
        assert (failed.code, "answered 404" in failed.err) == (1, True)
        (listed,) = portico("objects", "webhooks", "ls", bucket, "--output", "json").json()
        assert (listed["url"], listed["signingSecrets"], listed["buckets"]) == (
            receiver.url,
            2,
            [f"{client._session.account}/buckets/{bucket}"],
        )
        assert receiver.url in portico("objects", "webhooks", "ls").out
        assert portico("objects", "webhooks", "skip", receiver.url, "--output", "json").json()["webhook"]["url"]
        for command in ("test", "retry", "skip", "rotate-secret"):
            for webhook, code in ((f"{receiver.url}/none", 3), ("f" * 32, 3), ("nope", 2), ("F" * 32, 2)):
                told = portico("objects", "webhooks", command, webhook)
                assert (told.code, "portico objects webhooks ls" in told.err or "WEBHOOK_NOT_FOUND" in told.err) == (
                    code,
                    True,
                )


def test_what_happens_while_a_receiver_is_down_is_sent_in_order_once_it_is_up(
    authority: trustme.CA, portico: Portico
) -> None:
    with WebhookReceiver(authority).running() as receiver:
        port, bucket = receiver.port, bucket_for(receiver.url)
    with connect() as client:
        for number in range(5):
            client.objects.put(bucket, str(number), b"x")
        (webhook,) = client.notifications.webhooks(bucket=bucket)
        wait_until(
            lambda: client.notifications.webhook(webhook.name).state == Webhook.STATE_FAILING, "it is seen to be down"
        )
        down = client.notifications.webhook(webhook.name)
        assert down.waiting_notifications == 5
        assert down.last_failure.startswith("no connection: ")
        with WebhookReceiver(authority, port).running() as receiver:
            assert "is active" in portico("objects", "webhooks", "retry", receiver.url).out
            receiver.wait_for(5)
            assert [key for _, key in receiver.told()] == ["0", "1", "2", "3", "4"]


def test_an_event_that_is_never_taken_is_skipped_by_its_owner(authority: trustme.CA, portico: Portico) -> None:
    with WebhookReceiver(authority).running() as receiver, connect() as client:
        receiver.answers = [(422, {})]
        bucket = bucket_for(receiver.url)
        for key in "ab":
            client.objects.put(bucket, key, b"x")
        (webhook,) = client.notifications.webhooks(bucket=bucket)
        wait_until(lambda: client.notifications.webhook(webhook.name).state == Webhook.STATE_FAILING, "it fails")
        other = portico("objects", "webhooks", "skip", receiver.url, "0" * 32)
        assert (other.code, "NOTIFICATION_NOT_NEXT" in other.err) == (5, True)
        skipped = portico("objects", "webhooks", "skip", receiver.url)
        assert f"skipped created of {bucket}/a, {receiver.received[0].id}" in skipped.out
        receiver.wait_for(2)
        assert [key for _, key in receiver.told()] == ["a", "b"]
        wait_until(lambda: not client.notifications.webhook(webhook.name).waiting_notifications, "both are dealt with")
        assert client.notifications.webhook(webhook.name).dropped_notifications == 1
        assert portico("objects", "webhooks", "skip", receiver.url).err == "nothing waits\n"
        missing = portico("objects", "webhooks", "ls", "portico://not-there")
        assert (missing.code, "BUCKET_NOT_FOUND" in missing.err) == (3, True)


def test_who_is_gone_is_left_alone_and_metrics_and_status_tell(
    told: RunningPlatform, authority: trustme.CA, portico: Portico
) -> None:
    with WebhookReceiver(authority).running() as receiver, connect() as client:
        receiver.answers = [(410, {})]
        bucket = bucket_for(receiver.url)
        client.objects.put(bucket, "a", b"x")
        receiver.wait_for(1)
        (webhook,) = client.notifications.webhooks(bucket=bucket)
        wait_until(lambda: client.notifications.webhook(webhook.name).state == Webhook.STATE_DISABLED, "it is disabled")
        wait_until(lambda: disabled_by_metrics(told) == 1, "metrics tell of it")
        assert "disabled" in portico("objects", "webhooks", "ls", bucket).out
        wait_until(lambda: webhook.name in portico("status", "--data", told.data).out, "status tells of it")
        doctor = portico("doctor", "--data", told.data)
        assert doctor.code == 1
        assert "portico objects webhooks retry" in doctor.out.partition("webhooks: sent no more events")[2]
        retried = portico("objects", "webhooks", "retry", receiver.url, "--drop-waiting")
        assert retried.out.endswith("; events dropped: 1\n")
        wait_until(lambda: "webhooks:" not in portico("status", "--data", told.data).out, "it is forgotten")
        client.objects.put(bucket, "b", b"x")
        receiver.wait_for(2)
        assert [key for _, key in receiver.told()] == ["a", "b"]


def test_places_that_may_not_be_reached_are_refused(portico: Portico, tmp_path: Path) -> None:
    bucket = bucket_for("https://webhook.invalid/")
    for url in ("https://10.0.0.1/", "https://[::ffff:127.0.0.1]/", "http://localhost/", "https://a@localhost/"):
        (tmp_path / "rules.json").write_text(f'[{{"events": ["EVENT_OBJECT_CREATED"], "webhook_url": "{url}"}}]')
        refused = portico("objects", "notifications", "set", bucket, str(tmp_path / "rules.json"))
        assert (refused.code, "notification_rules[0].webhook_url" in refused.err) == (2, True)


@pytest.mark.layouts("one", "apart", "plain", reason="it kills the process that sends")
def test_a_kill_loses_nothing_and_repeats_under_the_same_ids(told: RunningPlatform, authority: trustme.CA) -> None:
    with WebhookReceiver(authority).running() as receiver, connect() as client:
        bucket = bucket_for(receiver.url)
        receiver.open.clear()
        for number in range(10):
            client.objects.put(bucket, str(number), b"x")
        receiver.wait_for(1)
        os.kill(told.front_pid, signal.SIGKILL)
        receiver.open.set()
        wait_until(lambda: len({one.id for one in receiver.received}) == 10, "all came", SECONDS)
        keys = list(dict.fromkeys(key for _, key in receiver.told()))
        assert keys == [str(number) for number in range(10)]
        assert len(receiver.received) > 10
