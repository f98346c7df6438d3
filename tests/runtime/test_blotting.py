"""Secrets in the errors of bodies: found in every spelling, and put out of sight (semantics 8)."""

import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from exodsl.runtime.blotting import HIDDEN, blotted

VALUES = [
    "hunter2",
    "it's",
    'say "it\'s"',
    "back\\slash",
    "two\nlines of it",
    "tab\tand ß and 日本",
    "a b&c=d/é",
    "%41%41",
]
SPELLINGS: list[Callable[[str], str]] = [
    str,
    repr,
    ascii,
    json.dumps,
    lambda value: json.dumps({"key": value}, ensure_ascii=False),
    lambda value: f"https://example.org/?key={quote(value, safe='')}&x=1",
    lambda value: f"https://example.org/?key={quote_plus(value)}",
    lambda value: repr(f"""he said "{value}", it isn't right"""),
    lambda value: repr({"key": value, "other": [value]}),
    lambda value: repr(value.encode()),
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("spell", SPELLINGS)
def test_a_value_is_found_however_it_is_spelled(value: str, spell: Callable[[str], str]) -> None:
    text = spell(value)

    assert blotted(text, [value]) == blotted(text.replace(value, HIDDEN), [value])
    assert HIDDEN in blotted(text, [value])
    assert not any(part in blotted(text, [value]) for part in ("unter", "lash", "lines", "日本", "%41"))


def test_each_line_of_a_value_is_found_for_itself() -> None:
    told = "  | BEGIN KEY\n  | MIIEvQIBADAN\n  | END KEY"

    assert blotted(told, ["BEGIN KEY\nMIIEvQIBADAN\nEND KEY\n"]) == f"  | {HIDDEN}\n  | {HIDDEN}\n  | {HIDDEN}"


def test_a_longer_value_goes_before_one_that_it_begins_with() -> None:
    assert blotted("hunter2 hunter22", ["hunter2", "hunter22"]) == f"{HIDDEN} {HIDDEN}"


def test_a_value_that_is_part_of_the_blot_tears_nothing() -> None:
    assert blotted("hunter2 secret", ["hunter2", "secret"]) == f"{HIDDEN} {HIDDEN}"


@pytest.mark.parametrize("value", ["", "a", "for"])
def test_a_short_value_is_left_alone(value: str) -> None:
    assert blotted("a text for people", [value]) == "a text for people"
