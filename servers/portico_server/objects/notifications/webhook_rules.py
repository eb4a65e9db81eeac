"""Webhooks that rules of buckets name: their URLs checked, and the webhooks made in the batch that sets the rules."""

from __future__ import annotations

import random

from portico_server.objects.buckets import settings
from portico_server.objects.errors import InvalidField, TooManyWebhooks
from portico_server.objects.names import account_of, webhook_name
from portico_server.objects.notifications.standard_webhooks import SECRET_BYTES
from portico_server.objects.records import Bucket
from portico_server.objects.store import notifications
from portico_server.objects.store import webhooks as store
from portico_server.objects.store.webhooks import Webhook
from portico_server.platform.database import Statement
from portico_server.platform.keyring.sealing import Sealing
from portico_server.platform.outgoing.destinations import DestinationRules, UrlRefused


class WebhookRules:
    """`rules` say where webhooks may lead, `sealing` keeps their secrets."""

    def __init__(self, rules: DestinationRules, sealing: Sealing, source: random.Random) -> None:
        self._rules = rules
        self._sealing = sealing
        self._source = source

    def named(self, bucket: Bucket) -> list[Webhook]:
        """Those that the bucket's rules name, by name, as they would be made. Raises InvalidField."""
        found: dict[str, Webhook] = {}
        for number, rule in enumerate(settings.kept(bucket).notification_rules):
            if not rule.webhook_url:
                continue
            try:
                url = self._rules.destination(rule.webhook_url).url
            except UrlRefused as refused:
                field = f"bucket.notification_rules[{number}].webhook_url"
                raise InvalidField(f"{field} {refused}", field=field) from None
            name = webhook_name(account_of(bucket.name), url)
            found[name] = Webhook(name, url, bucket.updated_at_us)
        return [found[name] for name in sorted(found)]

    def statements(self, bucket: str, webhooks: list[Webhook]) -> list[Statement]:
        """For the batch that sets the rules, under `locks`."""
        return store.name_in(bucket, webhooks, [self.new_secret(webhook.name)[1] for webhook in webhooks])

    def new_secret(self, webhook: str) -> tuple[bytes, bytes]:
        """A secret, and how it is kept."""
        secret = self._source.getrandbits(8 * SECRET_BYTES).to_bytes(SECRET_BYTES, "big")
        return secret, self._sealing.seal(secret, webhook.encode())

    def opened(self, webhook: str, sealed: bytes) -> bytes:
        """Raises SealBroken."""
        return self._sealing.open(sealed, webhook.encode())


def locks(webhooks: list[Webhook]) -> list[str]:
    """Of the queues, so that none is removed meanwhile."""
    return [notifications.lock(webhook.name) for webhook in webhooks]


def too_many(account: str) -> TooManyWebhooks:
    message = f"rules of the buckets of {account} name more than {store.MOST_WEBHOOKS} webhooks; name fewer"
    return TooManyWebhooks(message, resource=account)
