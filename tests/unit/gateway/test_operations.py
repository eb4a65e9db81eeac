"""The shared Operations service."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from google.longrunning import operations_pb2
from google.protobuf import duration_pb2

from portico_server.gateway.operations import OperationsService
from portico_server.platform.call import current
from portico_server.platform.errors import ApiError
from tests.unit.gateway.fakes import ADMIN, new_call

NAME = "operations/objects/0193584e3b7f"


class Backend:
    """Remembers what it was asked; an operation is done after it was read `reads` times."""

    def __init__(self, reads: int = 1) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.reads = reads

    async def get(self, name: str) -> operations_pb2.Operation:
        self.asked.append(("get", name))
        return operations_pb2.Operation(name=name, done=len(self.asked) >= self.reads)

    async def list(self, page_size: int, page_token: str) -> tuple[Sequence[operations_pb2.Operation], str]:
        self.asked.append(("list", page_size, page_token))
        return [operations_pb2.Operation(name=NAME)], "next"

    async def cancel(self, name: str) -> None:
        self.asked.append(("cancel", name))

    async def delete(self, name: str) -> None:
        self.asked.append(("delete", name))


@pytest.fixture
def backend() -> Backend:
    current.set(new_call("/google.longrunning.Operations/GetOperation", principal=ADMIN))
    return Backend()


@pytest.fixture
def service(backend: Backend) -> OperationsService:
    return OperationsService({"objects": backend})


async def test_the_product_in_the_name_answers(service: OperationsService, backend: Backend) -> None:
    operation = await service.GetOperation(operations_pb2.GetOperationRequest(name=NAME), None)
    await service.CancelOperation(operations_pb2.CancelOperationRequest(name=NAME), None)
    await service.DeleteOperation(operations_pb2.DeleteOperationRequest(name=NAME), None)

    assert operation.name == NAME
    assert backend.asked == [("get", NAME), ("cancel", NAME), ("delete", NAME)]
    assert current.get().resource == NAME


async def test_those_of_one_product_are_listed(service: OperationsService, backend: Backend) -> None:
    request = operations_pb2.ListOperationsRequest(name="operations/objects", page_size=5000, page_token="t")

    response = await service.ListOperations(request, None)

    assert [operation.name for operation in response.operations] == [NAME]
    assert response.next_page_token == "next"
    assert backend.asked == [("list", 1000, "t")]


class Numbered(Backend):
    """Has some operations; a page's token is the number of the next one."""

    def __init__(self, product: str, count: int) -> None:
        super().__init__()
        self.names = [f"operations/{product}/{number}" for number in range(count)]

    async def list(self, page_size: int, page_token: str) -> tuple[Sequence[operations_pb2.Operation], str]:
        begin = int(page_token or 0)
        end = begin + page_size
        found = [operations_pb2.Operation(name=name) for name in self.names[begin:end]]
        return found, str(end) if end < len(self.names) else ""


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 5, 6, 0])
async def test_those_of_all_products_are_listed_one_product_after_another(backend: Backend, page_size: int) -> None:
    backends = {"mail": Numbered("mail", 0), "objects": Numbered("objects", 3), "actors": Numbered("actors", 2)}
    service = OperationsService(backends)
    found: list[str] = []
    token = ""
    while True:
        request = operations_pb2.ListOperationsRequest(name="operations", page_size=page_size, page_token=token)
        response = await service.ListOperations(request, None)
        assert len(response.operations) <= (page_size or 100)
        found += [operation.name for operation in response.operations]
        token = response.next_page_token
        if not token:
            break

    assert found == backends["actors"].names + backends["objects"].names


@pytest.mark.parametrize(
    "name", ["", "operations", "operations/", "operations/objects", "objects/1", "operations/objects/../x"]
)
async def test_a_name_that_is_none_is_refused(service: OperationsService, name: str) -> None:
    with pytest.raises(ApiError) as refused:
        await service.GetOperation(operations_pb2.GetOperationRequest(name=name), None)

    assert refused.value.code.name == "INVALID_ARGUMENT"


async def test_a_product_without_operations_has_none(service: OperationsService) -> None:
    with pytest.raises(ApiError) as refused:
        await service.GetOperation(operations_pb2.GetOperationRequest(name="operations/mail/1"), None)

    assert (refused.value.code.name, refused.value.reason) == ("NOT_FOUND", "OPERATION_NOT_FOUND")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "operations", "page_token": "mail:"},
        {"name": "operations/mail"},
        {"name": ""},
        {"name": "operations/objects", "page_size": -1},
        {"name": "operations/objects", "filter": "done=true"},
    ],
)
async def test_a_list_that_cannot_be_answered_is_refused(service: OperationsService, fields: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        await service.ListOperations(operations_pb2.ListOperationsRequest(**fields), None)

    assert refused.value.code.name == "INVALID_ARGUMENT"


async def test_waiting_ends_when_the_operation_is_done(service: OperationsService, backend: Backend) -> None:
    backend.reads = 2

    operation = await service.WaitOperation(operations_pb2.WaitOperationRequest(name=NAME), None)

    assert operation.done
    assert len(backend.asked) == 2


async def test_waiting_ends_when_the_time_is_up(service: OperationsService, backend: Backend) -> None:
    backend.reads = 1000
    request = operations_pb2.WaitOperationRequest(name=NAME, timeout=duration_pb2.Duration(nanos=20_000_000))
    started = time.monotonic()

    operation = await service.WaitOperation(request, None)

    assert not operation.done
    assert time.monotonic() - started < 60
