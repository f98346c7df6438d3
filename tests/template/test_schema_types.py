"""What one JSON schema can give another: only certain mismatches count (semantics 2)."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from exodsl.template.schema_fields import NoField, follow
from exodsl.template.schema_types import ValueType


class Leaf(BaseModel):
    name: str


class Tree(BaseModel):
    name: str
    left: "Tree | None" = None
    leaves: list[Leaf] = []


class Twig(BaseModel):
    name: int


def typed(python_type: Any) -> ValueType:
    """Return the type as a template keeps it."""
    return ValueType.of(TypeAdapter(python_type).json_schema(mode="serialization"))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (str, str),
        (int, float),
        (bool, int),
        (int, Any),
        (Any, int),
        (str | None, str),
        (int, int | str),
        (list[int], list[float]),
        (dict[str, int], dict[str, Any]),
        (Leaf, Leaf),
        (Tree, Leaf),
        (Tree, Tree),
        (Leaf, dict[str, Any]),
        (list, list[int]),
    ],
)
def test_what_may_fit_fits(source: Any, target: Any) -> None:
    assert typed(source).can_give(typed(target))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (int, str),
        (str, int),
        (float, int),
        (None, str),
        (int, bool),
        (str, list[str]),
        (list[str], str),
        (list[str], list[int]),
        (list[list[int]], list[int]),
        (dict[str, str], dict[str, int]),
        (int | None, str),
        (Leaf, str),
        (Leaf, Twig),
        (Twig, Leaf),
        (dict[str, int], list[int]),
    ],
)
def test_what_can_never_fit_does_not(source: Any, target: Any) -> None:
    assert not typed(source).can_give(typed(target))


def test_a_model_without_a_required_field_does_not_fit() -> None:
    class Other(BaseModel):
        number: int

    assert not typed(Other).can_give(typed(Leaf))


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"type": "integer"}, 3.0, True),
        ({"type": "integer"}, 3.5, False),
        ({"type": "number"}, 3, True),
        ({"type": "string"}, None, False),
        ({"enum": ["a", 1]}, "a", True),
        ({"enum": ["a", 1]}, True, False),
        ({"const": 2}, 3, False),
        ({"type": "array", "items": {"type": "string"}}, ["a", 1], False),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, {}, False),
        ({"type": ["string", "null"]}, None, True),
        ({"allOf": [{"type": "string"}, {"minLength": 3}]}, 3, False),
        ({}, object, True),
        ({"$ref": "#/nowhere"}, 3, True),
    ],
)
def test_a_literal_fits_or_not(schema: dict[str, Any], value: Any, fits: bool) -> None:
    assert ValueType.of(schema).takes(value) is fits


@pytest.mark.parametrize(
    ("python_type", "spelling"),
    [
        (str, "str"),
        (int | None, "int | None"),
        (list[float], "list[float]"),
        (dict[str, list[int]], "dict[str, list[int]]"),
        (Any, "Any"),
        (list[Leaf], "list[Leaf]"),
    ],
)
def test_a_type_is_spelled_as_in_python(python_type: Any, spelling: str) -> None:
    assert str(typed(python_type)) == spelling


def test_a_schema_that_turns_in_circles_is_unknown() -> None:
    circle = ValueType.of({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}})

    assert circle.can_give(ValueType.of({"type": "string"}))


def test_fields_are_followed_through_models_that_refer_to_themselves() -> None:
    tree = typed(Tree)

    assert str(follow(tree, ("left", "left", "name"))) == "str"
    assert follow(tree, ("left", "nmae")) == NoField(("left",), "nmae", ("name", "left", "leaves"))
    assert follow(tree, ("leaves", "name")) == NoField(("leaves",), "name", ())
