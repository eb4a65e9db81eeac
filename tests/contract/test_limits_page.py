"""docs/limits.md says what the code does: each figure of its tables is compared with the constant or setting behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portico_server.access import accounts, sizes
from portico_server.dns import judging, name_server, rdata, zone_files
from portico_server.gateway import validate
from portico_server.host import shedding
from portico_server.host.adapter import pace
from portico_server.host.envoy import body_limit, floods, http, listener, overload, plain, strangers, upstreams, windows
from portico_server.platform.settings import Settings, setting_names

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "limits.md").read_text()
USUAL = Settings()
MIB = 1 << 20


def table(heading: str) -> dict[str, str]:
    """The first two columns of the table below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("|")]
    return {row[0]: row[1] for row in rows[2:]}


MEMBERSHIPS = (
    "accounts that a principal belongs to, to create another one; the platform's first administrator may have more"
)
DATA = "`data` of a message: bytes of an object; what is more goes into further messages"
STRANGERS = "a body that is not gRPC, of somebody with neither token nor certificate"
FIGURES: dict[tuple[str, str], str] = {
    ("Of a caller", "`calls_per_second`, `call_burst`"): f"{USUAL.calls_per_second:,.0f}, {USUAL.call_burst:,}",
    ("Of a caller", "`concurrent_calls`"): f"{USUAL.concurrent_calls:,}",
    ("Of zones", "zones of an account"): f"`dns_zones`, {USUAL.dns_zones:,}",
    ("Of zones", "records of a zone"): f"`dns_records`, {USUAL.dns_records:,}",
    ("Of zones", "records of one name"): f"{judging.MOST_OF_A_NAME}",
    ("Of zones", "changes of a batch"): "200 of each kind",
    ("Of zones", "a zone file"): f"{zone_files.MAX_BYTES // MIB} MiB",
    ("Of zones", "an entry of a zone file, with its comments"): f"{zone_files.MAX_ENTRY_CHARACTERS:,} characters",
    ("Of zones", "records in a zone file, those too that it says twice"): "twice `dns_records`",
    ("Of accounts", "accounts created for one account"): (
        f"{accounts.MOST_OF_PARENT:,}; for `accounts/default` {accounts.MOST_OF_FIRST:,}"
    ),
    ("Of accounts", MEMBERSHIPS): f"{accounts.MOST_OF_CREATOR}",
    ("Of accounts", "resources, and permissions, that one policy names by its groups"): f"{sizes.MOST_NAMES:,} each",
    ("Of accounts", "revocations in force"): "",
    ("Of zones", "text of a TXT record"): f"{rdata.MAX_TXT_BYTES:,} bytes",
    ("Of zones", "DNS queries of a network, by UDP"): f"`dns_queries_per_second`, {USUAL.dns_queries_per_second:g}",
    ("Of zones", "DNS queries in all"): f"{name_server.IN_ALL_A_SECOND:,.0f} a second",
    ("Of the door", "a message, after decompression"): f"`max_message_bytes`, {USUAL.max_message_bytes // MIB} MiB",
    ("Of the door", DATA): f"{validate.MAX_BODY_BYTES // MIB} MiB",
    ("Of the door", "a body of JSON"): "4/3 of `max_message_bytes`, and 4 KiB",
    ("Of the door", STRANGERS): f"{body_limit.STRANGERS_BYTES // 1024} KiB",
    ("Of the door", "time for such a request"): f"{strangers.REQUEST_SECONDS:g} s",
    ("Of the door", "depth of JSON"): "",
    ("Of the door", "headers of a request"): f"{http.MAX_HEADERS_KIBIBYTES} KiB, {http.MAX_HEADERS} of them",
    ("Of the door", "time for a request's headers"): f"{http.REQUEST_HEADERS_SECONDS:g} s",
    ("Of the door", "a stream's first message"): f"`first_message_seconds`, {USUAL.first_message_seconds:g} s",
    ("Of the door", "calls at once on a connection"): f"`max_streams`, {USUAL.max_streams:,}",
    ("Of the door", "connections"): f"`max_connections`, {USUAL.max_connections:,}",
    ("Of the door", "a TLS handshake"): f"{listener.HANDSHAKE_SECONDS:g} s",
    ("Of the door", "a connection on which nothing happens"): f"{http.IDLE_CONNECTION_SECONDS / 3600:g} h",
    ("Between processes and nodes", "calls in flight"): f"{upstreams.MAX_CALLS:,}",
    ("Between processes and nodes", "connections"): f"{upstreams.MAX_CONNECTIONS:,}",
    ("Between processes and nodes", "calls at once on a connection"): f"{windows.CALLS_PER_CONNECTION:,}",
    ("Between processes and nodes", "calls that wait for a connection"): f"{upstreams.MAX_WAITING_CALLS:,}",
    ("Between processes and nodes", "reads that are sent again, at once"): f"{upstreams.MAX_RETRIES:,}",
    ("Between processes and nodes", "time for a connection"): f"{upstreams.CONNECT_SECONDS:g} s",
}


@pytest.mark.parametrize(("heading", "what"), FIGURES)
def test_a_figure_is_that_of_the_code(heading: str, what: str) -> None:
    told, figure = table(heading)[what], FIGURES[heading, what]
    assert told == figure or not figure


@pytest.mark.parametrize("heading", sorted({heading for heading, _ in FIGURES}))
def test_every_row_is_compared(heading: str) -> None:
    assert table(heading).keys() == {what for of, what in FIGURES if of == heading}


def test_the_settings_that_it_names_are_settings() -> None:
    named = set(re.findall(r"`((?:max_|call|concurrent_|first_)[a-z_]+)`", PAGE))
    assert named <= set(setting_names())
    assert len(named) > 5


def test_what_it_says_of_shedding_is_the_codes() -> None:
    section = PAGE.partition("\n## When more comes")[2]
    waits = shedding._STANDING * shedding.TICK_SECONDS
    assert (waits, shedding.PATIENCE_SECONDS) == (0.5, 0.5)
    assert f"more than {shedding.TARGET_SECONDS * 1000:g} ms" in section
    assert f"In Python {pace.CALLS_PER_TURN}\ncalls begin in a turn" in section
    assert f"with {shedding.FEWEST_CALLS} calls in flight" in section
    assert overload.REASON in section


def test_connections_to_ourselves_hold_all_that_they_may_carry() -> None:
    """Twice, because only half of the window may stand unread; or callers that read slowly would hold up others."""
    assert windows.CONNECTION_WINDOW_BYTES >= 2 * windows.CALLS_PER_CONNECTION * windows.STREAM_WINDOW_BYTES
    assert upstreams.MAX_CONNECTIONS * windows.CALLS_PER_CONNECTION >= upstreams.MAX_CALLS
    assert plain.CONNECT_SECONDS == upstreams.CONNECT_SECONDS


def test_what_it_says_of_resets_is_the_codes() -> None:
    section = " ".join(PAGE.partition("\n## Between processes and nodes")[2].split())
    assert f"a process carries {floods.CALLS_TO_A_PROCESS:,} calls, one to a node {floods.CALLS_TO_A_NODE}" in section


def test_a_node_that_sheds_is_not_one_that_fails() -> None:
    """Or those that are overloaded would be left out in turn, and the rest be overloaded the more."""
    assert upstreams.FAILED_PERCENT > 100 * shedding.LARGEST_SHARE
