"""Standard Webhooks: its libraries' example of a signature, and bodies."""

from __future__ import annotations

import base64
import json

from portico.objects.v1.buckets_pb2 import NotificationRule
from portico.objects.v1.notifications_pb2 import Notification
from portico_server.objects.notifications import standard_webhooks

SECRET = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
BODY = b'{"test": 2432232314}'


def test_the_signature_is_that_of_the_libraries() -> None:
    signed = standard_webhooks.headers([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)
    assert dict(signed) == {
        "content-type": "application/json",
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_each_secret_signs() -> None:
    signed = dict(standard_webhooks.headers([b"x" * 32, SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY))
    first, second = signed["webhook-signature"].split(" ")
    assert (first.startswith("v1,"), second) == (True, SIGNATURE)


def test_a_secret_is_shown_as_libraries_take_it() -> None:
    assert standard_webhooks.secret_text(SECRET) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_every_event_has_a_type_of_its_own() -> None:
    types = {}
    for number in NotificationRule.Event.values()[1:]:
        notification = Notification(id="1", event=number, sequence=7)  # type: ignore[arg-type]
        content = json.loads(standard_webhooks.event_body(notification))
        assert content["data"]["sequence"] == "7"
        types[content["data"]["event"]] = content["type"]
    assert types == {
        f"EVENT_OBJECT_{what.upper()}": f"object.{what}" for what in ("created", "deleted", "expired", "tagged")
    }
