"""A template in Exosphere's plain form, and all that the form cannot say (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exodsl.template.export_inputs import Inputs, described_fields, is_text, unshared
from exodsl.template.export_options import of_graph, of_node, of_schedules
from exodsl.template.export_unites import of_unite, unite_remark
from exodsl.template.models import GraphTemplate, NodeTemplate, StoreConfig
from exodsl.template.placeholders import as_text
from exodsl.template.secrets import variable_of
from exodsl.template.shape import Shape

_RETRY = ("max_retries", "strategy", "backoff_factor", "exponent", "max_delay")
_SHOWN = 5
"""A remark names no more fields than this."""


@dataclass(frozen=True, slots=True)
class PlainForm:
    """A graph as Exosphere's state manager takes it.

    :param body: what an upsert sends.
    :param misfits: what Exosphere cannot say, each with its place (an identifier, or the graph) and what to do. Where
        there are any, `body` is another workflow than the template, or is refused.
    :param remarks: what to know, or to fill in.
    """

    body: dict[str, Any]
    misfits: tuple[str, ...]
    remarks: tuple[str, ...]


def as_exosphere(template: GraphTemplate) -> PlainForm:
    """Return a checked template as Exosphere's state manager takes it.

    Values of secrets appear in no export (semantics 8): they are empty, and a remark names them.
    """
    shape = Shape(template)
    inputs = {node.identifier: Inputs.of(shape, node) for node in template.nodes}
    misfits: list[str] = [*_placed("the graph", of_graph(template)), *_placed("the graph", of_schedules(template))]
    for node in template.nodes:
        found = (*of_node(template, node), *of_unite(shape, node), *inputs[node.identifier].misfits)
        misfits += _placed(node.identifier, found)
    misfits += unshared(template, {name: one.texts for name, one in inputs.items()})
    remarks = [*_placed("the graph", _remarks(template))]
    for node in template.nodes:
        remarks += _placed(node.identifier, (*unite_remark(shape, node), *inputs[node.identifier].remarks))
    body = _body(template, {name: one.texts for name, one in inputs.items()})
    return PlainForm(body, tuple(misfits), tuple(remarks))


def _placed(where: str, found: Iterator[str] | tuple[str, ...]) -> list[str]:
    return [f"{where}: {why}" for why in found]


def _body(template: GraphTemplate, inputs: dict[str, dict[str, str]]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "secrets": dict.fromkeys(template.secrets, ""),
        "nodes": [_node(template, node, inputs[node.identifier]) for node in template.nodes],
        "retry_policy": template.retry_policy.model_dump(mode="json", include=set(_RETRY)),
        "store_config": _store(template.store_config),
    }
    if template.triggers:
        expressions = [trigger.value.expression for trigger in template.triggers]
        body["triggers"] = [{"type": "CRON", "value": {"expression": one}} for one in expressions]
    return body


def _node(template: GraphTemplate, node: NodeTemplate, inputs: dict[str, str]) -> dict[str, Any]:
    unites = node.unites
    return {
        "node_name": node.node_name,
        "namespace": node.namespace or template.namespace,
        "identifier": node.identifier,
        "inputs": inputs,
        "next_nodes": list(node.next_nodes),
        "unites": None if unites is None else {"identifier": unites.identifier, "strategy": unites.strategy},
    }


def _store(store: StoreConfig) -> dict[str, Any]:
    defaults = {key: as_text(value) for key, value in store.default_values.items()}
    return {"required_keys": list(store.required_keys), "default_values": defaults}


def _remarks(template: GraphTemplate) -> Iterator[str]:
    """Say what has to be filled in, and how values travel."""
    for name, source in template.secrets.items():
        variable = variable_of(source)
        whence = "" if variable is None else " and is read from no environment variable there"
        yield f'secret "{name}" is exported without its value{whence}; fill it in.'
    if template.keep_store:
        yield "`keep_store` is left out; Exosphere decides itself what becomes of a store."
    other = [f"{node.identifier}.{field}" for node in template.nodes for field in _no_texts(node)]
    if other:
        more = f" and {len(other) - _SHOWN} more" if len(other) > _SHOWN else ""
        yield (
            f"{', '.join(other[:_SHOWN])}{more}: no text, so the value travels as JSON text, which the nodes of"
            " `exodsl.exosphere.runtime` read and write."
        )


def _no_texts(node: NodeTemplate) -> Iterator[str]:
    for schema in (node.inputs_schema, node.outputs_schema):
        for name, kind in described_fields(schema).items():
            if not is_text(kind):
                yield name
