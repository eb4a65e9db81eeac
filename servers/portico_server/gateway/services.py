"""The gateway as the composition root sees it: its own services, and what its pipeline stands on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.longrunning import operations_pb2_grpc
from google.protobuf import descriptor
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc

from portico.gateway.v1 import credentials_pb2, credentials_pb2_grpc, telemetry_pb2, telemetry_pb2_grpc
from portico_server.gateway.certificates import principal_of
from portico_server.gateway.credentials import CredentialService
from portico_server.gateway.errors import ErrorMapper
from portico_server.gateway.operations import OperationsService
from portico_server.gateway.pipeline import Parts
from portico_server.gateway.policy_file import PolicyFile
from portico_server.gateway.span_intake import SpanIntake
from portico_server.gateway.telemetry_service import TelemetryService
from portico_server.platform.authorization import Principal
from portico_server.platform.keyring import Keyring
from portico_server.platform.methods import Method
from portico_server.platform.product import Platform, Running
from portico_server.platform.settings import Settings
from portico_server.platform.telemetry import Telemetry

_CONTRACTS = (credentials_pb2.DESCRIPTOR, telemetry_pb2.DESCRIPTOR)


class Gateway:
    """The gateway's services and steps for the products that run here; `running` are these, by name."""

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring,
        policy: PolicyFile,
        telemetry: Telemetry,
        platform: Platform,
        running: Mapping[str, Running],
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._telemetry = telemetry
        operations = {name: product.operations for name, product in running.items() if product.operations is not None}
        self._credentials = CredentialService(keyring, policy, self._certificate_subject)
        self._telemetry_service = TelemetryService(telemetry, platform.page_tokens)
        self._span_intake = SpanIntake(telemetry)
        self._operations = OperationsService(operations)

    @staticmethod
    def services() -> list[descriptor.ServiceDescriptor]:
        """The services of the gateway's own contracts. Those of others that it serves are in `methods.FOREIGN`."""
        return [service for file in _CONTRACTS for service in file.services_by_name.values()]

    def add_to(self, server: Any) -> None:
        """Adds its servicers to a server."""
        credentials_pb2_grpc.add_CredentialServiceServicer_to_server(self._credentials, server)
        telemetry_pb2_grpc.add_TelemetryServiceServicer_to_server(self._telemetry_service, server)
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self._span_intake, server)
        operations_pb2_grpc.add_OperationsServicer_to_server(self._operations, server)

    def parts(self, methods: Mapping[str, Method], errors: ErrorMapper) -> Parts:
        """What the standard pipeline stands on, for these methods."""
        return Parts(
            methods=methods,
            errors=errors,
            authorizer=self._policy,
            certificate_principal=self._policy.certificate_principal,
            certificate_account=self._certificate_account,
            telemetry=self._telemetry,
            sample_ratio=self._settings.sample_ratio,
        )

    def _certificate_subject(self, uri: str) -> Principal | None:
        return principal_of(self._settings.trust_domain, uri)

    def _certificate_account(self, uri: str) -> str:
        principal = self._certificate_subject(uri)
        return principal.account if principal else ""
