"""Which resources there are is told from contracts, also from those of products that are added."""

from __future__ import annotations

from typing import Any

import pytest
from google.api import annotations_pb2, resource_pb2
from google.protobuf import descriptor_pb2, descriptor_pool

from portico._buf.validate import validate_pb2
from portico.options.v1 import options_pb2
from portico_server.access.errors import UnknownResourceType
from portico_server.access.resources import ResourceTypes
from portico_server.platform.methods import methods_of


def contract(name: str, *, path: str = "", rule: str = "", resource: str = "") -> Any:
    """A service of one method, which says in one of three ways what its `name` may be, or in none."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=name, syntax="proto3")
    for used in (annotations_pb2, resource_pb2, validate_pb2, options_pb2):
        file.dependency.append(used.DESCRIPTOR.name)
    request, answer = file.message_type.add(name="Request"), file.message_type.add(name="Kettle")
    field = request.field.add(name="name", number=1, type=9, label=1)
    if rule:
        rules: Any = field.options.Extensions[validate_pb2.field]
        rules.string.pattern = rule
    if resource:
        answer.options.Extensions[resource_pb2.resource].pattern.append(resource)
    method = file.service.add(name="Kettles").method.add(
        name="Boil", input_type=f".{name}.Request", output_type=f".{name}.Kettle"
    )
    authorization: Any = method.options.Extensions[options_pb2.authorization]
    authorization.requirements.add(permission=f"{name}.kettle.boil", resource_field="name")
    if path:
        method.options.Extensions[annotations_pb2.http].get = path
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName(f"{name}.Kettles")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("by_path", {"path": "/v1/{name=accounts/*/kettles/*/lids/*}:boil"}),
        ("by_rule", {"rule": "^accounts/[a-z0-9][a-z0-9-]{0,62}/kettles/[a-z/]+/lids/[^\\x00]+$"}),
        ("by_resource", {"rule": "^accounts/[a-z]+$", "resource": "accounts/{account}/kettles/{kettle}/lids/{lid}"}),
    ],
)
def test_a_contract_tells_its_resources(name: str, told: dict[str, str]) -> None:
    types = ResourceTypes(methods_of([contract(name, **told)]).values())
    for good in ("", "/kettles/blue", "/kettles/blue/lids/one"):
        types.check(f"accounts/a{good}", "field")
    with pytest.raises(UnknownResourceType, match="did you mean kettles"):
        types.check("accounts/a/kettle/blue", "field")
    with pytest.raises(UnknownResourceType, match="there are no handles in an account/kettles; there are lids"):
        types.check("accounts/a/kettles/blue/handles/one", "field")


def test_where_a_contract_does_not_say_what_its_names_are_any_are_taken() -> None:
    types = ResourceTypes(methods_of([contract("untold")]).values())
    types.check("accounts/a/anything/blue", "field")


def test_an_id_that_is_called_as_a_collection_is_none() -> None:
    types = ResourceTypes(methods_of([contract("zones", path="/v1/{name=accounts/*/zones/*/records/*}")]).values())
    types.check("accounts/a/zones/objects/records/r", "field")
