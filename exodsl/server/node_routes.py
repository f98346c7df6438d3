"""Nodes: registered by runtimes, listed for those who write graphs."""

from __future__ import annotations

from fastapi import APIRouter

from exodsl.server import answers, bodies, shapes
from exodsl.server.parts import Granted, Namespace, Server, StrictRoute

router = APIRouter(prefix="/v0", route_class=StrictRoute, tags=["nodes"])


@router.get("/namespaces")
def namespaces(server: Server, scope: Granted) -> answers.Namespaces:
    """List the namespaces that have registered nodes, and that the key is for."""
    found = [namespace for namespace in server.manager.namespaces() if scope.has(namespace)]
    return answers.Namespaces(namespaces=found, count=len(found))


@router.put("/namespace/{namespace}/nodes/")
def register_nodes(server: Server, namespace: Namespace, body: bodies.Registration) -> answers.Registered:
    """Register the nodes of a runtime; the last registration of a node wins."""
    specs = [node.spec() for node in body.nodes]
    server.manager.register_nodes(namespace, body.runtime_name, specs)
    return answers.Registered(runtime_name=body.runtime_name, registered_nodes=[shapes.node(spec) for spec in specs])


@router.get("/namespace/{namespace}/nodes/")
def nodes(server: Server, namespace: Namespace) -> answers.KnownNodes:
    """List the nodes of a namespace."""
    found = [shapes.known_node(known) for known in server.manager.registered_nodes(namespace)]
    return answers.KnownNodes(namespace=namespace, count=len(found), nodes=found)
