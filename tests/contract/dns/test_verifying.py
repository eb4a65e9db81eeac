"""Zones verified by what the DNS says, which a small name server of the test's own does."""

from __future__ import annotations

import asyncio
import json

import pytest

from portico.dns.v1.zones_pb2 import VerificationMethod, ZoneState
from portico_server.dns import errors, resolving
from portico_server.dns.resolving import Resolving
from portico_server.dns.verifying import LookupFailed
from portico_server.platform.outbox import Outbox
from tests.contract.dns.stand import DOMAIN, OTHER, ZONE, Stand
from tests.harness.name_server import NameServer

CHALLENGE = (f"_portico-challenge.{DOMAIN}", "TXT")
TXT, DELEGATION = VerificationMethod.VERIFICATION_METHOD_TXT, VerificationMethod.VERIFICATION_METHOD_DELEGATION
PENDING, ACTIVE, PAUSED = ZoneState.ZONE_STATE_PENDING, ZoneState.ZONE_STATE_ACTIVE, ZoneState.ZONE_STATE_PAUSED
OURS = ["ns1.portico.example.", "ns2.portico.example."]


def delegate(names: NameServer, *servers: str) -> None:
    """The parent's server is this one, and delegates the domain to those."""
    names.records |= {
        ("com", "NS"): ["ns.registry.example."],
        ("ns.registry.example", "A"): ["127.0.0.1"],
        (DOMAIN, "NS"): list(servers),
    }


@pytest.fixture
def asks_here(stand: Stand, names: NameServer, monkeypatch: pytest.MonkeyPatch) -> NameServer:
    """Name servers are asked at the test's own port, and at this machine."""
    lookup = stand.zones._verifying._lookup
    monkeypatch.setattr(lookup, "_authority_port", names.port)
    monkeypatch.setattr(lookup, "_may_be_asked", lambda address: address == "127.0.0.1")
    return names


async def test_a_zone_with_its_token_in_the_dns_becomes_active(stand: Stand, names: NameServer) -> None:
    zone = await stand.get_zone()
    names.records[CHALLENGE] = ['"something else"', f'"{zone.challenge_token}"']
    verified = await stand.verify()
    assert (verified.state, verified.verified_by) == (ACTIVE, TXT)
    assert verified.HasField("verify_time")
    assert await stand.get_zone() == verified


async def test_without_the_token_a_zone_stays_pending_and_is_told_what_to_do(stand: Stand, names: NameServer) -> None:
    token = (await stand.get_zone()).challenge_token
    with pytest.raises(errors.ZoneNotVerified, match=f"has no TXT record.*{token}"):
        await stand.verify(method=TXT)
    names.records[CHALLENGE] = ['"something else"']
    with pytest.raises(errors.ZoneNotVerified, match="has 1 TXT record, none of which is the token"):
        await stand.verify(method=TXT)
    assert (await stand.get_zone()).state == PENDING


async def test_a_token_that_is_cut_into_strings_counts(stand: Stand, names: NameServer) -> None:
    token = (await stand.get_zone()).challenge_token
    names.records[CHALLENGE] = [f'"{token[:9]}" "{token[9:]}"']
    assert (await stand.verify()).state == ACTIVE


async def test_the_token_of_another_account_is_no_proof(stand: Stand, names: NameServer) -> None:
    theirs = await stand.create_zone(account=OTHER)
    names.records[CHALLENGE] = [f'"{theirs.challenge_token}"']
    with pytest.raises(errors.ZoneNotVerified):
        await stand.verify(method=TXT)


async def test_a_verified_zone_is_paused_and_resumed(stand: Stand, names: NameServer) -> None:
    names.records[CHALLENGE] = [f'"{(await stand.get_zone()).challenge_token}"']
    await stand.verify()
    paused = (await stand.zone("UpdateZone", zone={"name": ZONE, "paused": True})).zone
    assert paused.state == PAUSED
    resumed = await stand.zone("UpdateZone", zone={"name": ZONE}, update_mask={"paths": ["paused"]})
    assert resumed.zone.state == ACTIVE


async def test_who_proves_it_now_takes_the_domain_over(stand: Stand, names: NameServer) -> None:
    names.records[CHALLENGE] = [f'"{(await stand.get_zone()).challenge_token}"']
    before = await stand.verify()
    theirs = await stand.create_zone(account=OTHER)
    names.records[CHALLENGE].append(f'"{theirs.challenge_token}"')
    assert (await stand.verify(theirs.name)).state == ACTIVE
    after = await stand.get_zone()
    assert after.state == PENDING
    assert not after.HasField("verify_time")
    assert after.challenge_token != before.challenge_token
    with pytest.raises(errors.ZoneNotVerified):  # the old token, which is still in the DNS, is worth nothing
        await stand.verify(method=TXT)
    told = [json.loads(event.body) for event in await Outbox(stand.database).take(100)]
    assert ("dns.zone.lose", ZONE) in [(event["action"], event["resource"]) for event in told]


async def test_of_two_accounts_that_prove_it_at_once_one_has_the_domain(stand: Stand, names: NameServer) -> None:
    theirs = await stand.create_zone(account=OTHER)
    tokens = [(await stand.get_zone()).challenge_token, theirs.challenge_token]
    names.records[CHALLENGE] = [f'"{token}"' for token in tokens]
    await asyncio.gather(stand.verify(), stand.verify(theirs.name), return_exceptions=True)
    states = [(await stand.get_zone(name)).state for name in (ZONE, theirs.name)]
    assert states.count(ACTIVE) == 1


async def test_a_zone_that_is_delegated_here_becomes_active(stand: Stand, asks_here: NameServer) -> None:
    delegate(asks_here, *OURS)
    verified = await stand.verify()
    assert (verified.state, verified.verified_by) == (ACTIVE, DELEGATION)


@pytest.mark.parametrize("servers", [["ns.elsewhere.example."], [*OURS, "ns.elsewhere.example."]])
async def test_a_zone_that_is_delegated_elsewhere_too_stays_pending(
    stand: Stand, asks_here: NameServer, servers: list[str]
) -> None:
    delegate(asks_here, *servers)
    with pytest.raises(errors.ZoneNotVerified, match=r"ns\.elsewhere\.example"):
        await stand.verify(method=DELEGATION)


async def test_delegation_is_no_proof_where_another_account_has_the_domain(stand: Stand, asks_here: NameServer) -> None:
    delegate(asks_here, *OURS)
    await stand.verify()
    theirs = await stand.create_zone(account=OTHER)
    for method in (0, DELEGATION):
        with pytest.raises(errors.TxtRecordNeeded):
            await stand.verify(theirs.name, method)
    assert (await stand.get_zone()).state == ACTIVE


async def test_name_servers_inside_are_not_asked(stand: Stand, names: NameServer) -> None:
    delegate(names, *OURS)  # whose parent's server, by its address, is this machine
    with pytest.raises(errors.ResolverFailed):
        await stand.verify(method=DELEGATION)


async def test_who_does_not_answer_is_waited_for_only_so_long(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "_SECONDS", 0.3)
    names.silent = True
    with pytest.raises(LookupFailed):
        async with asyncio.timeout(30):
            await Resolving([("127.0.0.1", names.port)]).txt(f"_portico-challenge.{DOMAIN}")
