"""What an export accepts, Exosphere's state manager takes; what it refuses, cannot be said there."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exodsl.template.checks import HARMLESS, check
from exodsl.template.export import as_exosphere
from exodsl.template.models import GraphTemplate, NodeTemplate
from exodsl.template.placeholders import OPEN, Reference, references
from tests.properties.graphs import cases
from tests.properties.layout import Layout
from tests.template.state_manager_rules import complaints, parents
from tests.template.strategies import templates

Schema = dict[str, Any]
EMPTY: Schema = {"properties": {}, "required": []}
FANOUTS_UNKNOWN = {"E119"}
"""An export does not say which nodes give one output only, so that arrivals may come from unlike depths."""


def without_fanouts(template: GraphTemplate) -> GraphTemplate:
    """Return a template of which each node gives one output, so that more of its unites can be said."""
    return template.model_copy(
        update={"nodes": tuple(node.model_copy(update={"fans_out": False}) for node in template.nodes)}
    )


TEMPLATES = st.one_of(cases().map(lambda case: case.template), templates(), templates().map(without_fanouts))


class Sayable:
    """Decides for a template made at random what of it Exosphere can say, by its rules and ours."""

    def __init__(self, template: GraphTemplate) -> None:
        self.template, self.layout = template, Layout(template.nodes)
        dumped = [node.model_dump() | {"unites": node.unites and node.unites.model_dump()} for node in template.nodes]
        self.parents = parents({"nodes": dumped})

    def node(self, name: str) -> bool:
        """Say whether a node can stand there with all that is set for it."""
        node = self.layout.nodes[name]
        return self.unite(name) and node.retry_policy in (None, self.template.retry_policy)

    def unite(self, name: str) -> bool:
        """Say whether a unite, if it is one, starts once, and when it is to start."""
        layout, what = self.layout, self.layout.unites(name)
        if what is None:
            return True
        opener, region = what.identifier, layout.region[name]
        on_the_way = region | {name} | layout.after[name]
        once = not layout.fans_out(opener)  # per execution, as documented, or per output, as it is done
        return once and layout.after[opener] <= on_the_way and not any(layout.unites(each) for each in region)

    def input(self, name: str, key: str, value: Any) -> bool:
        """Say whether a mapped input arrives as it is meant."""
        found = references(value)
        target: Schema = schema_of(self.layout.nodes[name])["properties"][key]
        if not isinstance(value, str):
            return OPEN not in str(value) and "type" in target and target["type"] != "string"
        if not all(self._reference(name, value, one) for one in found):
            return False
        alone = len(found) == 1 and value == f"{OPEN}{value[3:-2]}}}}}" and value.count(OPEN) == 1
        takes_text = target.get("type") in (None, "string")
        return not (alone and takes_text and found[0].kind != "inputs") or self._gives_text(name, found[0])

    def _reference(self, name: str, value: str, one: Reference) -> bool:
        if one.kind == "inputs":
            return name == self.layout.root and len(one.path) == 1 and value.endswith("}}") and value.startswith(OPEN)
        if one.kind == "store":
            return True
        source = self._source(name, one)
        return source is not None and source in self.parents[name] and len(one.path) == 1

    def _source(self, name: str, one: Reference) -> str | None:
        before = self.layout.parents[name]
        return one.source if one.kind == "outputs" else before[0] if len(before) == 1 else None

    def _gives_text(self, name: str, one: Reference) -> bool:
        if one.kind == "store":
            return isinstance(self.template.store_config.default_values.get(one.path[0], ""), str)
        source = self.layout.nodes[self._source(name, one) or ""]
        return (source.outputs_schema or {})["properties"][one.path[0]].get("type") == "string"

    def default(self, name: str, schema: Schema, needed: bool) -> bool:
        """Say whether an input that nothing maps gets a text, or needs none."""
        return needed or "default" not in schema or "type" in schema or name != self.layout.root

    def everything(self) -> bool:
        """Say whether the whole template can be said."""
        return all(self.node(name) and not self._unsaid(name) for name in self.layout.nodes) and not self._unshared()

    def _unsaid(self, name: str) -> list[str]:
        node = self.layout.nodes[name]
        schema = schema_of(node)
        mapped = [key for key, value in node.inputs.items() if not self.input(name, key, value)]
        rest = [key for key in schema["properties"] if key not in node.inputs]
        needed = schema["required"]
        return mapped + [key for key in rest if not self.default(name, schema["properties"][key], key in needed)]

    def _unshared(self) -> bool:
        given = {name: set(as_texts(node)) for name, node in self.layout.nodes.items()}
        return any(
            key not in given[name] and key in given[mate]
            for name, node in self.layout.nodes.items()
            for mate, other in self.layout.nodes.items()
            for key in schema_of(node)["properties"]
            if node.node_name == other.node_name
        )

    def sayable_part(self) -> GraphTemplate:
        """Return the template without what cannot be said, and all that follows from there."""
        gone = {name for name in self.layout.nodes if not self.unite(name)}
        gone |= {name for one in gone for name in self.layout.after[one]}
        kept = [self._sayable(node, gone) for node in self.template.nodes if node.identifier not in gone]
        return self.template.model_copy(update={"nodes": tuple(kept)})

    def _sayable(self, node: NodeTemplate, gone: set[str]) -> NodeTemplate:
        schema, without = schema_of(node), self._unsaid(node.identifier)
        properties = {key: value for key, value in schema["properties"].items() if key not in without}
        required = [key for key in schema["required"] if key not in without]
        return node.model_copy(
            update={
                "node_name": node.identifier.upper(),
                "retry_policy": None,
                "next_nodes": tuple(name for name in node.next_nodes if name not in gone),
                "inputs": {key: value for key, value in node.inputs.items() if key not in without},
                "inputs_schema": {**schema, "properties": properties, "required": required},
            }
        )


def schema_of(node: NodeTemplate) -> Schema:
    """Return what a node says of its inputs; one that says nothing has none."""
    return node.inputs_schema or EMPTY


def as_texts(node: NodeTemplate) -> list[str]:
    """Return the inputs of a node that an export lists."""
    schema = schema_of(node)
    texts = [key for key, one in schema["properties"].items() if "type" in one or key in schema["required"]]
    return [*node.inputs, *texts]


def is_sound(template: GraphTemplate) -> bool:
    """Say whether a template passes our own checks."""
    return all(finding.code in HARMLESS for finding in check(template))


@settings(max_examples=100, deadline=None)
@given(TEMPLATES)
def test_an_export_refuses_what_exosphere_cannot_say_and_nothing_else(template: GraphTemplate) -> None:
    if is_sound(template):
        assert (as_exosphere(template).misfits == ()) == Sayable(template).everything()


@settings(max_examples=100, deadline=None)
@given(TEMPLATES)
def test_what_an_export_accepts_is_taken_by_the_state_manager_and_is_the_same_workflow(whole: GraphTemplate) -> None:
    template = Sayable(whole).sayable_part()
    if not is_sound(template):
        return
    form = as_exosphere(template)
    again = GraphTemplate.model_validate(form.body)
    fields = {
        node.node_name: (
            frozenset(written["inputs"]) & frozenset(schema_of(node)["properties"]),
            frozenset((node.outputs_schema or EMPTY)["properties"]),
        )
        for node, written in zip(template.nodes, form.body["nodes"], strict=True)
    }

    assert form.misfits == ()
    assert complaints(form.body, fields) == []
    assert [shape_of(node) for node in again.nodes] == [shape_of(node) for node in template.nodes]
    assert {finding.code for finding in check(again)} <= HARMLESS | FANOUTS_UNKNOWN


def shape_of(node: NodeTemplate) -> tuple[Any, ...]:
    """Return where a node stands, and what it waits for."""
    unites = None if node.unites is None else (node.unites.identifier, node.unites.strategy)
    return node.identifier, node.node_name, node.next_nodes, unites
