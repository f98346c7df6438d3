"""What comes in: the bodies of requests, in Exosphere's shapes. Fields that it does not know are ignored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from exodsl.manager.exosphere.registering import NodeSpec
from exodsl.template.cron import cron_fault
from exodsl.template.models import Identifier, Name, StoreKey, Strategy
from exodsl.template.policies import LONGEST_DELAY_MS, RetryStrategy


class Body(BaseModel):
    """A body of a request, or a part of one."""

    model_config = ConfigDict(extra="ignore")


def _distinct(values: Sequence[str]) -> Sequence[str]:
    if len(set(values)) < len(values):
        raise ValueError("each may stand there once")
    return values


def _distinct_keys(values: Any) -> Any:
    if isinstance(values, dict):
        _distinct([key.strip() for key in values])
    return values


def _model_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Let through what is a JSON Schema of a model, as far as its fields are concerned."""
    fields, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(fields, dict):
        raise ValueError("`properties` must be an object")
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise ValueError("`required` must be a list of names")
    return schema


def _no_store(identifier: str) -> str:
    if identifier == "store":
        raise ValueError("`store` is reserved")
    return identifier


def _cron(expression: str) -> str:
    fault = cron_fault(" ".join(expression.split()))
    if fault is not None:
        raise ValueError(fault[0])
    return expression


ModelSchema = Annotated[dict[str, JsonValue], AfterValidator(_model_schema)]
Placed = Annotated[Identifier, AfterValidator(_no_store)]
Factor = Annotated[int, Field(gt=0, le=LONGEST_DELAY_MS)]


class Node(Body):
    """A node that a runtime has."""

    name: Name
    inputs_schema: ModelSchema
    outputs_schema: ModelSchema
    secrets: list[Name]

    def spec(self) -> NodeSpec:
        """Return it as the state manager keeps it."""
        return NodeSpec(self.name, self.inputs_schema, self.outputs_schema, tuple(self.secrets))


class Registration(Body):
    """The nodes of a runtime."""

    runtime_name: str
    nodes: list[Node]


class Unites(Body):
    """What a node waits for."""

    identifier: Identifier
    strategy: Strategy = "ALL_SUCCESS"


class GraphNode(Body):
    """One place in a graph; `namespace` is where its node is registered, that of the graph by default."""

    node_name: Name
    identifier: Placed
    namespace: Name | None = None
    inputs: dict[Name, JsonValue] = {}
    next_nodes: Annotated[list[Identifier], AfterValidator(_distinct)] | None = None
    unites: Unites | None = None


class Retrying(Body):
    """How failed states are tried again; times in milliseconds."""

    max_retries: Annotated[int, Field(ge=0, le=1_000_000)] = 3
    strategy: RetryStrategy = "EXPONENTIAL"
    backoff_factor: Factor = 2000
    exponent: Factor = 2
    max_delay: Factor | None = None


class StoreKeys(Body):
    """The keys of a run's store."""

    required_keys: Annotated[list[StoreKey], AfterValidator(_distinct)] = []
    default_values: Annotated[dict[StoreKey, str], BeforeValidator(_distinct_keys)] = {}


class Cron(Body):
    """When the clock starts a run, in UTC."""

    expression: Annotated[str, AfterValidator(_cron)]


class CronTrigger(Body):
    """A schedule of a graph."""

    type: Literal["CRON"]
    value: Cron


class Graph(Body):
    """A graph template."""

    model_config = ConfigDict(hide_input_in_errors=True)  # it has the values of secrets

    nodes: list[GraphNode]
    secrets: dict[str, str] = {}
    retry_policy: Retrying = Retrying()
    store_config: StoreKeys = StoreKeys()
    triggers: list[CronTrigger] = []


class Start(Body):
    """What a run is started with; `start_delay` in milliseconds."""

    start_delay: Annotated[int, Field(ge=0)] = 0
    inputs: dict[str, str] = {}
    store: dict[str, str] = {}


class Claim(Body):
    """For which nodes a runtime wants states, and how many."""

    nodes: Annotated[list[str], Field(max_length=1000)]
    batch_size: int


class Executed(Body):
    """What a body gave."""

    outputs: list[dict[str, JsonValue]]


class Errored(Body):
    """Why a body failed."""

    error: str


class Pruned(Body):
    """What a body said when it ended its branch."""

    data: dict[str, JsonValue]


class Requeued(Body):
    """In how many milliseconds a body wants to run again; 0 is taken as 1."""

    enqueue_after: Annotated[int, Field(ge=0)]


class Retry(Body):
    """What a retry by hand is called: it happens once under one name."""

    fanout_id: str
