"""What a template says of itself and of each node, one thing at a time: lines to read and to compare (semantics 2).

Schemas appear as short words (`list[str]`), and what is left at its default does not appear.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exodsl.template.drawings.text import shown
from exodsl.template.models import GraphTemplate, NodeTemplate, Unites
from exodsl.template.placeholders import parse, whole
from exodsl.template.policies import RetryPolicy
from exodsl.template.schema_types import ValueType, fields, required
from exodsl.template.secrets import STORED
from exodsl.template.structure import Role, Structure
from exodsl.template.triggers import CronSchedule

_WORDS = {"fanout": "", "mapping": "input", "arrivals": "once per arrival:", "keep_store": ""}


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that a template says; `kind` and `name` tell which, `said` is what it says of it."""

    kind: str
    name: str
    said: str

    @property
    def line(self) -> str:
        """The trait as a line of text."""
        word, mark = _WORDS.get(self.kind, self.kind), " =" if self.kind == "mapping" else ":"
        name = f"{self.name}{mark}" if self.name and self.said else self.name
        return shown(" ".join(part for part in (word, name, self.said) if part))


def traits_of_graph(template: GraphTemplate) -> Iterator[Trait]:
    """Give what a template says of the graph as a whole, its name first."""
    yield Trait("graph", "", f"{template.namespace}/{template.name}")
    for field in _fields(template.inputs_schema):
        yield Trait("input", field.name, str(field))
    if template.retry_policy != RetryPolicy():
        yield Trait("retry", "", _retry(template.retry_policy))
    for key in template.store_config.required_keys:
        yield Trait("store", key, "required")
    for key, value in template.store_config.default_values.items():
        yield Trait("store", key, _literal(value))
    if template.keep_store:
        yield Trait("keep_store", "", "keeps its store")
    for name, source in template.secrets.items():
        yield Trait("secret", name, "stored" if source is STORED else str(source))
    for trigger in template.triggers:
        yield Trait("schedule", f"{trigger.value.expression} ({trigger.value.tz})", _schedule(trigger.value))


def traits_of_node(structure: Structure, identifier: str) -> Iterator[Trait]:
    """Give what a checked template says of one node: what it is, takes and gives, and what follows it."""
    node = structure.nodes[identifier]
    yield from _standing(structure, node)
    yield from _inputs(structure, node)
    for field in _fields(node.outputs_schema):
        yield Trait("output", field.name, field.type)
    for name in node.secrets:
        yield Trait("secret", name, "")
    yield from _options(node)
    for name in node.next_nodes:
        yield Trait("next", name, "")


def _standing(structure: Structure, node: NodeTemplate) -> Iterator[Trait]:
    """Say which code it is, and how its states come to be."""
    foreign = node.namespace not in (None, structure.shape.template.namespace)
    if foreign or node.node_name != node.identifier:
        yield Trait("runs", "", f"{node.namespace}/{node.node_name}" if foreign else node.node_name)
    if node.fans_out is not False:
        yield Trait("fanout", "", "fans out" if node.fans_out else "may fan out")
    if node.unites is not None:
        yield Trait("unites", "", _unites(structure, node.identifier, node.unites))
    if structure.role(node.identifier) is Role.ARRIVAL:
        yield Trait("arrivals", "", ", ".join(structure.shape.parents[node.identifier]))


def _unites(structure: Structure, identifier: str, unites: Unites) -> str:
    region = [name for name in structure.shape.order if name in structure.regions[identifier]]
    what = f"each output of {unites.identifier}" if unites.per == "output" else unites.identifier
    return f"{what} ({unites.strategy}), collects {', '.join(region) or unites.identifier}"


def _inputs(structure: Structure, node: NodeTemplate) -> Iterator[Trait]:
    """Give each input in the order of the node's declaration, followed by where it comes from."""
    declared = {field.name: field for field in _fields(node.inputs_schema)}
    for name in dict.fromkeys((*declared, *node.inputs)):
        mapped = name in node.inputs
        if name in declared:
            yield Trait("input", name, declared[name].type if mapped else str(declared[name]))
        if mapped:
            yield Trait("mapping", name, _mapped(structure, node.identifier, node.inputs[name]))


def _mapped(structure: Structure, reader: str, value: Any) -> str:
    """Return where an input comes from; many values are spelled as in Python."""
    reference = whole(parse(value)) if isinstance(value, str) else None
    if reference is None:
        return _literal(value)
    many = reference.kind == "outputs" and structure.many(reader, reference.source)
    return f"collect({reference})" if many else str(reference)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: str
    optional: bool

    def __str__(self) -> str:
        # What the default is may depend on the machine: `path: str = sysconfig.get_path("stdlib")`.
        return f"{self.type}, optional" if self.optional else self.type


def _fields(schema: Mapping[str, Any] | None) -> Iterator[_Field]:
    """Give the fields of a schema in the order of declaration."""
    document = ValueType.of(schema)
    needed = {name for one in document.alternatives() for name in required(one)}
    for name, kind in dict(fields(document)).items():
        yield _Field(name, str(kind), name not in needed)


def _options(node: NodeTemplate) -> Iterator[Trait]:
    if node.retry_policy is not None:
        yield Trait("retry", "", _retry(node.retry_policy))
    if node.timeout_ms is not None:
        yield Trait("timeout", "", f"{node.timeout_ms} ms")
    if node.executor is not None:
        yield Trait("executor", "", node.executor)


def _retry(policy: RetryPolicy) -> str:
    """Return what is not the default in a policy."""
    own = policy.model_dump(mode="json", exclude_defaults=True)
    return ", ".join(f"{name}={_setting(value)}" for name, value in own.items()) or "as by default"


def _setting(value: Any) -> str:
    return f"({', '.join(value)})" if isinstance(value, list) else str(value)


def _schedule(schedule: CronSchedule) -> str:
    own = schedule.model_dump(include={"catch_up", "overlap"}, exclude_defaults=True)
    return ", ".join(f"{name}={value}" for name, value in own.items())


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
