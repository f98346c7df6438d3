"""What goes out: the answers, in Exosphere's shapes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

StateStatus = Literal[
    "CREATED", "QUEUED", "EXECUTED", "SUCCESS", "NEXT_CREATED_ERROR", "RETRY_CREATED", "ERRORED", "PRUNED"
]
RunStatus = Literal["PENDING", "SUCCESS", "FAILED"]
Validity = Literal["VALID", "INVALID"]


class Answer(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Health(Answer):
    message: Literal["OK"] = "OK"


class Namespaces(Answer):
    namespaces: list[str]
    count: int


class Node(Answer):
    name: str
    inputs_schema: dict[str, Any]
    outputs_schema: dict[str, Any]
    secrets: list[str]


class Registered(Answer):
    runtime_name: str
    registered_nodes: list[Node]


class KnownNode(Node):
    id: str = Field(alias="_id")
    namespace: str
    runtime_name: str
    runtime_namespace: str
    created_at: str
    updated_at: str


class KnownNodes(Answer):
    namespace: str
    count: int
    nodes: list[KnownNode]


class Unites(Answer):
    identifier: str
    strategy: str


class GraphNode(Answer):
    node_name: str
    namespace: str
    identifier: str
    inputs: dict[str, str]
    next_nodes: list[str]
    unites: Unites | None


class RetryPolicy(Answer):
    max_retries: int
    strategy: str
    backoff_factor: int
    exponent: int
    max_delay: int | None


class StoreConfig(Answer):
    required_keys: list[str]
    default_values: dict[str, str]


class Cron(Answer):
    expression: str


class CronTrigger(Answer):
    type: Literal["CRON"] = "CRON"
    value: Cron


class Graph(Answer):
    nodes: list[GraphNode]
    secrets: dict[str, Literal[True]]
    retry_policy: RetryPolicy
    store_config: StoreConfig
    triggers: list[CronTrigger]
    created_at: str
    updated_at: str
    validation_status: Validity
    validation_errors: list[str] | None


class ListedGraph(Graph):
    id: str = Field(alias="_id")
    name: str
    namespace: str


class Graphs(Answer):
    namespace: str
    count: int
    templates: list[ListedGraph]


class Started(Answer):
    status: Literal["CREATED"] = "CREATED"
    run_id: str


class ClaimedState(Answer):
    state_id: str
    node_name: str
    identifier: str
    inputs: dict[str, str]
    created_at: str


class Claimed(Answer):
    count: int
    namespace: str
    status: Literal["QUEUED"] = "QUEUED"
    states: list[ClaimedState]


class Executed(Answer):
    status: Literal["EXECUTED"] = "EXECUTED"


class Errored(Answer):
    status: Literal["ERRORED"] = "ERRORED"
    retry_created: bool


class Pruned(Answer):
    status: Literal["PRUNED"] = "PRUNED"
    enqueue_after: int


class Requeued(Answer):
    status: Literal["CREATED"] = "CREATED"
    enqueue_after: int


class Retried(Answer):
    id: str
    status: StateStatus


class Secrets(Answer):
    secrets: dict[str, str]


class Run(Answer):
    run_id: str
    graph_name: str
    success_count: int
    pending_count: int
    errored_count: int
    retried_count: int
    total_count: int
    status: RunStatus
    created_at: str


class Runs(Answer):
    namespace: str
    total: int
    page: int
    size: int
    runs: list[Run]


class StateNode(Answer):
    id: str
    node_name: str
    identifier: str
    status: StateStatus
    error: str | None


class Edge(Answer):
    source: str
    target: str


class RunGraph(Answer):
    root_states: list[StateNode]
    graph_name: str
    nodes: list[StateNode]
    edges: list[Edge]
    node_count: int
    edge_count: int
    execution_summary: dict[StateStatus, int]


class StateDetails(Answer):
    id: str
    node_name: str
    identifier: str
    graph_name: str
    run_id: str
    status: StateStatus
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    error: str | None
    parents: dict[str, str]
    created_at: str
    updated_at: str


class Problem(Answer):
    detail: str
