"""Graphs: stored, read, listed and started."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from exodsl.server import answers, bodies, shapes
from exodsl.server.parts import Granted, GraphName, Namespace, Server, StrictRoute
from exodsl.template.models import GraphTemplate

router = APIRouter(prefix="/v0/namespace/{namespace}", route_class=StrictRoute, tags=["graphs"])


@router.put("/graph/{graph}", status_code=201)
def upsert(server: Server, scope: Granted, namespace: Namespace, graph: GraphName, body: bodies.Graph) -> answers.Graph:
    """Store a graph in place of the one before; say whether it fits the nodes that are registered."""
    if not all(name.strip() for name in body.secrets):
        raise HTTPException(400, "Error validating graph template: the name of a secret must not be blank")
    for node in body.nodes:
        for value in node.inputs.values():
            if not isinstance(value, str):
                raise HTTPException(400, f"Error validating graph template: Input {value} is not a string")
    template = _template(body, namespace, graph)
    scope.check(*template.homes)
    return shapes.graph(server.manager.accept(template, shapes.secrets_of(body)))


def _template(body: bodies.Graph, namespace: str, graph: str) -> GraphTemplate:
    try:
        return GraphTemplate.model_validate(shapes.template_of(body, namespace, graph))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from error


@router.get("/graph/{graph}")
def read(server: Server, namespace: Namespace, graph: GraphName) -> answers.Graph:
    """Return a graph."""
    return shapes.graph(server.manager.graph_record(namespace, graph))


@router.get("/graphs/")
def graphs(server: Server, namespace: Namespace) -> answers.Graphs:
    """List the graphs of a namespace."""
    found = [shapes.listed_graph(record) for record in server.manager.graph_records(namespace)]
    return answers.Graphs(namespace=namespace, count=len(found), templates=found)


@router.post("/graph/{graph}/trigger")
def trigger(
    server: Server, scope: Granted, namespace: Namespace, graph: GraphName, body: bodies.Start
) -> answers.Started:
    """Start a run; inputs and store keys that the graph does not know are left out."""
    scope.check(*server.manager.homes(namespace, graph))
    run_id = server.manager.begin(namespace, graph, body.inputs, body.store, body.start_delay)
    server.metrics.runs.inc()
    return answers.Started(run_id=run_id)
