"""Which addresses requests to where users say may reach."""

from __future__ import annotations

import pytest

from portico_server.platform.outgoing.addresses import AddressRules

PUBLIC = ["1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255"),
    *("169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1"),
    *("192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "168.63.129.16", "100.100.100.200"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:1.1.1.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1"),
    *("fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::"),
    *("3fff::1", "4000::1"),
    *("", "localhost", "fe80::1%eth0", "2606:4700::1%1", "1.1.1", "0x7f.0.0.1", "01.1.1.1", "2130706433"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert AddressRules().allow(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_others_may_not(address: str) -> None:
    assert not AddressRules().allow(address)


def test_networks_that_the_operator_names_may_be_reached_and_no_more() -> None:
    rules = AddressRules(["10.1.0.0/16", "fd00::/8"])
    assert [rules.allow(address) for address in ("10.1.2.3", "fd12::1", "1.1.1.1")] == [True] * 3
    assert [rules.allow(address) for address in ("10.2.0.1", "127.0.0.1", "::ffff:10.1.2.3")] == [False] * 3


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"])
def test_who_gives_credentials_to_this_machine_is_never_reached(address: str) -> None:
    assert not AddressRules(["0.0.0.0/0", "::/0"]).allow(address)
