"""YAML of people's files: read as text with lines, and whatever could surprise is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_server.platform.strict_yaml import MOST_LEVELS, Node, YamlError, read, write


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(each) for key, each in node.value.items()}
    return [plain(each) for each in node.value] if isinstance(node.value, list) else node.value


def test_scalars_are_texts_and_nothing_is_guessed() -> None:
    found = read("a: no\nb: 2026-01-01\nc: 0x10\nd: [1.0, 'null', ~]\ne:\nf: |\n  two\n  lines\n")
    assert plain(found) == {
        "a": "no",
        "b": "2026-01-01",
        "c": "0x10",
        "d": ["1.0", "null", None],
        "e": None,
        "f": "two\nlines\n",
    }
    assert isinstance(found.value, dict)
    assert [each.line for each in found.value.values()][:4] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "line 1 already"),
        ("a: &x [1]\nb: *x\n", 1, "anchors and aliases"),
        ("a: 1\nb: *x\n", 2, "anchors and aliases"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "tags"),
        ("a: !!str 1\n", 1, "tags"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: [1\nb: 2\n", 2, "no YAML"),
        ("a: 1\n\tb: 2\n", 2, "no YAML"),
        ("{[1]: 2}\n", 1, "a key must be a text"),
        ("? {a: 1}\n: 2\n", 1, "a key must be a text"),
        ("\n\n" + "[" * (MOST_LEVELS + 2), 3, "levels"),
        ("a: 1\n<<: {b: 2}\n<<: {c: 3}\n", 3, "already"),
    ],
)
def test_what_could_surprise_is_refused_by_its_line(text: str, line: int, told: str) -> None:
    with pytest.raises(YamlError, match=told) as refused:
        read(text)
    assert refused.value.line == line


def test_a_control_character_is_refused() -> None:
    with pytest.raises(YamlError, match="no YAML"):
        read("a: \x07\n")


def test_a_billion_laughs_end_at_the_first() -> None:
    text = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a]\n" for n in range(100_000))
    with pytest.raises(YamlError, match="anchors"):
        read(text)


def test_deep_nesting_ends_early() -> None:
    with pytest.raises(YamlError):
        read("[" * 1_000_000)


def test_nothing_is_nothing() -> None:
    assert [plain(read(text)) for text in ("", "\n# a comment\n", "---\n")] == [None, None, None]


@given(
    st.recursive(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))).filter(lambda text: text != "\ufeff"),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text("abcno~-: #'\"", min_size=1), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_what_was_written_is_read_again(value: Any) -> None:
    assert plain(read(write(value))) == value
