"""Access: accounts, who belongs to them, and the policies that say who may do what. See DESIGN.md."""

from __future__ import annotations

from portico.access.v1 import (
    access_keys_pb2,
    accounts_pb2,
    api_tokens_pb2,
    decisions_pb2,
    domain_groups_pb2,
    groups_pb2,
    members_pb2,
    permission_groups_pb2,
    permissions_pb2,
    policies_pb2,
    policy_sets_pb2,
    resource_groups_pb2,
    service_accounts_pb2,
)
from portico_server.access.errors import ERRORS
from portico_server.access.running import run
from portico_server.platform.product import Product

PRODUCT = Product(
    name="access",
    contracts=(
        accounts_pb2.DESCRIPTOR,
        permissions_pb2.DESCRIPTOR,
        permission_groups_pb2.DESCRIPTOR,
        resource_groups_pb2.DESCRIPTOR,
        domain_groups_pb2.DESCRIPTOR,
        policies_pb2.DESCRIPTOR,
        policy_sets_pb2.DESCRIPTOR,
        groups_pb2.DESCRIPTOR,
        members_pb2.DESCRIPTOR,
        service_accounts_pb2.DESCRIPTOR,
        api_tokens_pb2.DESCRIPTOR,
        access_keys_pb2.DESCRIPTOR,
        decisions_pb2.DESCRIPTOR,
    ),
    run=run,
    errors=ERRORS,
    keeps_policies=True,
    knows_clients=True,
)

__all__ = ["PRODUCT"]
