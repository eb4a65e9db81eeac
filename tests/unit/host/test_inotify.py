"""Room for what Envoy watches."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

import pytest

from portico_server.host.supervisor import inotify


@pytest.fixture
def room_for_two() -> Iterator[None]:
    """This process may open two files more; then the system refuses it as where the user has too many instances."""
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    held = [os.dup(0)]
    while held[-1] <= highest:
        held.append(os.dup(0))
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[-1] + 3, usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    for descriptor in held:
        os.close(descriptor)


@pytest.mark.usefixtures("room_for_two")
def test_room_is_what_the_system_would_give_and_is_given_back() -> None:
    assert [inotify.has_room(2), inotify.has_room(3), inotify.has_room(2)] == [True, False, True]
