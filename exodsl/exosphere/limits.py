"""What a graph uses that Exosphere has not: in its template, and in the bodies of its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pydantic import BaseModel

from exodsl.dsl.body import Body
from exodsl.errors import NotExpressible
from exodsl.template.export import PlainForm, as_exosphere
from exodsl.template.export_inputs import described_fields
from exodsl.template.export_options import of_node
from exodsl.template.models import GraphTemplate, NodeTemplate


def plain_form(template: GraphTemplate, bodies: Mapping[str, Body]) -> PlainForm:
    """Return a graph as Exosphere's state manager takes it.

    :param bodies: of its nodes, by name, as far as they are at hand.
    :raises NotExpressible: naming everything that Exosphere has not.
    """
    form = as_exosphere(template)
    misfits = (*form.misfits, *_of_bodies(template, bodies))
    if misfits:
        raise NotExpressible(template.name, misfits)
    return replace(form, misfits=())


def refuse_misfits(template: GraphTemplate, bodies: Mapping[str, Body]) -> None:
    """:raises NotExpressible: when a node of a graph uses what Exosphere's runtimes cannot give it."""
    found = [f"{node.identifier}: {why}" for node in template.nodes for why in of_node(template, node)]
    misfits = [*found, *_of_bodies(template, bodies)]
    if misfits:
        raise NotExpressible(template.name, misfits)


def _of_bodies(template: GraphTemplate, bodies: Mapping[str, Body]) -> Iterator[str]:
    for node in template.nodes:
        body = bodies.get(node.node_name)
        found = [] if body is None else [*_asked_for(body), *_odd_names(node)]
        yield from (f"{node.identifier}: {why} ({body.place})" for why in found if body is not None)


def _asked_for(body: Body) -> Iterator[str]:
    signature = body.code.signature
    for name in signature.stores:
        yield f"`{name}` is the store, which Exosphere's nodes do not see. Take and return the values."
    for name in signature.contexts:
        yield f"`{name}` is a `Context`; Exosphere tells a node nothing of its run. Leave it out; `logging` logs."


def _odd_names(node: NodeTemplate) -> Iterator[str]:
    """Say which names no field of a pydantic model can have: Exosphere's SDK makes one of them."""
    for what, schema in (("input", node.inputs_schema), ("output", node.outputs_schema)):
        for name in described_fields(schema):
            if name.startswith(("_", "model_")) or hasattr(BaseModel, name):
                yield f"no model of Exosphere's SDK can have {what} `{name}`. Call it something else."
