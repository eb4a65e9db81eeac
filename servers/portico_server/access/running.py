"""How the product is put together, started and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources

from portico.access.v1 import (
    access_keys_pb2_grpc,
    accounts_pb2_grpc,
    api_tokens_pb2_grpc,
    decisions_pb2_grpc,
    domain_groups_pb2_grpc,
    groups_pb2_grpc,
    members_pb2_grpc,
    permission_groups_pb2_grpc,
    permissions_pb2_grpc,
    policies_pb2_grpc,
    policy_sets_pb2_grpc,
    resource_groups_pb2_grpc,
    service_accounts_pb2_grpc,
)
from portico_server.access.access_keys import AccessKeys
from portico_server.access.account_service import AccountService, PermissionService
from portico_server.access.accounts import Accounts
from portico_server.access.api_tokens import ApiTokens
from portico_server.access.book import Book
from portico_server.access.clients import ServiceAccountClients
from portico_server.access.credential_service import AccessKeyService, ApiTokenService
from portico_server.access.deciding import Deciding
from portico_server.access.decision_service import DecisionService
from portico_server.access.holdings import Holdings
from portico_server.access.items import Items
from portico_server.access.members import Members
from portico_server.access.permissions import Permissions
from portico_server.access.policy_service import (
    DomainGroupService,
    GroupService,
    PermissionGroupService,
    PolicyService,
    ResourceGroupService,
)
from portico_server.access.policy_set_service import PolicySetService
from portico_server.access.policy_sets import PolicySets
from portico_server.access.principal_service import MemberService, ServiceAccountService
from portico_server.access.publishing import Publishing
from portico_server.access.roles import Roles
from portico_server.access.secrets import Secrets
from portico_server.access.service_accounts import ServiceAccounts
from portico_server.access.simulations import Simulations
from portico_server.access.using import collect_uses
from portico_server.platform.access.policy_writer import PolicyWriter
from portico_server.platform.access.sharing import FOLDER
from portico_server.platform.access.uses import FOLDER as USES
from portico_server.platform.access.uses import UseNotes
from portico_server.platform.housekeeping import housekeeping
from portico_server.platform.product import Platform, Running
from portico_server.platform.shared_words import FILE as SHARED_WORDS
from portico_server.platform.shared_words import SharedWords

NAME = "access"


@asynccontextmanager
async def run(platform: Platform) -> AsyncIterator[Running]:
    """Starts the product; see `platform.product.Product.run`."""
    database = await platform.databases.open(NAME, resources.files(__package__) / "migrations")
    permissions, secrets = Permissions(platform.methods.values()), Secrets(platform.random)
    book = Book(database, platform.clock, Roles(permissions))
    items, tokens = Items(book, permissions), platform.page_tokens
    accounts = Accounts(book, Holdings(platform.mesh.channel, platform.methods.values()))
    members = Members(book, items, permissions, secrets)
    service_accounts = ServiceAccounts(book, items, secrets)
    api_tokens = ApiTokens(book, items, permissions, secrets)
    access_keys = AccessKeys(book, items, permissions, secrets, platform.sealing(NAME))
    deciding = Deciding(book, permissions)
    simulations = Simulations(book, permissions, platform.clock)
    decisions = DecisionService(deciding, simulations, permissions, platform.clock, tokens)
    await accounts.make_first()
    words = SharedWords(platform.settings.run / SHARED_WORDS)
    publishing = Publishing(book, PolicyWriter(platform.settings.run / FOLDER, words))
    await publishing.start()
    book.on_change = publishing.publish
    notes = UseNotes(platform.settings.run / USES)
    notes.make_folder()
    background = [asyncio.create_task(publishing.follow()), asyncio.create_task(collect_uses(database, notes))]
    try:
        yield Running(
            servicers=(
                (accounts_pb2_grpc.add_AccountServiceServicer_to_server, AccountService(accounts, items, tokens)),
                (permissions_pb2_grpc.add_PermissionServiceServicer_to_server, PermissionService(permissions, tokens)),
                (
                    permission_groups_pb2_grpc.add_PermissionGroupServiceServicer_to_server,
                    PermissionGroupService(items, tokens),
                ),
                (
                    resource_groups_pb2_grpc.add_ResourceGroupServiceServicer_to_server,
                    ResourceGroupService(items, tokens),
                ),
                (domain_groups_pb2_grpc.add_DomainGroupServiceServicer_to_server, DomainGroupService(items, tokens)),
                (policies_pb2_grpc.add_PolicyServiceServicer_to_server, PolicyService(items, tokens)),
                (
                    policy_sets_pb2_grpc.add_PolicySetServiceServicer_to_server,
                    PolicySetService(PolicySets(book, permissions), simulations),
                ),
                (groups_pb2_grpc.add_GroupServiceServicer_to_server, GroupService(items, tokens)),
                (members_pb2_grpc.add_MemberServiceServicer_to_server, MemberService(members, tokens)),
                (
                    service_accounts_pb2_grpc.add_ServiceAccountServiceServicer_to_server,
                    ServiceAccountService(service_accounts, tokens),
                ),
                (api_tokens_pb2_grpc.add_ApiTokenServiceServicer_to_server, ApiTokenService(api_tokens, tokens)),
                (decisions_pb2_grpc.add_DecisionServiceServicer_to_server, decisions),
                (access_keys_pb2_grpc.add_AccessKeyServiceServicer_to_server, AccessKeyService(access_keys, tokens)),
            ),
            jobs=housekeeping(NAME, database, platform.clock),
            clients=ServiceAccountClients(service_accounts),
            catch_up_policies=publishing.catch_up,
        )
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
