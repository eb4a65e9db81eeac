"""XML that comes in and goes out."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_server.objects.faces.s3.reading_xml import read
from portico_server.objects.faces.s3.writing_xml import NAMESPACE, document, element, legible, text, url_encoded
from portico_server.platform.errors import ApiError

XML_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", min_codepoint=0x20))


@given(XML_TEXT)
async def test_any_text_comes_out_as_it_went_in(value: str) -> None:
    written = document("Root", element("Key", value))
    found = ElementTree.fromstring(written)
    assert found.tag == f"{{{NAMESPACE}}}Root"
    assert (found[0].text or "") == value
    assert (await read(written, "Root")).exact("Key") == value


async def test_line_breaks_and_tabs_survive() -> None:
    assert (await read(document("Root", element("Key", "a\r\n\tb ")), "Root")).exact("Key") == "a\r\n\tb "


@given(st.text())
def test_what_is_to_be_read_can_be_said_in_xml(value: str) -> None:
    assert (ElementTree.fromstring(element("Resource", legible(value))).text or "") == legible(value)
    assert legible("/a b/ü\x00\uffff") == "/a b/ü%00%EF%BF%BF"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
async def test_any_key_that_a_list_writes_is_read_again(key: str) -> None:
    written = document("Delete", element("Key", key)).replace(b"\r", b"&#xD;")
    assert (await read(written, "Delete")).exact("Key") == key


@pytest.mark.parametrize("reference", ["&#x1f;", "&#31;", "&#x001F;", "&#x00001f;", "&#00031;"])
@pytest.mark.parametrize("before", [0, *range(16 * 1024 - 40, 16 * 1024 + 2)])
async def test_references_to_control_characters_are_read_wherever_they_stand(reference: str, before: int) -> None:
    document = f"<Delete><Key>{'a' * before}{reference}b</Key></Delete>".encode()
    assert (await read(document, "Delete")).exact("Key") == f"{'a' * before}\x1fb"


async def test_what_only_looks_like_such_a_reference_stays() -> None:
    found = await read(
        b"<Delete><Key><![CDATA[&#x1f;]]></Key><!-- &#x1f; --><Other>&amp;#x1f;</Other></Delete>", "Delete"
    )
    assert (found.exact("Key"), found.exact("Other")) == ("&#x1f;", "&#x1f;")


def test_control_characters_are_written_as_s3_writes_them() -> None:
    assert text("a\x01\x1fb") == "a&#x1;&#x1F;b"
    assert url_encoded("a\x01 ü/+") == "a%01%20%C3%BC/%2B"


@pytest.mark.parametrize(
    "content",
    [
        b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet></Delete>',
        b"<Delete><Quiet>true</Quiet></Delete>",
        b'<s:Delete xmlns:s="urn:other"><s:Quiet> true\n</s:Quiet></s:Delete>',
        '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<Delete><Other/><Quiet>true</Quiet></Delete>'.encode(),
    ],
)
async def test_it_is_read_with_any_namespace(content: bytes) -> None:
    assert (await read(content, "Delete")).value("Quiet") == "true"


BOMB = b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Delete><Quiet>&b;</Quiet></Delete>'
FOREIGN = b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/hostname">]><Delete><Quiet>&a;</Quiet></Delete>'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<Delete>",
        b"no xml",
        b"<Other/>",
        b"<Delete>&unknown;</Delete>",
        b"<Delete>&#0;</Delete>",
        b"<Delete>&#x110000;</Delete>",
        b'<Delete key="&#x1f;"/>',
        b"<Delete>\x1f</Delete>",
        b"<!DOCTYPE Delete><Delete/>",
        BOMB,
        FOREIGN,
        b'<?xml version="1.0" encoding="none-such"?><Delete/>',
        b"<Delete>" + b"<a>" * 100 + b"</a>" * 100 + b"</Delete>",
        b"<Delete>" + b"<a/>" * 200_001 + b"</Delete>",
    ],
)
async def test_what_is_wrong_or_dangerous_is_refused(content: bytes) -> None:
    with pytest.raises(ApiError) as raised:
        await read(content, "Delete")
    assert raised.value.reason == "MALFORMED_XML"
