"""The gateway as the composition root sees it: a pipeline, its own services, and their life."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.longrunning import operations_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc

from portico.gateway.v1 import (
    credentials_pb2,
    credentials_pb2_grpc,
    revocations_pb2,
    revocations_pb2_grpc,
    telemetry_pb2,
    telemetry_pb2_grpc,
)
from portico_server.gateway.account_access_keys import AccountAccessKeys
from portico_server.gateway.account_credentials import AccountCredentials
from portico_server.gateway.account_policies import AccountPoliciesBesideFile
from portico_server.gateway.assertions import Assertions
from portico_server.gateway.certificates import principal_of
from portico_server.gateway.credentials import CredentialService
from portico_server.gateway.errors import ErrorMapper, error_mapper
from portico_server.gateway.issuers import Issuers
from portico_server.gateway.limits import open_limiter
from portico_server.gateway.oauth import OAuthServer
from portico_server.gateway.operations import OperationsService
from portico_server.gateway.pipeline import Parts, standard
from portico_server.gateway.policy_file import PolicyFile
from portico_server.gateway.policy_revisions import PolicyRevisions
from portico_server.gateway.revocation import open_revocations
from portico_server.gateway.revocation_list import OPERATORS_LIST
from portico_server.gateway.revocations import RevocationService
from portico_server.gateway.revoked import LoggedRevocations, check_caller
from portico_server.gateway.span_intake import SpanIntake
from portico_server.gateway.telemetry_service import TelemetryService
from portico_server.platform.access.sharing import FOLDER as ACCESS
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.access.uses import FOLDER as USES
from portico_server.platform.access.uses import UseNotes
from portico_server.platform.access_keys import NO_ACCESS_KEYS, AccessKeys
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Step
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import face_method
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.identity import issuer_of, node_uri
from portico_server.platform.methods import FOREIGN, Method, methods_of
from portico_server.platform.paging import PageTokens
from portico_server.platform.placement import FRONT
from portico_server.platform.private_files import make_private_folder
from portico_server.platform.product import Databases, OperationsBackend, Product
from portico_server.platform.reserve import Reserve
from portico_server.platform.settings import Settings
from portico_server.platform.shared_words import FILE as SHARED_WORDS
from portico_server.platform.shared_words import SharedWords, Word
from portico_server.platform.telemetry import Telemetry, open_telemetry

POLICY_FILE = "policy.toml"

CONTRACTS = (credentials_pb2.DESCRIPTOR, revocations_pb2.DESCRIPTOR, telemetry_pb2.DESCRIPTOR)
"""The gateway's own."""

