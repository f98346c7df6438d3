"""Random mappings of inputs: placeholders of every kind, literals and defaults, of fitting types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.properties.layout import Layout
from tests.properties.shapes import Draw
from tests.properties.writers import Writers, calm_keys

Schema = dict[str, Any]
Offer = tuple[str, Schema]
"""What a placeholder says between its braces, and the schema of its value."""

INTEGER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
DEEP: Schema = {
    "type": "object",
    "properties": {"inner": INTEGER, "gone": {"type": "array"}},
    "required": ["inner"],
}
FIELD_SCHEMAS: dict[str, Schema] = {
    "number": INTEGER,
    "text": TEXT,
    "maybe": INTEGER,
    "deep": DEEP,
    "items": {"type": "array"},
}
PATHS: dict[str, list[tuple[str, Schema]]] = {name: [(name, schema)] for name, schema in FIELD_SCHEMAS.items()} | {
    "deep": [("deep", DEEP), ("deep.inner", INTEGER), ("deep.gone", {"type": "array"})]
}
DEFAULTS: dict[str, Any] = {"integer": -1, "string": "none", "array": [], "object": {}}

RUN_INPUTS: Schema = {
    "type": "object",
    "properties": {"count": INTEGER, "title": TEXT, "extra": INTEGER, "nest": DEEP},
    "required": ["count", "title", "nest"],
}
GIVEN: dict[str, Any] = {"count": 7, "title": "${{ store.added }}", "nest": {"inner": 5}}
"""The title looks like a placeholder: what is given at trigger is data."""


class Mapper:
    """Draws the mapping of each node of one graph."""

    def __init__(
        self,
        draws: Mapping[str, Draw],
        layout: Layout,
        fields: Mapping[str, tuple[str, ...]],
        writers: Writers,
        typed: bool,
    ) -> None:
        self._draws = draws
        self._layout = layout
        self._fields = fields
        self._writers = writers
        self._typed = typed
        self._unmapped: list[str] = []

    def run_inputs(self) -> dict[str, Any]:
        """Return what the run is triggered with; to be asked when every node has its mapping."""
        if self._typed:
            return dict(GIVEN)
        return {name: 40 + at for at, name in enumerate(self._unmapped)}

    def outputs_schema(self, name: str) -> Schema:
        """Describe the outputs of a node; some of its fields may be left out by its body."""
        fields = self._fields[name]
        required = [field for field in fields if field != "maybe"]
        properties = {field: FIELD_SCHEMAS[field] for field in fields}
        return {"type": "object", "properties": properties, "required": required}

    def mapping(self, name: str) -> tuple[dict[str, Any], Schema]:
        """Draw the inputs of a node, and the schema that they fit."""
        offers = self._offers(name)
        inputs: dict[str, Any] = {}
        properties: Schema = {}
        required: list[str] = []
        for at in range(self._draws[name].upto(3)):
            self._one_input(name, offers, f"x{at}", inputs, properties, required)
        if telling := self._telling(name):
            # Most states shall know where they stand, or all of a node would do the same.
            inputs["own"], properties["own"] = f"${{{{ {telling[0]} }}}}", telling[1]
            required.append("own")
        return inputs, {"type": "object", "properties": properties, "required": required}

    def _one_input(
        self,
        name: str,
        offers: list[Offer],
        key: str,
        inputs: dict[str, Any],
        properties: Schema,
        required: list[str],
    ) -> None:
        draw = self._draws[name]
        value, schema = _value(draw, offers)
        default = draw.chance(30)
        if default:
            kind = schema.get("type", "integer")
            schema = {**schema, "default": DEFAULTS[kind]}
        else:
            required.append(key)
        properties[key] = schema
        if default and draw.chance(30):
            return
        if name == self._layout.root and not self._typed and draw.chance(50):
            properties[key] = INTEGER
            required[:] = [*dict.fromkeys([*required, key])]
            self._unmapped.append(key)
            return
        inputs[key] = value

    def _offers(self, name: str) -> list[Offer]:
        layout = self._layout
        offers: list[Offer] = []
        for source in sorted(layout.readable(name)):
            many = layout.is_many(name, source)
            those = [*self._paths(source), (f"{source}.outputs", {"type": "object"})]
            offers += [(path, _listed(schema) if many else schema) for path, schema in those]
        offers += self._previous(name)
        offers += [(f"store.{key}", INTEGER) for key in calm_keys(layout, self._writers, name)]
        if self._typed:
            offers += [("inputs.count", INTEGER), ("inputs.title", TEXT), ("inputs.nest.inner", INTEGER)]
            offers += [("inputs.extra", INTEGER)] if name != layout.root else []
        return offers

    def _paths(self, source: str) -> list[Offer]:
        fields = self._fields[source]
        return [(f"{source}.outputs.{path}", schema) for field in fields for path, schema in PATHS[field]]

    def _previous(self, name: str) -> list[Offer]:
        parents = self._layout.parents[name]
        if not parents or self._layout.unites(name):
            return []
        common = set.intersection(*(set(self._fields[parent]) for parent in parents))
        paths = [each for field in sorted(common) for each in PATHS[field]]
        return [("previous.outputs", {"type": "object"})] + [
            (f"previous.outputs.{path}", schema) for path, schema in paths
        ]

    def _telling(self, name: str) -> Offer | None:
        if not self._draws[name].chance(75):
            return None
        if self._layout.unites(name):
            return self._told_by_region(name)
        return next((offer for offer in self._previous(name) if offer[0].endswith("number")), None)

    def _told_by_region(self, name: str) -> Offer | None:
        sources = [source for source in sorted(self._layout.region[name]) if self._fields[source]]
        if not sources:
            return None
        source = self._draws[name].one(sources)
        many = self._layout.is_many(name, source)
        return f"{source}.outputs.number", _listed(INTEGER) if many else INTEGER


def _listed(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _value(draw: Draw, offers: list[Offer]) -> tuple[Any, Schema]:
    kind = draw.upto(9)
    if kind == 0 or not offers:
        return draw.one([(4, INTEGER), ("plain", TEXT), ([1, {"a": None}], {"type": "array"})])
    if kind > 7:
        parts = draw.some(offers, 2)
        return " and ".join(f"${{{{{inside}}}}}" for inside, _ in parts) + " in all", TEXT
    inside, schema = draw.one(offers)
    return f"${{{{ {inside} }}}}", {} if draw.chance(15) else schema
