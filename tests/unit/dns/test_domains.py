"""What is a domain name, and what is said of a text that is none."""

from __future__ import annotations

from collections.abc import Callable

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_server.dns import domains
from portico_server.dns.errors import InvalidField

LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])


@pytest.mark.parametrize(
    "text", ["example.com", "a.b", "1.example", "xn--mller-kva.example", "x--y.example", "a-b.co.uk", LONGEST]
)
def test_a_domain_is_taken_as_it_is(text: str) -> None:
    assert domains.zone_domain(text, "zone_id") == text


NO_DOMAIN = [
    ("müller.example", "give its A-label form, xn--mller-kva.example"),
    ("straße.example", "give its A-label form, xn--strae-oqa.example"),
    ("exаmple.com", "give its A-label form, xn--exmple-4nf.com"),  # the third letter is Cyrillic
    ("MÜLLER.example", "give its A-label form, xn--mller-kva.example"),
    ("ex\u200bample.com", "beyond ASCII"),
    ("example.com.", "leave out the dot at the end: example.com"),
    ("Example.COM", "in lower case: example.com"),
    ("com", "top-level domain"),
    ("192.0.2.1", "does not end in a number"),
    ("", "nothing between two dots"),
    (".example.com", "nothing between two dots, or before the first"),
    ("a..example", "nothing between two dots"),
    ("-a.example", "neither begin nor end with -"),
    ("a-.example", "neither begin nor end with -"),
    ("a_b.example", "must be of a-z, 0-9 and -"),
    ("*.example.com", "must be of a-z, 0-9 and -"),
    ("a b.example", "must be of a-z, 0-9 and -"),
    ("a/b.example", "must be of a-z, 0-9 and -"),
    ("a\n.example", "must be of a-z, 0-9 and -"),
    ("ab--cd.example", "no A-label"),
    ("xn--.example", "neither begin nor end with -"),
    ("xn--abc-.example", "neither begin nor end with -"),
    ("xn--a.example", "no A-label"),
    ("xn--99999999.example", "no A-label"),
    ("a" * 64 + ".example", "has 64 characters; a label has at most 63"),
    ("a." + LONGEST, "has 255 characters; a domain name has at most 253"),
]


@pytest.mark.parametrize(("text", "why"), NO_DOMAIN)
def test_what_is_no_domain_is_refused_with_the_remedy(text: str, why: str) -> None:
    with pytest.raises(InvalidField) as refused:
        domains.zone_domain(text, "zone_id")
    assert why in refused.value.message
    assert refused.value.field == "zone_id"
    assert refused.value.message.startswith("zone_id")


@pytest.mark.parametrize(
    "text", ["www.example.com", "example.com", "*.example.com", "*.a.example.com", "_a._b.example.com"]
)
def test_a_records_name_is_in_its_zone(text: str) -> None:
    assert domains.owner(text, "example.com", "f") == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "give a name in the zone"),
        ("www", "www is not in the zone example.com; give www.example.com?"),
        ("example.org", "not in the zone"),
        ("badexample.com", "not in the zone"),
        ("com", "not in the zone"),
        ("a.*.example.com", "first label alone"),
        ("a*.example.com", "first label alone"),
        ("**.example.com", "first label alone"),
        ("*", "first label alone"),
        ("*.*.example.com", "first label alone"),
        ("WWW.example.com", "lower case"),
        ("www.example.com.", "dot at the end"),
        ("bücher.example.com", "xn--bcher-kva.example.com"),
        ("*." + "a." * 121 + "example.com", "characters; a domain name has at most 253"),
    ],
)
def test_a_name_outside_of_the_zone_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidField) as refused:
        domains.owner(text, "example.com", "record.domain_name")
    assert why in refused.value.message
    assert refused.value.field == "record.domain_name"


@pytest.mark.parametrize(("text", "name"), [("a.example", "a.example"), ("a.example.", "a.example"), ("a", "a")])
def test_a_target_may_end_in_a_dot(text: str, name: str) -> None:
    assert domains.target(text, "f") == name


@pytest.mark.parametrize("text", ["", ".", "192.0.2.1", "2001:db8::1", "*.example", "a b", "A.example", "a..b"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        domains.target(text, "f")


def test_what_stands_below_a_name_follows_it_before_anything_else() -> None:
    names = ["example.com", "a.example.com", "b.a.example.com", "a-b.example.com", "a0.example.com", "aa.example.com"]
    places = sorted(map(domains.place, names))
    assert places[:3] == ["com example", "com example a", "com example a b"]


def refusal(read: Callable[[], str]) -> InvalidField | None:
    """Why it was refused; None where it was taken, as a name that the DNS has."""
    try:
        name = read()
    except InvalidField as refused:
        return refused
    assert dns.name.from_text(name).to_text(omit_final_dot=True) == name
    return None


@given(st.text(max_size=300))
def test_whatever_is_given_is_taken_as_a_name_of_the_dns_or_refused_in_words(text: str) -> None:
    below = f"{text}.example.com"
    for refused in (
        refusal(lambda: domains.zone_domain(text, "f")),
        refusal(lambda: domains.owner(below, "example.com", "f")),
    ):
        assert refused is None or (len(refused.message) < 600 and refused.message.isprintable())