Add = Callable[[Any, Any], None]


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the host serves with.

    `pipeline`: what every call passes. `methods`: all that may be served, by path. `errors`: what callers are told
    of an exception. `operations`: to be filled with the products' backends, by product name, as products start.
    """

    pipeline: Step
    methods: dict[str, Method]
    errors: ErrorMapper
    telemetry: Telemetry
    operations: dict[str, OperationsBackend]
    servicers: Sequence[tuple[Add, Any]]
    """The gateway's own: pairs of a generated `add_XServicer_to_server` and the servicer."""
    oauth: OAuthServer
    """What it answers over plain HTTP."""
    revisions: PolicyRevisions
    """To be told whom to ask for newer policies, where this process keeps them."""
    revocations: Callable[[], int]
    """A number that changes with what is revoked, credentials of accounts among it."""
    refusal_of: Callable[[Call], ApiError | None]
    """Why a call that was let in may not go on, because its caller was revoked since; None: it may."""
    access_keys: AccessKeys = NO_ACCESS_KEYS
    """By which calls are signed, for products whose protocols want that."""
    problems: Callable[[], dict[str, str]] = dict
    """What is wrong with its files, by what is at fault, so that what they held before is in force."""


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings,
    keyring: Keyring,
    page_tokens: PageTokens,
    products: Sequence[Product],
    databases: Databases | None = None,
    process: str = FRONT,
    reserve: Reserve | None = None,
) -> AsyncIterator[Gateway]:
    """The gateway for these products, its files watched and written as long as the context lasts. `databases`: where
    nodes of one platform share what has been revoked; None: there is one node. `process` is this process's name,
    `reserve` that of the data directory's disk.

    Raises ContractError for a contract, and PolicyError for a policy file, that cannot be used.
    """
    services = [service for file in CONTRACTS for service in file.services_by_name.values()]
    services += [service for product in products for service in product.services]
    methods = {**FOREIGN, **methods_of(services)}
    of_faces = {method.path: method for product in products for method in map(face_method, product.faces)}
    errors = error_mapper(product.errors for product in products)
    make_private_folder(settings.run)
    words = SharedWords(settings.run / SHARED_WORDS)
    issuers = Issuers(issuer_of(settings.trust_domain), settings.run)
    policy = PolicyFile(settings.data / POLICY_FILE, settings.trust_domain, words)
    permissions = {permission for method in methods.values() for permission in method.permissions}
    shared = SharedPolicies(settings.run / ACCESS, words, permissions)
    keeper = next((product.name for product in products if product.keeps_policies), "")
    kept = bool(keeper)
    authorizer = AccountPoliciesBesideFile(policy, shared, kept=kept)
    revisions = PolicyRevisions(shared, kept=kept)
    access_keys = AccountAccessKeys(shared, keyring.sealing(keeper)) if kept else NO_ACCESS_KEYS
    account_credentials = AccountCredentials(shared, UseNotes(settings.run / USES).note)

    def certificate_subject(uri: str) -> Principal | None:
        return principal_of(settings.trust_domain, uri)

    def certificate_account(uri: str) -> str:
        principal = certificate_subject(uri)
        return principal.account if principal else ""

    def known_client(uri: str) -> Principal | None:
        principal = certificate_subject(uri)
        return principal if principal is not None and authorizer.knows(principal.name) else None

    async with (
        open_telemetry(settings, process, reserve) as telemetry,
        open_revocations(settings, words, databases, keyring.authorities) as revocations,
        open_limiter(settings, policy) as limiter,
    ):
        revoked = LoggedRevocations(
            revocations.log, certificate_account, revocations.note_serial, account_credentials.check
        )
        oauth = OAuthServer(
            settings,
            keyring,
            authorizer,
            revoked,
            revocations.add,
            known_client,
            limiter,
            credentials=account_credentials,
            issuers=issuers,
            permissions=permissions,
            knows=authorizer.knows,
        )
        pipeline = standard(
            Parts(
                methods={**methods, **oauth.methods, **of_faces},
                errors=errors,
                authorizer=authorizer,
                policy_revisions=revisions,
                certificate_principal=policy.certificate_principal,
                certificate_account=certificate_account,
                revoked=revoked,
                limiter=limiter,
                asserted=Assertions(keyring.assertions, settings.trust_domain, process),
                node=node_uri(settings.trust_domain),
                issuers=issuers,
                credentials=account_credentials,
                telemetry=telemetry,
                sample_ratio=settings.sample_ratio,
                record_all_spans=settings.spans == "all",
            )
        )
        operations: dict[str, OperationsBackend] = {}
        credentials = CredentialService(keyring, authorizer, certificate_subject)
        servicers: list[tuple[Add, Any]] = [
            (credentials_pb2_grpc.add_CredentialServiceServicer_to_server, credentials),
            (
                revocations_pb2_grpc.add_RevocationServiceServicer_to_server,
                RevocationService(
                    revocations.log, revocations.add, page_tokens, keyring.authorities, certificate_account
                ),
            ),
            (
                telemetry_pb2_grpc.add_TelemetryServiceServicer_to_server,
                TelemetryService(telemetry, page_tokens),
            ),
            (trace_service_pb2_grpc.add_TraceServiceServicer_to_server, SpanIntake(telemetry)),
            (operations_pb2_grpc.add_OperationsServicer_to_server, OperationsService(operations)),
        ]
        telemetry.metrics.gauge("revocations", "Revocations that are kept.", lambda: len(revocations.log))
        telemetry.metrics.gauge(
            "revocations_age_seconds", "How long ago revocations of other nodes were read.", revocations.age_seconds
        )
        telemetry.metrics.gauge(
            "policy_broken",
            "Whether the policy file cannot be used, so that a former one is in force.",
            lambda: bool(policy.problem),
        )
        telemetry.metrics.gauge(
            "issuers_problems",
            "How many problems there are with further issuers and their keys, so that former ones may be in force.",
            lambda: issuers.problems,
        )

        def refusal_of(call: Call) -> ApiError | None:
            try:
                check_caller(revoked, call.peer, call.origin, call.principal)
            except ApiError as error:  # that the list cannot be read just now is no reason to end what goes on
                return error if error.code is grpc.StatusCode.UNAUTHENTICATED else None
            return None

        def problems() -> dict[str, str]:
            found = {"policy": policy.problem, OPERATORS_LIST: revocations.problem()}
            told = {
                name: f"{problem}; what was read before stays in force" for name, problem in found.items() if problem
            }
            unreadable = authorizer.problem()
            return {**told, "policies": unreadable} if unreadable else told

        watching = asyncio.gather(policy.watch(), issuers.watch())
        try:
            yield Gateway(
                pipeline,
                methods,
                errors,
                telemetry,
                operations,
                servicers,
                oauth,
                revisions,
                revocations=lambda: words.words[Word.REVOCATIONS] + words.words[Word.ACCESS],
                refusal_of=refusal_of,
                access_keys=access_keys,
                problems=problems,
            )
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
