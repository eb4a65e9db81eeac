"""What the channels of both clients have in common."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Generic

import grpc

from portico._failures import ray_of
from portico._methods import Response
from portico._revisions import revision_of
from portico.errors import ProfileError
from portico.profiles import Profile

LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
KEEPALIVE_SECONDS = 30
KEEPALIVE_ANSWER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Reply(Generic[Response]):
    """The message that a call answered, the call's ray id (empty if the platform sent none), and the policy revision
    that it made or was decided by (0 if it said none)."""

    message: Response
    ray_id: str
    policy_revision: int = 0

    @classmethod
    def of(cls, message: Response, headers: Any, trailers: Any) -> Reply[Response]:
        """By a call's initial and trailing metadata."""
        return cls(message, ray_of(headers) or ray_of(trailers), revision_of(headers) or revision_of(trailers))


def credentials(profile: Profile) -> grpc.ChannelCredentials:
    """TLS: the platform must have a certificate of the profile's authority; we show the profile's own."""
    if (profile.certificate is None) != (profile.key is None):
        missing = "client.key" if profile.key is None else "client.pem"
        raise ProfileError(f"the profile {profile.name} lacks {missing}: both or neither", reason="PROFILE_UNREADABLE")
    return grpc.ssl_channel_credentials(profile.authority, profile.key, profile.certificate)


def options(profile: Profile) -> list[tuple[str, Any]]:
    """Channel arguments: our own retries instead of gRPC's, dead connections found by pings, no proxy to this
    machine."""
    return [
        ("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES),
        ("grpc.max_send_message_length", LARGEST_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_ANSWER_SECONDS * 1000),
        ("grpc.enable_retries", 0),
        # Else a platform that is back is still told to be away, for as long as it was.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
        ("grpc.enable_http_proxy", 0 if _loopback(profile.address) else 1),
        ("grpc.use_local_subchannel_pool", 1),  # a new certificate needs a new connection
        ("grpc.primary_user_agent", "portico-python"),
    ]


def _loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
