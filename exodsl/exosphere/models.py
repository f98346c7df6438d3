"""How an SDK program writes a graph: the models of Exosphere's SDK, with its names, fields and defaults."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from exodsl.template.models import Name, StoreKey


class UnitesStrategyEnum(str, Enum):  # noqa: UP042 - like the SDK's, also where it is printed
    """When a uniting node runs: if nothing failed, or in any case (semantics 4)."""

    ALL_SUCCESS = "ALL_SUCCESS"
    ALL_DONE = "ALL_DONE"


class RetryStrategyEnum(str, Enum):  # noqa: UP042 - like the SDK's, also where it is printed
    """How the delay before a retry grows (semantics 6)."""

    EXPONENTIAL = "EXPONENTIAL"
    EXPONENTIAL_FULL_JITTER = "EXPONENTIAL_FULL_JITTER"
    EXPONENTIAL_EQUAL_JITTER = "EXPONENTIAL_EQUAL_JITTER"
    LINEAR = "LINEAR"
    LINEAR_FULL_JITTER = "LINEAR_FULL_JITTER"
    LINEAR_EQUAL_JITTER = "LINEAR_EQUAL_JITTER"
    FIXED = "FIXED"
    FIXED_FULL_JITTER = "FIXED_FULL_JITTER"
    FIXED_EQUAL_JITTER = "FIXED_EQUAL_JITTER"


def _distinct(names: Sequence[str]) -> Sequence[str]:
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f'"{repeated}" stands there twice')
    return names


def _no_store(identifier: str) -> str:
    if identifier == "store":
        raise ValueError("`store` is reserved: placeholders use it for the store")
    return identifier


Distinct = AfterValidator(_distinct)


class UnitesModel(BaseModel):
    """What a node waits for: everything that came from one execution of the node `identifier`."""

    identifier: Name
    strategy: UnitesStrategyEnum = UnitesStrategyEnum.ALL_SUCCESS


class GraphNodeModel(BaseModel):
    """One place in a graph: which node stands there, what it gets, what follows."""

    node_name: Name
    namespace: str
    identifier: Annotated[Name, AfterValidator(_no_store)]
    inputs: dict[str, Any] = Field(default_factory=dict)
    next_nodes: Annotated[list[Name], Distinct] | None = None
    unites: UnitesModel | None = None


class RetryPolicyModel(BaseModel):
    """How failed states are tried again; `backoff_factor` and `max_delay` in milliseconds."""

    max_retries: int = Field(default=3, ge=0)
    strategy: RetryStrategyEnum = RetryStrategyEnum.EXPONENTIAL
    backoff_factor: int = Field(default=2000, gt=0)
    exponent: int = Field(default=2, gt=0)
    max_delay: int | None = Field(default=None, gt=0)


class StoreConfigModel(BaseModel):
    """The keys of a run's store: those that a trigger must give, and the values of others."""

    required_keys: Annotated[list[StoreKey], Distinct] = Field(default_factory=list)
    default_values: dict[StoreKey, str] = Field(default_factory=dict)


class CronTrigger(BaseModel):
    """When the clock starts runs: a cron expression with five fields, read in UTC."""

    expression: str
