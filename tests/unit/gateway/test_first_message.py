"""The step that reads the first message."""

from __future__ import annotations

from typing import Any

import pytest
from portico.testing.v1 import testing_pb2

from portico_server.gateway.first_message import first_message
from tests.unit.gateway.fakes import METHODS, new_call, run

STEP = first_message(METHODS)


@pytest.mark.parametrize("method", ["Unary", "ServerStream", "ClientStream", "BidiStream"])
async def test_a_call_that_is_decided_on_its_first_message_has_it_from_here_on(method: str) -> None:
    message = testing_pb2.UnaryRequest(name="accounts/default/tests/t")
    call = new_call(method, message)
    call.message = None

    assert await run(STEP, call)

    assert call.message is message


async def test_foreign_contracts_without_rules_are_let_through_unread() -> None:
    call = new_call("/grpc.health.v1.Health/Check")

    async def never() -> Any:
        raise AssertionError("the message was read")

    call.first_message = never

    assert await run(STEP, call)
