"""What webhooks are sent of objects: signed, in order, until it is taken; and how their owners see them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from portico.objects.v1.buckets_pb2 import Bucket, NotificationRule
from portico.objects.v1.notifications_pb2 import Webhook
from portico_server.objects import errors
from portico_server.objects.notifications import delivering
from portico_server.objects.notifications.delivering import Delivering
from portico_server.objects.store import webhooks as store
from portico_server.platform.authorization import Filter
from portico_server.platform.database import ANY, Batch, Statement
from tests.contract.objects.stand import ACCOUNT, BUCKET, Stand
from tests.harness.webhook_receiver import WebhookReceiver

CREATED, DELETED, EXPIRED, TAGGED = 1, 2, 3, 4
HOUR = 3600
ACTIVE, FAILING, DISABLED = Webhook.STATE_ACTIVE, Webhook.STATE_FAILING, Webhook.STATE_DISABLED
OTHER_BUCKET = f"{ACCOUNT}/buckets/other"


@pytest.fixture
def receiver(receivers: trustme.CA) -> Iterator[WebhookReceiver]:
    with WebhookReceiver(receivers).running() as running:
        yield running


@pytest.fixture
def other(receivers: trustme.CA) -> Iterator[WebhookReceiver]:
    with WebhookReceiver(receivers).running() as running:
        yield running


def rule(url: str, *events: int, **fields: Any) -> NotificationRule:
    return NotificationRule(webhook_url=url, events=events or (CREATED, DELETED, EXPIRED, TAGGED), **fields)  # type: ignore[arg-type]


def delivering_of(stand: Stand) -> Delivering:
    (job,) = (job for job in stand.running.jobs if job.name == "objects.webhooks")
    found: Delivering = job.run.__self__  # type: ignore[attr-defined]
    return found


async def send(stand: Stand) -> None:
    """What is due."""
    await delivering_of(stand).send_what_is_due()


async def only(stand: Stand) -> Webhook:
    (found,) = (await stand.list_webhooks()).webhooks
    return found


async def until(holds: Callable[[], object]) -> None:
    """While others have the event loop."""
    for _ in range(4500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited 45 s in vain")


async def test_an_event_is_posted_once_with_a_signature_over_all_of_it(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url + "?token=1")])
    webhook = await only(stand)
    secret = await stand.rotate_webhook_secret(webhook.name)
    put = await stand.put("a/ü", b"12345")
    await send(stand)
    await send(stand)
    (one,) = receiver.received
    assert one.path == "/hook?token=1"
    assert one.headers["content-type"] == "application/json"
    assert one.signed_by(secret)
    assert abs(int(one.headers["webhook-timestamp"]) - stand.clock.now_us() // 1_000_000) <= 1
    data = one.content["data"]
    assert (one.content["type"], one.content["timestamp"]) == ("object.created", data["eventTime"])
    assert (data["id"], data["sequence"]) == (one.id, "1")
    assert (data["object"], data["etag"], data["sizeBytes"]) == (f"{BUCKET}/objects/a/ü", put.etag, "5")
    assert data["principal"] == stand.caller.name


async def test_each_kind_of_event_has_its_type_and_only_what_a_rule_is_about_is_sent(
    stand: Stand, receiver: WebhookReceiver
) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url, prefix="in/")])
    await stand.put("in/a")
    await stand.update("in/a", "tags", tags={"x": "1"})
    await stand.delete("in/a")
    await stand.put("out/a")
    await send(stand)
    assert receiver.told() == [("object.created", "in/a"), ("object.tagged", "in/a"), ("object.deleted", "in/a")]


async def test_what_waits_while_a_receiver_fails_is_sent_in_order_once_it_does_not(
    stand: Stand, receiver: WebhookReceiver
) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    receiver.answers = [(200, {}), (500, {}), (302, {"location": receiver.url})]
    for key in "abc":
        await stand.put(key)
    await send(stand)
    await send(stand)  # not due yet
    assert receiver.told() == [("object.created", "a"), ("object.created", "b")]
    failing = await only(stand)
    assert (failing.state, failing.waiting_notifications, failing.failed_attempts) == (FAILING, 2, 1)
    assert failing.last_failure == "answered 500"
    assert failing.last_success_time.ToMicroseconds() > 0
    wait_us = failing.next_attempt_time.ToMicroseconds() - failing.last_failure_time.ToMicroseconds()
    assert 4_000_000 <= wait_us <= 6_000_000
    stand.clock.pass_seconds(7)
    await send(stand)
    assert ((await only(stand)).last_failure, (await only(stand)).failed_attempts) == ("answered 302", 2)
    await stand.put("d")
    stand.clock.pass_seconds(13)
    await send(stand)
    assert [key for _, key in receiver.told()] == ["a", "b", "b", "b", "c", "d"]
    tries = receiver.received[1:4]
    assert len({one.id for one in tries}) == len({one.body for one in tries}) == 1
    assert len({one.headers["webhook-timestamp"] for one in tries}) == 3
    healthy = await only(stand)
    assert (healthy.state, healthy.waiting_notifications, healthy.failed_attempts) == (ACTIVE, 0, 0)
    assert not healthy.HasField("next_attempt_time")


async def test_tries_come_ever_later_and_not_before_a_receiver_asks_for_them(
    stand: Stand, receiver: WebhookReceiver
) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    await stand.put("a")
    pauses = []
    receiver.answers = [(503, {})] * 14 + [(429, {"retry-after": str(20 * HOUR)})]
    for _ in range(15):
        await send(stand)
        found = await only(stand)
        pauses.append(found.next_attempt_time.ToMicroseconds() / 1e6 - found.last_failure_time.ToMicroseconds() / 1e6)
        stand.clock.pass_seconds(pauses[-1])
    assert len(receiver.received) == 15
    for number, pause in enumerate(pauses[:14]):
        assert 0.8 <= pause / min(5 * 2**number, 2 * HOUR) <= 1.2
    assert pauses[14] == pytest.approx(20 * HOUR)


async def test_who_is_gone_is_sent_nothing_until_somebody_enables_it(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    receiver.answers = [(410, {})]
    await stand.put("a")
    await send(stand)
    await stand.put("b")
    stand.clock.pass_seconds(24 * HOUR)
    await send(stand)
    gone = await only(stand)
    assert (gone.state, gone.waiting_notifications, len(receiver.received)) == (DISABLED, 2, 1)
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    assert (await only(stand)).state == DISABLED
    enabled = (await stand.retry_webhook(gone.name)).webhook
    assert (enabled.state, enabled.failed_attempts) == (ACTIVE, 0)
    await send(stand)
    assert [key for _, key in receiver.told()] == ["a", "a", "b"]


async def test_what_is_too_old_is_dropped_as_a_queue_does(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    await stand.put("a")
    stand.clock.pass_seconds(15 * 24 * HOUR)
    await stand.put("b")
    await stand.run_job("objects.notifications")
    await send(stand)
    assert [key for _, key in receiver.told()] == ["b"]
    assert (await only(stand)).dropped_notifications == 1


async def test_a_crash_between_the_post_and_its_row_sends_again_with_the_same_id(
    stand: Stand, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    for key in "ab":
        await stand.put(key)
    died = asyncio.Event()

    async def die(*_: object) -> None:
        died.set()
        await asyncio.sleep(3600)

    with monkeypatch.context() as patch:
        patch.setattr(Delivering, "_keep", die)
        job = asyncio.create_task(delivering_of(stand).run())
        await died.wait()
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
    await send(stand)
    assert [key for _, key in receiver.told()] == ["a", "b", "a", "b"]
    assert len({one.id for one in receiver.received}) == 2


async def test_one_that_does_not_answer_holds_up_no_other(
    stand: Stand, receiver: WebhookReceiver, other: WebhookReceiver
) -> None:
    receiver.open.clear()
    await stand.update_bucket(notification_rules=[rule(receiver.url), rule(other.url)])
    job = asyncio.create_task(delivering_of(stand).run())
    try:
        for number in range(5):
            await stand.put(str(number))
            await until(lambda number=number: len(other.received) > number)  # type: ignore[misc]
        await until(lambda: receiver.received)
        assert len(receiver.received) == 1
        receiver.open.set()
        await until(lambda: len(receiver.received) == 5)
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
    assert receiver.connections < 5, "a connection is used for several"


async def test_of_one_account_only_some_have_their_turn_at_once(
    stand: Stand, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "MOST_OF_ACCOUNT", 2)
    receiver.open.clear()
    await stand.update_bucket(notification_rules=[rule(f"{receiver.url}/{number}") for number in range(4)])
    await stand.put("a")
    job = asyncio.create_task(send(stand))
    await until(lambda: len(receiver.received) == 2)
    await delivering_of(stand)._begin_turns()
    assert len(delivering_of(stand)._turns) == 2
    receiver.open.set()
    await job
    await send(stand)
    assert sorted(one.path for one in receiver.received) == [f"/hook/{number}" for number in range(4)]


async def test_a_new_secret_signs_beside_the_former_one_for_a_day(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    name = (await only(stand)).name
    first = await stand.rotate_webhook_secret(name)
    assert (await only(stand)).signing_secrets == 1, "nobody has seen the one of before"
    second = await stand.rotate_webhook_secret(name)
    third = await stand.rotate_webhook_secret(name)
    assert (await only(stand)).signing_secrets == 3
    await stand.put("a")
    await send(stand)
    stand.clock.pass_seconds(24 * HOUR + 1)
    await stand.put("b")
    await send(stand)
    one, two = receiver.received
    assert [one.signed_by(secret) for secret in (first, second, third)] == [True, True, True]
    assert [two.signed_by(secret) for secret in (first, second, third)] == [False, False, True]
    assert two.headers["webhook-signature"].count("v1,") == 1
    assert (await only(stand)).signing_secrets == 1
    await stand.update_bucket(notification_rules=[rule(receiver.url), rule(receiver.url, CREATED, prefix="x")])
    assert (await only(stand)).signing_secrets == 1, "to name it again makes no secret"


async def test_secrets_are_not_in_the_database_in_the_clear(stand: Stand, receiver: WebhookReceiver) -> None:
    import base64

    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    secret = await stand.rotate_webhook_secret((await only(stand)).name)
    ((sealed,),) = await stand.database.scan("SELECT sealed FROM webhook_secret")
    assert base64.b64decode(secret.removeprefix("whsec_")) not in sealed
    assert secret.encode() not in sealed


async def test_a_secret_that_cannot_be_opened_is_told(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    await stand.database.batch(Batch([Statement("UPDATE webhook_secret SET sealed = $1", (b"\x01other",), ANY)]))
    await stand.put("a")
    await send(stand)
    failing = await only(stand)
    assert "rotate it" in failing.last_failure
    secret = await stand.rotate_webhook_secret(failing.name)
    await stand.retry_webhook(failing.name)
    await send(stand)
    assert receiver.received[0].signed_by(secret)


async def test_a_test_sends_a_ping_and_tells_what_came_of_it(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    name = (await only(stand)).name
    secret = await stand.rotate_webhook_secret(name)
    tested = await stand.test_webhook(name)
    assert (tested.succeeded, tested.http_status, tested.failure) == (True, 204, "")
    (ping,) = receiver.received
    assert ping.signed_by(secret)
    assert (ping.content["type"], ping.content["data"]) == ("ping", {"webhook": name})
    receiver.answers = [(404, {})]
    tested = await stand.test_webhook(name)
    assert (tested.succeeded, tested.http_status, tested.failure) == (False, 404, "answered 404")
    assert (await only(stand)).state == ACTIVE


async def test_tests_at_once_are_bounded(
    stand: Stand, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    name = (await only(stand)).name
    receiver.open.clear()
    tests = [asyncio.ensure_future(stand.test_webhook(name)) for _ in range(8)]
    await until(lambda: len(receiver.received) == 8)
    with pytest.raises(errors.TooManyTests):
        await stand.test_webhook(name)
    receiver.open.set()
    assert all(tested.succeeded for tested in await asyncio.gather(*tests))
    assert (await stand.test_webhook(name)).succeeded


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://10.0.0.1/hook", "may not be reached"),
        ("https://169.254.169.254/latest", "may not be reached"),
        ("http://example.com/hook", "must begin with https://"),
        ("https://user@example.com/hook", "names a user"),
        ("https://example.com:22/hook", "names port 22"),
    ],
)
async def test_a_url_that_may_not_be_is_refused_with_its_field(stand: Stand, url: str, why: str) -> None:
    with pytest.raises(errors.InvalidField, match=why) as refused:
        await stand.update_bucket(notification_rules=[rule("https://example.com/ok"), rule(url)])
    assert refused.value.field == "bucket.notification_rules[1].webhook_url"
    assert not (await stand.get_bucket()).notification_rules
    assert not (await stand.list_webhooks()).webhooks


async def test_a_rule_has_a_queue_or_a_webhook(stand: Stand) -> None:
    both = rule("https://example.com/", queue=f"{ACCOUNT}/queues/q")
    with pytest.raises(errors.InvalidField, match="has one of them"):
        await stand.update_bucket(notification_rules=[both])
    with pytest.raises(errors.InvalidField, match="say who is told"):
        await stand.update_bucket(notification_rules=[NotificationRule(events=[CREATED])])  # type: ignore[list-item]


async def test_a_name_that_leads_inside_is_not_sent_to(stand: Stand) -> None:
    """By its name it cannot be known when the rule is set."""
    delivering = delivering_of(stand)
    connector = delivering._sender._connector
    before = connector._resolve

    async def inside(host: str, port: int) -> list[str]:
        return ["10.0.0.1", "169.254.169.254", "::1"]

    connector._resolve = inside
    try:
        await stand.update_bucket(notification_rules=[rule("https://inside.example/")])
        await stand.put("a")
        await send(stand)
        failing = await only(stand)
        tested = await stand.test_webhook(failing.name)
    finally:
        connector._resolve = before
    assert "no address that may be reached" in failing.last_failure
    assert failing.last_failure == tested.failure
    assert "10.0.0.1" not in failing.last_failure


async def test_webhooks_are_listed_by_bucket_in_pages_and_as_far_as_is_allowed(stand: Stand) -> None:
    await stand.create_bucket(OTHER_BUCKET)
    urls = [f"https://example.com/{number}" for number in range(3)]
    await stand.update_bucket(notification_rules=[rule(urls[0]), rule(urls[1]), rule(urls[1], prefix="x")])
    await stand.update_bucket(OTHER_BUCKET, notification_rules=[rule("HTTPS://EXAMPLE.com:443/1"), rule(urls[2])])
    found = {one.url: one for one in (await stand.list_webhooks()).webhooks}
    assert sorted(found) == urls
    assert list(found[urls[1]].buckets) == [BUCKET, OTHER_BUCKET]
    of_bucket = (await stand.list_webhooks(bucket=BUCKET)).webhooks
    assert sorted(one.url for one in of_bucket) == urls[:2]
    pages, token = [], ""
    for _ in range(3):
        page = await stand.list_webhooks(page_size=1, page_token=token)
        pages += [one.name for one in page.webhooks]
        token = page.next_page_token
    assert (pages, token) == (sorted(one.name for one in found.values()), "")
    shown = found[urls[2]].name
    stand.caller.filter = Filter(everything=False, allow=(shown,))
    assert [one.name for one in (await stand.list_webhooks()).webhooks] == [shown]
    assert [one.name for one in (await stand.list_webhooks(bucket=BUCKET)).webhooks] == []
    assert (await stand.get_webhook(shown)).url == urls[2]


async def test_one_that_no_rule_names_goes_when_nothing_waits(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.create_bucket(OTHER_BUCKET, settings=None)
    for bucket in (BUCKET, OTHER_BUCKET):
        await stand.update_bucket(bucket, notification_rules=[rule(receiver.url)])
    name = (await only(stand)).name
    await stand.put("a", bucket=OTHER_BUCKET)
    await stand.delete("a", bucket=OTHER_BUCKET)
    await stand.delete_bucket(OTHER_BUCKET)
    await stand.run_job("objects.webhooks.forget")
    assert list((await only(stand)).buckets) == [BUCKET]
    await stand.update_bucket(update_mask={"paths": ["notification_rules"]})
    await stand.run_job("objects.webhooks.forget")
    assert (await only(stand)).waiting_notifications == 2
    await send(stand)
    assert [kind for kind, _ in receiver.told()] == ["object.created", "object.deleted"]
    await stand.run_job("objects.webhooks.forget")
    assert not (await stand.list_webhooks()).webhooks
    for table in ("webhook_secret", "webhook_rule", "queue", "notification", "notice"):
        assert await stand.database.scan(f"SELECT * FROM {table}") == []
    for call in (stand.get_webhook, stand.test_webhook, stand.retry_webhook, stand.rotate_webhook_secret):
        with pytest.raises(errors.WebhookNotFound):
            await call(name)


async def test_an_account_has_so_many_webhooks_at_most(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    few = store._NOT_TOO_MANY.replace(str(store.MOST_WEBHOOKS), "2")
    monkeypatch.setattr(store, "_NOT_TOO_MANY", few)
    urls = [f"https://example.com/{number}" for number in range(3)]
    await stand.update_bucket(notification_rules=[rule(url) for url in urls[:2]])
    with pytest.raises(errors.TooManyWebhooks):
        await stand.update_bucket(notification_rules=[rule(url) for url in urls])
    with pytest.raises(errors.TooManyWebhooks):
        await stand.create_bucket(OTHER_BUCKET, Bucket(notification_rules=[rule(urls[2])]))
    assert len((await stand.list_webhooks()).webhooks) == 2


async def test_who_changes_a_webhook_is_audited(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    name = (await only(stand)).name
    await stand.test_webhook(name)
    await stand.rotate_webhook_secret(name)
    await stand.retry_webhook(name, drop_waiting=True)
    rows = await stand.database.scan("SELECT body FROM platform_outbox WHERE dataset = 'audit' ORDER BY id")
    events = [json.loads(row[0]) for row in rows]
    told = [(event["action"], event["resource"]) for event in events if "webhook" in event["action"]]
    assert told == [(f"objects.webhook.{what}", name) for what in ("test", "rotate_secret", "retry")]
    assert {event["principal"] for event in events} == {stand.caller.name}
    assert events[-1]["drop_waiting"] is True


async def test_metrics_tell_of_those_that_are_behind_or_disabled(stand: Stand, receiver: WebhookReceiver) -> None:
    gauges = {gauge.name: gauge for gauge in stand.running.gauges}
    await stand.update_bucket(notification_rules=[rule(receiver.url), rule(receiver.url + "/2")])
    receiver.answers = [(410, {}), (500, {})]
    await stand.put("a")
    job = asyncio.create_task(delivering_of(stand).run())
    try:
        await until(lambda: len(receiver.received) == 2)
        await until(lambda: gauges["objects_webhooks_disabled"].read() == 1)
        assert gauges["objects_webhooks_behind"].read() == 1
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
