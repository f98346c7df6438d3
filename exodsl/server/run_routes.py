"""Runs, as a dashboard looks at them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import Response

from exodsl.errors import StateNotFound
from exodsl.server import answers, shapes
from exodsl.server.parts import GraphName, Namespace, Server, StrictRoute
from exodsl.server.refs import parsed

router = APIRouter(prefix="/v0/namespace/{namespace}", route_class=StrictRoute, tags=["runs"])

PageNumber = Annotated[int, Path(ge=1, le=1_000_000_000)]
PageSize = Annotated[int, Path(ge=1, le=1_000)]


@router.get("/runs/{page}/{size}")
def runs(server: Server, namespace: Namespace, page: PageNumber, size: PageSize) -> answers.Runs:
    """List the runs of a namespace, newest first; pages are counted from 1."""
    found = server.manager.runs_page(namespace, page, size)
    return answers.Runs(
        namespace=namespace, total=found.total, page=page, size=size, runs=[shapes.run(run) for run in found.runs]
    )


@router.get("/states/run/{run_id}/graph", response_model=answers.RunGraph)
def run_graph(server: Server, namespace: Namespace, run_id: str) -> Response:
    """Return every state of a run, and which made which."""
    found = shapes.run_graph(server.manager.run_states(namespace, run_id))
    return Response(found.model_dump_json(), media_type="application/json")  # may be long: put into words once


@router.get("/graph/{graph}/run/{run_id}/node/{state_id}")
def state(server: Server, namespace: Namespace, graph: GraphName, run_id: str, state_id: str) -> answers.StateDetails:
    """Return one state in full."""
    ref = parsed(state_id)
    if ref is None:
        raise HTTPException(400, f"Invalid node ID format: {state_id}")
    try:
        return shapes.details(server.manager.state_in_full(namespace, graph, run_id, ref.key))
    except StateNotFound as error:
        raise HTTPException(404, f"Node {state_id} not found in run {run_id} for graph {graph}") from error
