"""From the views of the state manager to Exosphere's shapes, and from its templates to ours."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast, get_args

from pydantic import SecretStr
from pydantic_core import from_json

from exodsl.engine.status import State
from exodsl.manager.exosphere.accepting import GraphRecord
from exodsl.manager.exosphere.lending import Loan
from exodsl.manager.exosphere.overview import RunInBrief, RunInStates, StateInFull, StateInRun
from exodsl.manager.exosphere.registering import NodeSpec, RegisteredNode
from exodsl.server import answers, bodies
from exodsl.server.refs import iso, spelled
from exodsl.template.models import GraphTemplate, NodeTemplate
from exodsl.template.placeholders import as_text

_CANCELLED = "The run was cancelled."
_RUN_STATUS: dict[str, answers.RunStatus] = {
    "RUNNING": "PENDING",
    "PAUSED": "PENDING",
    "SUCCESS": "SUCCESS",
    "FAILED": "FAILED",
    "CANCELLED": "FAILED",
}


def state_status(status: str) -> answers.StateStatus:
    """Return the status of a state as Exosphere has it: one of a cancelled run is ERRORED."""
    return cast("answers.StateStatus", "ERRORED" if status == State.CANCELLED.name else status)


def template_of(graph: bodies.Graph, namespace: str, name: str) -> dict[str, Any]:
    """Return a graph as a template in JSON, with nothing said of the values of its secrets.

    In Exosphere a tick starts a run whatever goes on, and one expression ticks once.
    """
    crons = {trigger.value.expression.upper(): trigger.value.expression for trigger in graph.triggers}
    return {
        "name": name,
        "namespace": namespace,
        "nodes": [node.model_dump() for node in graph.nodes],
        "secrets": dict.fromkeys(graph.secrets, True),
        "retry_policy": graph.retry_policy.model_dump(),
        "store_config": graph.store_config.model_dump(),
        "triggers": [{"type": "CRON", "value": {"expression": cron, "overlap": "allow"}} for cron in crons.values()],
    }


def secrets_of(graph: bodies.Graph) -> dict[str, SecretStr]:
    """Return the values of the secrets that came with a graph; an empty one is none."""
    return {name.strip(): SecretStr(value) for name, value in graph.secrets.items() if value}


def node(spec: NodeSpec) -> answers.Node:
    """Return what was said of a node."""
    return answers.Node.model_validate(_spec(spec))


def known_node(known: RegisteredNode) -> answers.KnownNode:
    """Return a registered node."""
    return answers.KnownNode.model_validate(
        {
            **_spec(known.spec),
            "id": f"{known.namespace}/{known.spec.name}",
            "namespace": known.namespace,
            "runtime_name": known.runtime_name,
            "runtime_namespace": known.namespace,
            "created_at": iso(known.created_at),
            "updated_at": iso(known.updated_at),
        }
    )


def _spec(spec: NodeSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "inputs_schema": dict(spec.inputs_schema),
        "outputs_schema": dict(spec.outputs_schema),
        "secrets": list(spec.secrets),
    }


def graph(record: GraphRecord) -> answers.Graph:
    """Return a graph."""
    return answers.Graph.model_validate(_graph(record))


def listed_graph(record: GraphRecord) -> answers.ListedGraph:
    """Return a graph in a list."""
    template = record.template
    names = {"id": f"{template.namespace}/{template.name}", "name": template.name, "namespace": template.namespace}
    return answers.ListedGraph.model_validate({**_graph(record), **names})


def _graph(record: GraphRecord) -> dict[str, Any]:
    template = record.template
    store = template.store_config
    return {
        "nodes": [_node(template, node) for node in template.nodes],
        "secrets": dict.fromkeys(template.secrets, True),
        "retry_policy": template.retry_policy.model_dump(include=set(answers.RetryPolicy.model_fields)),
        "store_config": {
            "required_keys": list(store.required_keys),
            "default_values": _texts(store.default_values),
        },
        "triggers": [{"value": {"expression": trigger.value.expression}} for trigger in template.triggers],
        "created_at": iso(record.created_at),
        "updated_at": iso(record.updated_at),
        "validation_status": "INVALID" if record.misfits else "VALID",
        "validation_errors": list(record.misfits) or None,
    }


def _node(template: GraphTemplate, node: NodeTemplate) -> dict[str, Any]:
    return {
        "node_name": node.node_name,
        "namespace": node.namespace or template.namespace,
        "identifier": node.identifier,
        "inputs": _texts(node.inputs),
        "next_nodes": list(node.next_nodes),
        "unites": None if node.unites is None else node.unites.model_dump(include={"identifier", "strategy"}),
    }


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {name: as_text(value) for name, value in values.items()}


def claimed(loan: Loan) -> answers.ClaimedState:
    """Return a state that was handed out; all its inputs are texts."""
    claim = loan.claim
    return answers.ClaimedState(
        state_id=spelled(loan.ref),
        node_name=claim.node_name,
        identifier=claim.identifier,
        inputs=_texts(from_json(claim.inputs)),
        created_at=iso(loan.created_at),
    )


def run(brief: RunInBrief) -> answers.Run:
    """Return a run, and how its states stand."""

    def total(*names: str) -> int:
        return sum(getattr(node, name) for node in brief.nodes for name in names)

    return answers.Run(
        run_id=brief.run_id,
        graph_name=brief.graph,
        success_count=total("success", "pruned"),
        pending_count=total("live"),
        errored_count=total("errored", "next_created_error", "cancelled"),
        retried_count=total("retry_created"),
        total_count=total("total"),
        status=_RUN_STATUS[brief.status],
        created_at=iso(brief.created_at),
    )


def run_graph(found: RunInStates | None) -> answers.RunGraph:
    """Return the states of a run as a graph; an empty one for a run that is not there."""
    states = found.states if found else ()
    nodes = {state.ref: _state(state) for state in states}
    edges = [
        answers.Edge(source=nodes[state.parent].id, target=nodes[state.ref].id)
        for state in states
        if state.parent is not None
    ]
    counts = Counter(node.status for node in nodes.values())
    return answers.RunGraph(
        root_states=[nodes[state.ref] for state in states if state.parent is None],
        graph_name=found.graph if found else "",
        nodes=list(nodes.values()),
        edges=edges,
        node_count=len(nodes),
        edge_count=len(edges),
        execution_summary={status: counts[status] for status in get_args(answers.StateStatus)},
    )


def _state(state: StateInRun) -> answers.StateNode:
    cancelled = state.status is State.CANCELLED
    return answers.StateNode(
        id=spelled(state.ref),
        node_name=state.node_name,
        identifier=state.identifier,
        status=state_status(state.status.name),
        error=_CANCELLED if cancelled else state.error,
    )


def details(found: StateInFull) -> answers.StateDetails:
    """Return one state in full."""
    state = found.state
    error = None if state.error is None else state.error.message
    return answers.StateDetails(
        id=spelled(found.ref),
        node_name=state.node_name,
        identifier=state.identifier,
        graph_name=found.graph,
        run_id=state.run_id,
        status=state_status(state.status),
        inputs=state.inputs,
        outputs=state.outputs or {},
        error=_CANCELLED if state.status == State.CANCELLED.name else error,
        parents={identifier: spelled(ref) for identifier, ref in found.ancestors},
        created_at=iso(state.created_at),
        updated_at=iso(found.updated_at),
    )
