"""Handing sockets over: the row that processes stand in, and who is still connected to one that leaves."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from portico_server.host.supervisor.handover import BASE_ID_FILE, Generation, Successor, forget
from portico_server.host.supervisor.port import connections_of


def test_the_first_chooses_the_number_of_its_row_and_the_next_ones_have_it_from_there(tmp_path: Path) -> None:
    first = Generation()
    assert "--use-dynamic-base-id" in first.arguments("front")
    (tmp_path / BASE_ID_FILE).write_text("4711\n")
    second = first.next(tmp_path)
    third = second.next(tmp_path / "another folder")
    arguments = third.arguments("front")
    assert [arguments[arguments.index(option) + 1] for option in ("--base-id", "--restart-epoch")] == ["4711", "2"]
    assert "--use-dynamic-base-id" not in arguments
    assert arguments[arguments.index("--socket-path") + 1] == "../front.handover"
    names = [generation.socket_name("front", tmp_path) for generation in (first, second, third, third.next(tmp_path))]
    assert names == [f"front.handover_parent_4711{number}" for number in (0, 1, 2, 0)]


def test_the_number_of_a_socket_is_envoys_though_it_does_not_fit_its_32_bits(tmp_path: Path) -> None:
    for base_id, number in (("185370175", "1853701751"), ("244911743", "18446744071863701751")):
        assert Generation(1, base_id).socket_name("front", tmp_path) == f"front.handover_parent_{number}"


def test_in_the_place_of_one_that_ended_somebody_listens_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path has 107 bytes
    path = tmp_path / "front.handover_parent_47110"
    successor = Successor(tmp_path, path.name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"end", path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    successor.close()
    forget(tmp_path, "front")
    assert not path.exists()


def test_connections_are_counted_by_port_and_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert connections_of(os.getpid(), {port}) == 0, "one that listens is no connection"
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            assert connections_of(os.getpid(), {port}) == 1
            assert connections_of(os.getpid(), {port + 1}) == 0
            assert connections_of(os.getppid(), {port}) == 0
            accepted.close()
        assert connections_of(os.getpid(), {port}) == 0
