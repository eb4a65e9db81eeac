"""Every contract keeps the house's rules, is what the generated code was made from, and breaks no client."""

from __future__ import annotations

import subprocess
import sys

import pytest
from google.protobuf import descriptor_pb2

from portico_server.platform.methods import FOREIGN
from proto import check
from proto.generate import ROOT
from tests.contract import rules


@pytest.fixture(scope="module")
def files() -> descriptor_pb2.FileDescriptorSet:
    """The contracts with all that they import, as the gateway gets them."""
    return descriptor_pb2.FileDescriptorSet.FromString((ROOT / "gen/portico/descriptors.binpb").read_bytes())


@pytest.fixture(scope="module")
def contracts(files: descriptor_pb2.FileDescriptorSet) -> rules.Contracts:
    return rules.Contracts(files)


def test_there_are_contracts_to_look_at(contracts: rules.Contracts) -> None:
    assert len(contracts.methods) >= 15


@pytest.mark.parametrize("rule", rules.ALL, ids=lambda rule: rule.__name__)
def test_the_contracts_keep_the_rule(contracts: rules.Contracts, rule: rules.Rule) -> None:
    assert list(rule(contracts)) == []


def test_buf_finds_nothing(files: descriptor_pb2.FileDescriptorSet) -> None:
    assert check.lint(files) == []


def test_no_client_of_the_accepted_contracts_breaks(files: descriptor_pb2.FileDescriptorSet) -> None:
    assert check.breaking(files, check.BASELINE.read_bytes()) == []


def test_generated_code_is_current() -> None:
    command = [sys.executable, "proto/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_foreign_methods_have_permissions_of_the_usual_form_and_public_ones_none() -> None:
    for path, method in FOREIGN.items():
        assert method.path == path
        assert not (method.public and method.requirements)
        assert all(rules.PERMISSION.fullmatch(requirement.permission) for requirement in method.requirements)
