"""Policy sets as documents: what is written reads as the same, and what is wrong is named by line and element."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.access.v1 import domain_groups_pb2, groups_pb2, permission_groups_pb2, policies_pb2, resource_groups_pb2
from portico_server.access import policy_documents
from portico_server.access.errors import InvalidDocument
from portico_server.access.items import complete, completed
from portico_server.access.policy_sets import merged, says_the_same

A = "accounts/default"
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
NAMES = st.one_of(
    st.builds("accounts/{}/{}/{}".format, IDS, st.sampled_from(["buckets", "zones", "members", "accounts"]), IDS),
    st.builds((A + "/{}/{}").format, st.sampled_from(["buckets", "zones", "groups", "accounts", "principals"]), IDS),
    st.builds((A + "/buckets/{}/objects/{}/").format, IDS, IDS),
    st.just(A),
)


def of(collection: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.builds(f"{A}/{collection}/{{}}".format, IDS), max_size=3)


CONDITIONS = st.builds(
    lambda start, age, cidrs, certificate: policies_pb2.Conditions(
        not_before_time={"seconds": start} if start else None,
        max_token_age={"seconds": age} if age else None,
        source_cidrs=cidrs,
        certificate_required=certificate,
    ),
    st.integers(0, 2_000_000_000),
    st.integers(0, 7_776_000),
    st.lists(st.sampled_from(["10.0.0.0/8", "2001:db8::/32"]), max_size=2),
    st.booleans(),
)
LINES = st.lists(st.sampled_from(["a", " ", "\n", "\t", "#", ": ", "- ", "'", '"', "\u2028", "…"]), max_size=12).map(
    "".join
)
DESCRIBED: dict[str, Any] = {"display_name": TEXTS, "description": st.one_of(TEXTS, LINES)}
MESSAGES = st.one_of(
    st.builds(
        permission_groups_pb2.PermissionGroup,
        name=st.builds(f"{A}/permissionGroups/{{}}".format, IDS),
        permissions=st.lists(st.sampled_from(["*", "dns.*", "dns.record.create"]), max_size=3),
        scope_type=st.sampled_from([0, 1, 2]),
        **DESCRIBED,
    ),
    st.builds(
        resource_groups_pb2.ResourceGroup,
        name=st.builds(f"{A}/resourceGroups/{{}}".format, IDS),
        scope=st.one_of(st.just(A), NAMES),
        everything=st.booleans(),
        objects=st.lists(NAMES, max_size=3),
        excluded=st.lists(NAMES, max_size=3),
        domain_groups=of("domainGroups"),
        excluded_domain_groups=st.lists(NAMES, max_size=2),
        **DESCRIBED,
    ),
    st.builds(
        domain_groups_pb2.DomainGroup,
        name=st.builds(f"{A}/domainGroups/{{}}".format, IDS),
        zones=of("zones"),
        **DESCRIBED,
    ),
    st.builds(
        groups_pb2.Group,
        name=st.builds(f"{A}/groups/{{}}".format, IDS),
        members=st.lists(NAMES, max_size=3),
        **DESCRIBED,
    ),
    st.builds(
        policies_pb2.Policy,
        name=st.builds(f"{A}/policies/{{}}".format, IDS),
        access=st.sampled_from([0, 1, 2]),
        permission_groups=of("permissionGroups"),
        resource_groups=of("resourceGroups"),
        principals=st.lists(NAMES, max_size=3),
        conditions=st.one_of(st.none(), CONDITIONS),
        **DESCRIBED,
    ),
)


@settings(deadline=None)
@given(st.lists(MESSAGES, max_size=6, unique_by=lambda message: message.name))
def test_what_is_written_is_read_as_the_same(messages: list[Any]) -> None:
    for message in messages:
        if message.DESCRIPTOR.name == "ResourceGroup" and not message.scope:
            message.scope = A
    text = policy_documents.write(A, messages, 7)
    read = {message.name: message for message in policy_documents.read(text, A).messages}
    for message in read.values():
        if message.DESCRIPTOR.name == "ResourceGroup" and not message.scope:
            message.scope = A  # which the platform chooses where it is left out
        if message.DESCRIPTOR.name == "Policy" and not message.conditions.ByteSize():
            message.ClearField("conditions")
    for message in messages:
        if message.DESCRIPTOR.name == "Policy" and not message.conditions.ByteSize():
            message.ClearField("conditions")
    assert read == {message.name: message for message in messages}
    assert policy_documents.write(A, read.values(), 7) == text


@settings(deadline=None)
@given(st.lists(MESSAGES, max_size=6, unique_by=lambda message: message.name))
def test_what_is_kept_goes_out_and_comes_in_as_no_change(messages: list[Any]) -> None:
    kept = {message.name: message for message in messages}
    for number, message in enumerate(messages):
        complete(message, number, 1_700_000_000_000_000 + number)
        completed(message, A)
    document = policy_documents.read(policy_documents.write(A, messages, 7), A)
    assert len(document.messages) == len(kept)
    for wanted in document.messages:
        assert says_the_same(merged(wanted, kept[wanted.name]), kept[wanted.name])


def test_a_document_reads_well() -> None:
    policy = policies_pb2.Policy(
        name=f"{A}/policies/few",
        access=policies_pb2.ACCESS_ALLOW,
        permission_groups=[f"{A}/permissionGroups/dns"],
        resource_groups=[f"{A}/resourceGroups/production"],
        principals=[f"{A}/groups/few", f"{A}/members/ada"],
        conditions={"certificate_required": True, "max_token_age": {"seconds": 3600}},
    )
    assert policy_documents.written(policy, A).splitlines() == [
        "access: allow",
        "permissionGroups:",
        "- dns",
        "resourceGroups:",
        "- production",
        "principals:",
        "- groups/few",
        "- members/ada",
        "conditions:",
        "  certificateRequired: 'true'",
        "  maxTokenAge: 3600s",
    ]


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("policies: {}\n", 1, "version must be 1"),
        ("version: 2\n", 1, "version must be 1"),
        ("version: 1\nmembers: {}\n", 2, "members: must be one of permissionGroups"),
        ("version: 1\npolicies: [a]\n", 2, "policies: must be a mapping"),
        ("version: 1\npolicies:\n  Ada: {}\n", 3, "policies.Ada: an id is"),
        ("version: 1\npolicies:\n  a:\n    name: x\n", 4, "policies.a.name: must be one of displayName"),
        ("version: 1\npolicies:\n  a:\n    access: maybe\n", 4, "policies.a.access: must be allow or deny"),
        ("version: 1\npolicies:\n  a:\n    principals: ada\n", 4, "policies.a.principals: must be a list"),
        ("version: 1\npolicies:\n  a:\n    principals:\n    - [x]\n", 5, r"principals\[0\]: must be a text"),
        ("version: 1\npolicies:\n  a:\n    conditions:\n      maxTokenAge: long\n", 5, "max_token_age: must be as"),
        ("version: 1\nresourceGroups:\n  a:\n    everything: yes\n", 4, "everything: must be true or false"),
        ("- a\n", 1, "the document: must be a mapping"),
        ("", 1, "version must be 1"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_element(text: str, line: int, told: str) -> None:
    with pytest.raises(InvalidDocument, match=told) as refused:
        policy_documents.read(text, A)
    assert refused.value.message.startswith(f"line {line}: ")
    assert refused.value.metadata["line"] == str(line)


def test_an_element_without_a_line_of_its_own_has_that_around_it() -> None:
    document = policy_documents.read("version: 1\npolicies:\n  a:\n    principals: [x]\n", A)
    assert document.line("policies.a.principals[0]") == document.line("policies.a.principals[7]") == 4
    assert document.line("policies.b") == document.line("") == 0
