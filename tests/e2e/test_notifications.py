"""What a queue is told of objects, through a running gateway: by the SDK and the command line."""

from __future__ import annotations

import secrets

import pytest

from portico import connect, errors
from portico.objects.v1.buckets_pb2 import Bucket, NotificationRule
from tests.harness import RunningPlatform
from tests.unit.cli.conftest import Portico, portico

__all__ = ["portico"]


@pytest.fixture(autouse=True)
def profile(platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORTICO_PROFILE", "PORTICO_ADDRESS", "PORTICO_ACCOUNT", "PORTICO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))


def test_a_queue_is_read_and_acknowledged(portico: Portico) -> None:
    bucket, queue = f"told-{secrets.token_hex(4)}", f"queue-{secrets.token_hex(4)}"
    with connect() as client:
        name = f"{client._session.account}/queues/{queue}"
        events = [NotificationRule.EVENT_OBJECT_CREATED, NotificationRule.EVENT_OBJECT_DELETED]
        rule = NotificationRule(events=events, queue=name, prefix="in/")
        client.buckets.create(bucket, Bucket(notification_rules=[rule]))
        put = client.objects.put(bucket, "in/a", b"12345")
        client.objects.put(bucket, "out/a", b"12345")
        client.objects.delete(bucket, "in/a")

        created, deleted = client.notifications.read(queue, wait_seconds=20).notifications
        assert (created.event, created.object, created.etag) == (events[0], put.name, put.etag)
        assert (deleted.event, deleted.object) == (events[1], put.name)
        assert created.principal.startswith(f"{client._session.account}/principals/")
        assert len(created.ray_id) == len(deleted.ray_id) > 0
        assert [one.sequence for one in client.notifications.list(queue, page_size=1)] == [1, 2]
        with pytest.raises(errors.FailedPrecondition):
            client.notifications.acknowledge(queue, 3)
        assert client.notifications.acknowledge(queue, 1) == 1

    told = portico("objects", "notifications", "read", queue)
    assert told.out.count(f"{bucket}/in/a") == 1
    assert "deleted" in told.out
    (only,) = portico("objects", "notifications", "read", queue, "--output", "json").json()
    assert only["sequence"] == "2"
    assert portico("objects", "notifications", "ack", queue, "2").out == f"acknowledged {queue} up to 2\n"
    assert "nothing waits" in portico("objects", "notifications", "read", queue).err
    assert portico("objects", "notifications", "ack", queue, "9").code == 5
    for command in (("read", f"{queue}-typo"), ("ack", f"{queue}-typo", "1")):
        missing = portico("objects", "notifications", *command)
        assert (missing.code, "QUEUE_NOT_FOUND" in missing.err) == (3, True)
