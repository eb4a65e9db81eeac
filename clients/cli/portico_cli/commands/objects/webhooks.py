"""`portico objects webhooks`: where events are sent: how they are, tried, enabled again, given new secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.commands.objects.queues import event_name, object_of
from portico_cli.place_arguments import BUCKET
from portico_cli.remote import Remote
from portico_cli.rules import webhook_id

if TYPE_CHECKING:
    from portico.objects.v1.notifications_pb2 import RetryWebhookResponse


@objects.group()
def webhooks() -> None:
    """Webhooks that rules of buckets name (`notifications set`): by their ids, or by their URLs.

    \b
    Examples:
      portico objects webhooks ls
      portico objects webhooks ls portico://photos
    """


@webhooks.command("ls")
@click.argument("bucket", type=BUCKET, required=False)
@calls_platform
def list_webhooks(caller: Caller, bucket: Remote | None) -> None:
    """List the webhooks of the account, or those that a bucket's rules name, with how they are.

    \b
    Examples:
      portico objects webhooks ls
      portico objects webhooks ls portico://photos --output json
    """
    from portico.objects.v1.notifications_pb2 import Webhook

    columns: list[output.Column] = [
        ("webhook", lambda one: one.name.rpartition("/")[2]),
        ("state", lambda one: Webhook.State.Name(one.state).removeprefix("STATE_").lower()),
        (">waiting", lambda one: f"{one.waiting_notifications:,}"),
        ("next try", lambda one: output.moment(one.next_attempt_time) if one.HasField("next_attempt_time") else ""),
        ("last success", lambda one: output.moment(one.last_success_time) if one.HasField("last_success_time") else ""),
        ("last failure", lambda one: one.last_failure),
        ("url", lambda one: one.url),
    ]
    found = list(caller.client.notifications.webhooks(bucket=bucket.bucket if bucket is not None else ""))
    if bucket is not None and not found:
        caller.client.buckets.get(bucket.bucket)  # or it is told that there is no such bucket
    output.show_items(found, columns, as_json=caller.json, nothing="no rule names a webhook")


@webhooks.command("test")
@click.argument("webhook")
@calls_platform
def test_webhook(caller: Caller, webhook: str) -> int:
    """Send a webhook a `ping` now. Exit code 1 where its receiver did not take it.

    \b
    Examples:
      portico objects webhooks test https://example.com/hook
    """
    tested = caller.client.notifications.test_webhook(_id_of(caller, webhook))
    if caller.json:
        output.show_json(tested)
    elif tested.succeeded:
        click.echo(f"answered {tested.http_status} after {tested.duration_ms:,} ms")
    else:
        click.echo(f"failed after {tested.duration_ms:,} ms: {output.escaped(tested.failure)}", err=True)
    return 0 if tested.succeeded else 1


@webhooks.command("retry")
@click.argument("webhook")
@click.option("--drop-waiting", is_flag=True, help="Drop what waits; send only what happens from now on.")
@calls_platform
def retry_webhook(caller: Caller, webhook: str, drop_waiting: bool) -> None:
    """Enable a webhook again, and send what waits for it now.

    \b
    Examples:
      portico objects webhooks retry https://example.com/hook
      portico objects webhooks retry 5f3c27e9a1b04d6688c0f1d2e3a4b5c6 --drop-waiting
    """
    retried = caller.client.notifications.retry_webhook(_id_of(caller, webhook), drop_waiting=drop_waiting)
    if caller.json:
        output.show_json(retried)
        return
    _show_retried(retried, f"; events dropped: {retried.dropped_notifications:,}" if drop_waiting else "")


@webhooks.command("skip")
@click.argument("webhook")
@click.argument("event", required=False)
@calls_platform
def skip_event(caller: Caller, webhook: str, event: str | None) -> None:
    """Drop the one event that is sent next, which its receiver never takes, and send what waits behind it now.

    With EVENT, the id that receivers know as `webhook-id`, only if it is that one.

    \b
    Examples:
      portico objects webhooks skip https://example.com/hook
      portico objects webhooks skip https://example.com/hook 0640f3a1b2c3d4e5f60718293a4b5c6d
    """
    name = _id_of(caller, webhook)
    skipped_id = event
    if not skipped_id:
        found = caller.client.notifications.webhook(name)
        skipped_id = found.next_notification_id
        if not skipped_id:
            output.show_json({"webhook": found}) if caller.json else click.echo("nothing waits", err=True)
            return
    retried = caller.client.notifications.retry_webhook(name, skip_notification_id=skipped_id)
    if caller.json:
        output.show_json(retried)
        return
    skipped = retried.skipped_notification
    _show_retried(retried, f"; skipped {event_name(skipped)} of {object_of(skipped)}, {skipped.id}")


def _show_retried(retried: RetryWebhookResponse, dropped: str) -> None:
    found = retried.webhook
    click.echo(
        f"{found.name.rpartition('/')[2]} is active; {found.waiting_notifications:,} events are sent now{dropped}"
    )


@webhooks.command("rotate-secret")
@click.argument("webhook")
@calls_platform
def rotate_secret(caller: Caller, webhook: str) -> None:
    """Make a new secret for a webhook, and show it, this once. One that was shown before is good for 24 hours more.

    \b
    Examples:
      portico objects webhooks rotate-secret https://example.com/hook
    """
    secret = caller.client.notifications.rotate_webhook_secret(_id_of(caller, webhook))
    output.show_json({"secret": secret}) if caller.json else click.echo(secret)


def _id_of(caller: Caller, webhook: str) -> str:
    """Of what is no URL: the same. Raises click.BadParameter, NotFound."""
    if not webhook.startswith(("https://", "http://")):
        return webhook_id(webhook)
    for found in caller.client.notifications.webhooks():
        if webhook in (found.url, found.url.removesuffix("/")):
            return found.name
    from portico.errors import NotFound

    told = f"no rule names {output.quoted(webhook)}; `portico objects webhooks ls` lists those there are"
    raise NotFound(told, reason="WEBHOOK_NOT_FOUND")
