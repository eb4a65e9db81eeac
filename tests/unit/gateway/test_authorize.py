"""The authorize step, on requirements of every kind."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from portico.testing.v1 import testing_pb2

from portico.access.v1 import access_keys_pb2
from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.gateway.authorize import MAX_NAMES, authorize
from portico_server.platform.authorization import Authorizer, Filter
from portico_server.platform.call import Call
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import ContractError, Method, Requirement, methods_of
from tests.unit.gateway.fakes import ADMIN, METHODS, FakeAuthorizer, Handled, new_call, run

KEYS = "/portico.access.v1.AccessKeyService/"
OBJECTS = "/portico.objects.v1.ObjectService/"
BUCKET = "accounts/default/buckets/photos"
KEY = f"{BUCKET}/objects/2026/a.jpg"
ALL = {
    **METHODS,
    **methods_of(objects_pb2.DESCRIPTOR.services_by_name.values()),
    **methods_of(buckets_pb2.DESCRIPTOR.services_by_name.values()),
    **methods_of(access_keys_pb2.DESCRIPTOR.services_by_name.values()),
}
ALL[OBJECTS + "GetObject"] = dataclasses.replace(ALL[OBJECTS + "GetObject"], anonymous=False)
"""As most methods are: not open to who is not allowed."""


def call_of(method: str, message: object) -> Call:
    path = method if method.startswith("/") else OBJECTS + method
    return new_call(ALL[path], message, principal=ADMIN)


async def pass_through(authorizer: Authorizer, call: Call) -> None:
    assert await run(authorize(authorizer, ALL), call)


async def refusal(authorizer: Authorizer, call: Call) -> ApiError:
    handled = Handled()
    with pytest.raises(ApiError) as refused:
        await authorize(authorizer, ALL)(call, handled)
    assert not handled.calls
    return refused.value


async def test_a_call_with_the_permission_passes_and_names_its_resource() -> None:
    call = call_of("GetObject", objects_pb2.GetObjectRequest(name=KEY))

    await pass_through(FakeAuthorizer(("objects.object.read", KEY)), call)

    assert call.resource == KEY
    assert [step for step, _, _ in call.steps] == ["authorize"]
    assert not call.checks


async def test_a_call_without_it_is_refused_with_permission_and_resource() -> None:
    call = call_of("GetObject", objects_pb2.GetObjectRequest(name=KEY))

    error = await refusal(FakeAuthorizer(("objects.object.read", BUCKET)), call)

    assert (error.code.name, error.reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert error.metadata == {"permission": "objects.object.read", "resource": KEY}
    assert call.resource == KEY


async def test_for_what_is_ones_own_no_permission_is_needed_unless_it_is_denied() -> None:
    message = access_keys_pb2.CreateAccessKeyRequest(parent="accounts/default")
    authorizer = FakeAuthorizer()

    denied = await refusal(authorizer, call_of(KEYS + "CreateAccessKey", message))
    authorizer.own.add(("access.access_key.create", "accounts/default"))
    await pass_through(authorizer, call_of(KEYS + "CreateAccessKey", message))

    assert denied.metadata == {"permission": "access.access_key.create", "resource": "accounts/default"}


@pytest.mark.parametrize(
    ("client_id", "who"),
    [
        ("accounts/default/apiTokens/ci", f"the API token accounts/default/apiTokens/ci of {ADMIN.name} needs "),
        ("spiffe://portico.internal/x", f"the API token by which {ADMIN.name} came needs "),
    ],
)
async def test_where_an_api_token_is_used_the_token_is_said_to_lack_the_permission(client_id: str, who: str) -> None:
    call = call_of("GetObject", objects_pb2.GetObjectRequest(name=KEY))
    call.principal = dataclasses.replace(ADMIN, credential="api.x", client_id=client_id)

    error = await refusal(FakeAuthorizer(), call)

    assert error.reason == "PERMISSION_DENIED"
    assert error.message.startswith(f"{who}the permission objects.object.read on {KEY}: a token may do what ")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "photos",
        "accounts",
        "accounts/default/buckets",
        "accounts//buckets/photos",
        "Accounts/default/buckets/photos/objects/x",
        "accounts/default/buckets/../objects/x",
        "accounts/default/buckets/Photos/objects/x",
        "/accounts/default/buckets/photos/objects/x",
        "accounts/default/buckets/photos/objects/",
        "accounts/default/buckets/photos/objects/a\x00b",
        "accounts/default/buckets/photos\n/objects/x",
        "accounts/default/buckets/photos/objects/" + "x" * 3000,
    ],
)
async def test_a_name_that_is_none_is_an_invalid_argument_and_asks_nobody(name: str) -> None:
    authorizer = FakeAuthorizer()

    error = await refusal(authorizer, call_of("GetObject", objects_pb2.GetObjectRequest(name=name)))

    assert error.code.name == "INVALID_ARGUMENT"
    assert [violation.field for violation in error.violations] == ["name"]
    assert not authorizer.asked


async def test_a_name_made_to_be_slow_to_read_is_refused_at_once() -> None:
    slow = "accounts/default" + "/objects/a" * 300_000 + "\x00"
    started = asyncio.get_running_loop().time()

    error = await refusal(FakeAuthorizer(), call_of("GetObject", objects_pb2.GetObjectRequest(name=slow)))

    assert error.code.name == "INVALID_ARGUMENT"
    assert asyncio.get_running_loop().time() - started < 1


@pytest.mark.parametrize("anonymous", [False, True])
async def test_who_is_not_known_is_told_nothing_of_names(anonymous: bool) -> None:
    method = dataclasses.replace(ALL[OBJECTS + "GetObject"], anonymous=anonymous)
    call = new_call(method, objects_pb2.GetObjectRequest(name="nonsense"))

    assert (await refusal(FakeAuthorizer(), call)).code.name == "UNAUTHENTICATED"


async def test_a_public_method_asks_nobody() -> None:
    authorizer = FakeAuthorizer()

    assert await run(authorize(authorizer, ALL), new_call("Empty", testing_pb2.EmptyRequest()))

    assert not authorizer.asked


async def test_a_repeated_field_is_one_decision_an_element() -> None:
    names = [f"{BUCKET}/objects/{number}" for number in range(250)]
    request = objects_pb2.DeleteObjectsRequest(parent=BUCKET, objects=[{"name": name} for name in names])
    authorizer = FakeAuthorizer(*(("objects.object.delete", name) for name in names))

    await pass_through(authorizer, call_of("DeleteObjects", request))
    authorizer.allowed.remove(("objects.object.delete", names[170]))
    error = await refusal(authorizer, call_of("DeleteObjects", request))

    assert error.metadata["resource"] == names[170]


async def test_an_element_that_is_no_name_is_told_by_its_place() -> None:
    request = objects_pb2.DeleteObjectsRequest(objects=[{"name": KEY}, {"name": "x"}])

    error = await refusal(FakeAuthorizer(), call_of("DeleteObjects", request))

    assert [violation.field for violation in error.violations] == ["objects[1].name"]


async def test_a_repeated_field_without_elements_is_not_a_way_round_the_permission() -> None:
    error = await refusal(FakeAuthorizer(), call_of("DeleteObjects", objects_pb2.DeleteObjectsRequest(parent=BUCKET)))

    assert error.code.name == "INVALID_ARGUMENT"


async def test_more_names_than_any_contract_allows_are_not_looked_at() -> None:
    request = objects_pb2.DeleteObjectsRequest(objects=[{"name": KEY}] * (MAX_NAMES + 1))
    authorizer = FakeAuthorizer(("objects.object.delete", KEY))

    assert (await refusal(authorizer, call_of("DeleteObjects", request))).code.name == "INVALID_ARGUMENT"
    assert not authorizer.asked


async def test_a_long_list_of_names_lets_other_calls_have_their_turn() -> None:
    request = objects_pb2.DeleteObjectsRequest(objects=[{"name": KEY}] * 5000)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    await pass_through(FakeAuthorizer(("objects.object.delete", KEY)), call_of("DeleteObjects", request))
    waiting.cancel()

    assert turns > 10


async def test_several_requirements_must_all_hold() -> None:
    source, target = f"{BUCKET}/objects/from", f"{BUCKET}/objects/to"
    request = objects_pb2.CopyObjectRequest(name=target, source=source)
    read, create = ("objects.object.read", source), ("objects.object.create", target)

    call = call_of("CopyObject", request)
    await pass_through(FakeAuthorizer(read, create), call)
    assert call.resource == source

    assert (await refusal(FakeAuthorizer(read), call_of("CopyObject", request))).metadata["resource"] == source
    assert (await refusal(FakeAuthorizer(create), call_of("CopyObject", request))).metadata == {
        "permission": "objects.object.read",
        "resource": source,
    }


@pytest.mark.parametrize(
    "held", [{"objects.object.create"}, {"objects.object.update"}, {"objects.object.create", "objects.object.update"}]
)
async def test_of_either_permissions_one_is_enough_and_the_handler_learns_which(held: set[str]) -> None:
    call = call_of("PutObject", objects_pb2.PutObjectRequest(name=KEY))

    await pass_through(FakeAuthorizer(*((permission, KEY) for permission in held)), call)

    assert call.held == held


async def test_without_any_of_either_the_call_is_refused() -> None:
    error = await refusal(FakeAuthorizer(), call_of("PutObject", objects_pb2.PutObjectRequest(name=KEY)))

    assert error.metadata == {"permission": "objects.object.create,objects.object.update", "resource": KEY}


async def test_a_list_is_let_in_with_a_filter() -> None:
    shown = Filter(everything=False, allow=(f"{BUCKET}/objects/public/",))
    authorizer = FakeAuthorizer(shown=shown)
    call = call_of("ListObjects", objects_pb2.ListObjectsRequest(parent=BUCKET))

    await pass_through(authorizer, call)

    assert call.filter == shown
    assert authorizer.asked == [("objects.object.list", BUCKET)]


async def test_a_field_of_a_message_that_is_not_there_is_a_name_that_is_none() -> None:
    method = Method("/portico.objects.v1.BucketService/UpdateBucket", False, False, requirements=(
        Requirement("objects.bucket.update", ("bucket", "name")),
    ))  # fmt: skip
    call = new_call(method, buckets_pb2.UpdateBucketRequest(), principal=ADMIN)

    with pytest.raises(ApiError) as refused:
        await run(authorize(FakeAuthorizer(), {method.path: method}), call)

    assert [violation.field for violation in refused.value.violations] == ["bucket.name"]


async def test_an_empty_field_path_means_the_callers_own_account() -> None:
    path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    call = call_of(path, None)

    await pass_through(FakeAuthorizer(("gateway.span.create", "accounts/default")), call)

    assert call.resource == "accounts/default"


async def test_a_method_for_all_who_are_known_asks_for_no_permission() -> None:
    await pass_through(FakeAuthorizer(), call_of("/google.longrunning.Operations/GetOperation", None))


async def test_a_method_that_nobody_declared_is_refused() -> None:
    call = new_call(Method("/unknown.Service/Method", False, False), principal=ADMIN)

    assert (await refusal(FakeAuthorizer(), call)).code.name == "UNIMPLEMENTED"


class TestStreams:
    """A stream is decided on its first message."""

    async def test_a_later_message_may_leave_the_name_out_or_repeat_it(self) -> None:
        call = call_of("PutObject", objects_pb2.PutObjectRequest(name=KEY))
        await pass_through(FakeAuthorizer(("objects.object.create", KEY)), call)
        (check,) = call.checks

        check(objects_pb2.PutObjectRequest())
        check(objects_pb2.PutObjectRequest(name=KEY))

    @pytest.mark.parametrize("name", [KEY + "x", BUCKET, "nonsense"])
    async def test_a_later_message_may_not_name_another_resource(self, name: str) -> None:
        call = call_of("PutObject", objects_pb2.PutObjectRequest(name=KEY))
        authorizer = FakeAuthorizer(("objects.object.create", KEY), ("objects.object.create", KEY + "x"))
        await pass_through(authorizer, call)

        with pytest.raises(ApiError) as refused:
            call.checks[0](objects_pb2.PutObjectRequest(name=name))

        assert refused.value.reason == "RESOURCE_CHANGED"
        assert [violation.field for violation in refused.value.violations] == ["name"]


@pytest.mark.parametrize("fields", [("payload",), ("nothing",), ("status",), ("status", "code"), ("name", "x")])
def test_a_requirement_on_what_cannot_name_a_resource_is_found_at_start(fields: tuple[str, ...]) -> None:
    path = "/portico.testing.v1.TestingService/Unary"
    method = Method(path, False, False, requirements=(Requirement("testing.test.read", fields),))

    with pytest.raises(ContractError):
        authorize(FakeAuthorizer(), {path: method})


async def test_where_everybody_may_ask_who_is_denied_or_nobody_goes_on_as_everybody() -> None:
    anonymous = dataclasses.replace(ALL[f"{OBJECTS}GetObject"], anonymous=True)
    message = objects_pb2.GetObjectRequest(name=KEY)
    step = authorize(FakeAuthorizer(), {anonymous.path: anonymous})

    denied, nobody = new_call(anonymous, message, principal=ADMIN), new_call(anonymous, message)
    for call, reason in ((denied, "PERMISSION_DENIED"), (nobody, "TOKEN_MISSING")):
        assert await run(step, call)
        assert call.anonymous
        assert call.resource == KEY
        assert call.denial is not None
        assert call.denial().reason == reason

    allowed = new_call(anonymous, message, principal=ADMIN)
    assert await run(authorize(FakeAuthorizer(("objects.object.read", KEY)), {anonymous.path: anonymous}), allowed)
    assert not allowed.anonymous


async def test_one_of_several_requirements_denied_makes_a_call_everybodys() -> None:
    anonymous = dataclasses.replace(ALL[f"{OBJECTS}PutObject"], anonymous=True)
    message = objects_pb2.PutObjectRequest(name=KEY)
    call = new_call(anonymous, message, principal=ADMIN)

    assert await run(authorize(FakeAuthorizer(), {anonymous.path: anonymous}), call)

    assert call.anonymous
    assert call.held == frozenset()
