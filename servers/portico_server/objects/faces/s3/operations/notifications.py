"""A bucket's notifications, as far as S3 can say them: to queues. Rules that name webhooks are not shown, nor
touched."""

from __future__ import annotations

import re

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3 import bodies
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.asked_bucket import bucket_of
from portico_server.objects.faces.s3.operations.bucket_settings import update_as_read
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import invalid_argument, not_implemented
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import element
from portico_server.platform.faces import FaceResponse

_Rule = buckets_pb2.NotificationRule
_EVENTS = {
    "s3:ObjectCreated:*": _Rule.EVENT_OBJECT_CREATED,
    "s3:ObjectRemoved:*": _Rule.EVENT_OBJECT_DELETED,
    "s3:LifecycleExpiration:*": _Rule.EVENT_OBJECT_EXPIRED,
    "s3:ObjectTagging:*": _Rule.EVENT_OBJECT_TAGGED,
}
_NAMES = {value: name for name, value in _EVENTS.items()}
_REGION = "auto"
"""Of the ARNs of queues whose rules were put otherwise than by S3."""
_ARN = re.compile(r"arn:[a-z-]+:sqs:([a-z0-9-]{0,32}):([a-z0-9][a-z0-9-]{0,62}):([a-z0-9][a-z0-9-]{0,62})")
_OTHERS = (
    "TopicConfiguration",
    "CloudFunctionConfiguration",
    "LambdaFunctionConfiguration",
    "EventBridgeConfiguration",
)


async def get_notifications(request: S3Request) -> FaceResponse:
    rules = (await bucket_of(request)).notification_rules
    return xml(request, "NotificationConfiguration", "".join(_told(rule) for rule in rules if rule.queue))


async def put_notifications(request: S3Request) -> FaceResponse:
    given = await bodies.document(request, "NotificationConfiguration")
    for name in _OTHERS:
        if given.first(name) is not None:
            raise not_implemented(name, "use QueueConfiguration")
    queues = [_rule(found) for found in given.all("QueueConfiguration")]

    def beside_webhooks(before: buckets_pb2.Bucket) -> list[_Rule]:
        return queues + [rule for rule in before.notification_rules if rule.webhook_url]

    await update_as_read(request, "notification_rules", beside_webhooks)
    return nothing(request)


def _rule(found: Element) -> _Rule:
    arn = found.needed("Queue")
    queue = _ARN.fullmatch(arn)
    if queue is None:
        raise invalid_argument("Queue", arn, "the queue must be arn:aws:sqs:REGION:ACCOUNT:QUEUE")
    rule = _Rule(id=found.value("Id"), queue=f"accounts/{queue[2]}/queues/{queue[3]}", tell_region=queue[1])
    for event in found.all("Event"):
        if event.text.strip() not in _EVENTS:
            raise not_implemented(f"the event {event.text.strip()[:64]!r}", f"there are {', '.join(_EVENTS)}")
        rule.events.append(_EVENTS[event.text.strip()])
    if not rule.events:
        raise invalid_argument("Event", "", "a configuration needs an Event")
    for group in found.all("Filter"):
        for inside in group.all("S3Key"):
            for one in inside.all("FilterRule"):
                _filter(one, rule)
    return rule


def _filter(one: Element, rule: _Rule) -> None:
    name = one.value("Name").lower()
    if name == "prefix":
        rule.prefix = one.exact("Value")
    elif name == "suffix":
        rule.suffix = one.exact("Value")
    else:
        raise invalid_argument("FilterRule.Name", name, "filter rule name must be either prefix or suffix")


def _told(rule: _Rule) -> str:
    _, account, _, queue = rule.queue.split("/")
    region = rule.tell_region or _REGION
    content = element("Id", rule.id) + element("Queue", f"arn:aws:sqs:{region}:{account}:{queue}")
    content += "".join(element("Event", _NAMES[event]) for event in rule.events)
    rules = "".join(
        f"<FilterRule>{element('Name', name)}{element('Value', value)}</FilterRule>"
        for name, value in (("prefix", rule.prefix), ("suffix", rule.suffix))
        if value
    )
    if rules:
        content += f"<Filter><S3Key>{rules}</S3Key></Filter>"
    return f"<QueueConfiguration>{content}</QueueConfiguration>"
