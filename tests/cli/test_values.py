"""What a command line gives a run: text where text is wanted, JSON elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from exodsl.cli.values import read_inputs
from exodsl.errors import InputInvalid

SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "choice": {"enum": ["1", "2"]},
        "number": {"type": "integer"},
        "list": {"type": "array", "items": {"type": "string"}},
        "any": {},
    },
}


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("text=12", "12"),
        ("text=", ""),
        ("text=a=b", "a=b"),
        ("text=@@home", "@home"),
        ("maybe=null", "null"),
        ("choice=1", "1"),
        ("number=12", 12),
        ("number=twelve", "twelve"),
        ('list=["a"]', ["a"]),
        ("any=true", True),
        ("any=plain words", "plain words"),
        ("unknown=3", 3),
    ],
)
def test_a_value_is_read_as_its_input_takes_it(pair: str, value: Any) -> None:
    assert read_inputs([pair], None, SCHEMA) == {pair.partition("=")[0]: value}


def test_a_file_is_read_as_its_input_takes_it(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("[1, 2]")

    found = read_inputs([f"text=@{tmp_path}/text", f"list=@{tmp_path}/text"], None, SCHEMA)

    assert found == {"text": "[1, 2]", "list": [1, 2]}


def test_single_inputs_stand_above_the_json_object() -> None:
    found = read_inputs(["number=3"], '{"number": 1, "text": "t"}', SCHEMA)

    assert found == {"number": 3, "text": "t"}


def test_json_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InputInvalid, match="nested too deeply"):
        read_inputs([], "[" * 100_000, SCHEMA)
