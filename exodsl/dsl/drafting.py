"""Node templates from declared nodes: edges and schemas, everything but the mappings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError
from pydantic_core import to_jsonable_python

from exodsl.dsl.declaration import Declaration
from exodsl.dsl.edges import Connection
from exodsl.dsl.mistakes import first_line
from exodsl.dsl.nodes import AnyNode
from exodsl.dsl.schemas import object_schema
from exodsl.dsl.spoken import finding_of
from exodsl.errors import NodeRefused, did_you_mean
from exodsl.template.check_executors import check_executor
from exodsl.template.check_shape import check_shape
from exodsl.template.findings import Finding
from exodsl.template.models import GraphTemplate, NodeTemplate, StoreConfig, Unites
from exodsl.template.policies import RetryPolicy
from exodsl.template.shape import Shape

_TICK = timedelta(milliseconds=1)


@dataclass
class Draft:
    """A graph's template in the making; `refused` are nodes that could not be understood."""

    declaration: Declaration
    findings: list[Finding] = field(default_factory=list[Finding])
    refused: set[str] = field(default_factory=set[str])

    @cached_property
    def described(self) -> dict[str, NodeTemplate]:
        """Every node with its schemas and options, without edges."""
        return {name: self._described(node) for name, node in self.declaration.nodes.items()}

    def _described(self, node: AnyNode) -> NodeTemplate:
        name, body = node.identifier, node.body
        options: dict[str, Any] = {
            "retry_policy": body.retry,
            "timeout_ms": None if body.timeout is None else body.timeout // _TICK,
            "executor": body.executor,
        }
        try:
            options |= self._understood(node)
        except NodeRefused as error:
            self.refused.add(name)
            self.findings.append(finding_of(error, body.place, (name,)))
        described = NodeTemplate(node_name=node.node_name, identifier=name, **options)
        self.findings.extend(replace(found, place=body.place) for found in check_executor(described))
        return described

    def _understood(self, node: AnyNode) -> dict[str, Any]:
        code = node.body.code
        self.findings.extend(self._store_keys(node))
        return {
            "fans_out": node.body.fans_out,
            "secrets": code.secrets_of(self.declaration.secrets),
            "inputs_schema": code.inputs.schema(),
            "outputs_schema": code.outputs.schema(),
        }

    def _store_keys(self, node: AnyNode) -> Iterator[Finding]:
        model = self.declaration.store
        known = list(model.model_fields) if model else []
        for asked in node.body.code.signature.stores.values():
            for key in asked.model_fields:
                if key not in known:
                    message = f"`{node.identifier}` uses store key `{key}`, and the store has no such key."
                    has = f"It has: {', '.join(known)}." if known else "The graph has none: `Graph(store=Model)`."
                    cure = f"{has}{did_you_mean(key, known)}"
                    yield Finding("E131", message, node.body.place, (node.identifier, key), cure)

    @cached_property
    def skeleton(self) -> GraphTemplate:
        """The bare graph: edges and unites, no schemas; what structure follows from."""
        plain = self._linked(bare=True)
        return self._with_joins(plain)

    def _linked(self, *, bare: bool) -> list[NodeTemplate]:
        children: dict[str, set[str]] = {name: set() for name in self.described}
        for connection in self.declaration.connections:
            for node in connection.sources:
                children[node.identifier].add(connection.target.identifier)
        without = {"inputs_schema": None, "outputs_schema": None, "secrets": ()} if bare else {}
        return [
            node.model_copy(update={"next_nodes": tuple(sorted(children[name])), **self._waits(name), **without})
            for name, node in self.described.items()
        ]

    def _waits(self, name: str) -> dict[str, Any]:
        ways = [way for way in self.declaration.into[name] if way.kind != "start"]
        if len(ways) != 1:
            return {}
        (way,) = ways
        if way.unites is not None:
            node, strategy = way.unites
            return {"unites": Unites(identifier=node.identifier, strategy=strategy)}
        if way.kind == "arrivals":
            return {"arrivals": tuple(dict.fromkeys(node.identifier for node in way.sources))}
        return {}

    def _with_joins(self, nodes: list[NodeTemplate]) -> GraphTemplate:
        template = self.template(nodes)
        joins = [name for name, ways in self.declaration.into.items() if _is_join(ways)]
        if not joins or any(check_shape(Shape(template))):
            return template
        shape = Shape(template)
        per_output = {name: _join(shape, name) for name in joins}
        return self.template(
            [
                node.model_copy(update={"unites": per_output.get(node.identifier, node.unites)})
                for node in template.nodes
            ]
        )

    def filled(self, mappings: dict[str, dict[str, Any]], *, described: set[str]) -> GraphTemplate:
        """Return the whole template: edges, mappings, and the schemas of the nodes in `described`."""
        nodes: list[NodeTemplate] = []
        for bare in self.skeleton.nodes:
            name = bare.identifier
            whole = self.described[name]
            update: dict[str, Any] = {
                "inputs": mappings.get(name, {}),
                "outputs_schema": whole.outputs_schema,
            }
            if name in described:
                update |= {"inputs_schema": whole.inputs_schema, "secrets": whole.secrets}
            nodes.append(bare.model_copy(update=update))
        return self.template(nodes)

    def template(self, nodes: list[NodeTemplate]) -> GraphTemplate:
        """Return the graph's template with these nodes."""
        declaration = self.declaration
        return GraphTemplate(
            nodes=tuple(nodes),
            name=declaration.name,
            namespace=declaration.namespace,
            secrets=declaration.secrets,
            retry_policy=declaration.retry or RetryPolicy(),
            store_config=self._store_config,
            inputs_schema=self._run_inputs,
            keep_store=declaration.keep_store,
            triggers=tuple(one.trigger for one in declaration.schedules),
        )

    @cached_property
    def _store_config(self) -> StoreConfig:
        model = self.declaration.store
        if model is None:
            return StoreConfig()
        required = tuple(sorted(name for name, one in model.model_fields.items() if one.is_required()))
        return StoreConfig(required_keys=required, default_values=_store_defaults(model))

    @cached_property
    def _run_inputs(self) -> dict[str, Any] | None:
        model = self.declaration.inputs
        if model is None:
            return None
        try:
            return object_schema(model.model_json_schema(by_alias=False))
        except PydanticUserError as error:
            message = f"inputs of graph `{self.declaration.name}` cannot be JSON: {first_line(error)}"
            self.findings.append(Finding("E141", message, self.declaration.place))
            return None


def _store_defaults(model: type[BaseModel]) -> dict[str, Any]:
    fields = {name: one for name, one in model.model_fields.items() if not one.is_required()}
    return {
        name: to_jsonable_python(one.get_default(call_default_factory=True, validated_data={}), by_alias=False)
        for name, one in sorted(fields.items())
    }


def _is_join(ways: list[Connection]) -> bool:
    return [way.kind for way in ways] == ["join"] and ways[0].unites is None


def _join(shape: Shape, name: str) -> Unites:
    sources = shape.parents[name]
    return Unites(identifier=shape.nearest_common_ancestor(sources), per="output")


def run_input_schema(schema: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return the schema of a run's inputs that are the root's own: those of its inputs in `names`."""
    properties = {name: schema["properties"][name] for name in names if name in schema["properties"]}
    required = [name for name in schema.get("required", ()) if name in properties]
    found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        found["required"] = required
    if "$defs" in schema:
        found["$defs"] = schema["$defs"]
    return found
