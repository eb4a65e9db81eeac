"""URLs that requests go to."""

from __future__ import annotations

import pytest

from portico_server.platform.outgoing.addresses import AddressRules
from portico_server.platform.outgoing.destinations import DestinationRules, UrlRefused, destination

GOOD = {
    "https://example.com": "https://example.com/",
    "https://EXAMPLE.com:443/Hook?a=1&b=%20": "https://example.com/Hook?a=1&b=%20",
    "https://example.com:8443/a//b/../c": "https://example.com:8443/a//b/../c",
    "https://example.com?q": "https://example.com/?q",
    "https://xn--bcher-kva.example/": "https://xn--bcher-kva.example/",
    "https://1.1.1.1/": "https://1.1.1.1/",
    "https://[2606:4700:0:0::1111]:1024/": "https://[2606:4700::1111]:1024/",
}
BAD = {
    "ftp://example.com/": "must begin with https://",
    "example.com/hook": "must begin with https://",
    "//example.com/": "must begin with https://",
    "http://example.com/": "must begin with https://",
    "https://": "no name of the DNS",
    "https:///hook": "no name of the DNS",
    "https://user@example.com/": "names a user",
    "https://user:secret@example.com/": "names a user",
    "https://example.com@127.0.0.1/": "names a user",
    "https://example.com/#part": "fragment",
    "https://example.com/#": "fragment",
    "https://example.com\\@127.0.0.1/": "characters that no URL has",
    "https://example.com/a b": "characters that no URL has",
    "https://example.com/\r\nhost: x": "characters that no URL has",
    "https://bücher.example/": "characters that no URL has",
    "https://example.com./": "no name of the DNS",
    "https://-a.example/": "no name of the DNS",
    "https://%6cocalhost/": "no name of the DNS",
    "https://example.com:22/": "names port 22",
    "https://example.com:80/": "names port 80",
    "https://example.com:0/": "no number from 1 to 65535",
    "https://example.com:99999/": "names port 99999",
    "https://example.com:/": "no number from 1 to 65535",
    "https://example.com:+443/": "no number from 1 to 65535",
    "https://127.0.0.1/": "may not be reached",
    "https://10.0.0.1:8443/": "may not be reached",
    "https://[::1]/": "may not be reached",
    "https://[::ffff:1.1.1.1]/": "may not be reached",
    "https://[fe80::1%25eth0]/": "no ",
    "https://[v1.x]/": "no ",
    "https://2130706433/": "no IP address as usually written",
    "https://0x7f.1/": "no IP address as usually written",
    "https://127.1/": "no IP address as usually written",
    "https://0177.0.0.1/": "no IP address as usually written",
    "https://example.com/" + "x" * 2048: "more than 2048 bytes",
}


@pytest.mark.parametrize(("url", "spelling"), GOOD.items())
def test_a_url_is_taken_in_one_spelling(url: str, spelling: str) -> None:
    found = DestinationRules(AddressRules()).destination(url)
    assert found.url == spelling
    assert destination(spelling) == found


@pytest.mark.parametrize(("url", "why"), BAD.items())
def test_others_are_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(UrlRefused, match=why):
        DestinationRules(AddressRules()).destination(url)


def test_http_is_for_hosts_that_the_operator_names() -> None:
    rules = DestinationRules(AddressRules(["10.0.0.0/8"]), ["hooks.internal", "10.0.0.1"])
    assert rules.destination("http://hooks.internal/a").authority == "hooks.internal"
    assert rules.destination("http://10.0.0.1:8080/a").authority == "10.0.0.1:8080"
    for url in ("http://other.internal/", "http://a.hooks.internal/", "http://hooks.internal:443/"):
        with pytest.raises(UrlRefused):
            rules.destination(url)
