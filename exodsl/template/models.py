"""The graph template: a workflow as data (semantics 2).

Field names are Exosphere's; everything beyond them is optional, so that a template
written by hand as JSON needs none of it.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
)
from pydantic_core import to_json

from exodsl.template.policies import RetryPolicy
from exodsl.template.secrets import STORED, SecretSource
from exodsl.template.triggers import CronTrigger

RESERVED = frozenset({"store", "inputs", "previous"})
"""Identifiers that placeholders use for something else."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\s.{}]+$")]
JsonSchema = dict[str, Any]
Strategy = Literal["ALL_SUCCESS", "ALL_DONE"]
Per = Literal["execution", "output"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Unites(_Part):
    """What a node waits for (semantics 4).

    `per` says for what the node runs once: for one *execution* of the node it names,
    or for each *output* of it.
    """

    identifier: Identifier
    strategy: Strategy = "ALL_SUCCESS"
    per: Per = "execution"


class NodeTemplate(_Part):
    """One place in a graph: which node stands there, what it gets, what follows.

    `fans_out` says whether the node gives many outputs (`None`: not declared, so it may
    do either). `arrivals` orders the parents of a node that runs once per arrival; without
    it they are ordered as they stand in the template.
    """

    node_name: Name
    identifier: Identifier
    namespace: Name | None = None
    inputs: dict[Name, JsonValue] = Field(default_factory=dict)
    next_nodes: Annotated[tuple[Identifier, ...], BeforeValidator(lambda v: () if v is None else v)] = ()
    unites: Unites | None = None
    fans_out: bool | None = None
    arrivals: tuple[Identifier, ...] | None = None
    retry_policy: RetryPolicy | None = None
    timeout_ms: Annotated[int, Field(gt=0)] | None = None
    executor: Name | None = None
    secrets: tuple[Name, ...] = ()
    inputs_schema: JsonSchema | None = None
    outputs_schema: JsonSchema | None = None


def _store_key(key: str) -> str:
    key = key.strip()
    if not key or "." in key:
        raise ValueError(f'a store key must not be empty and must not contain a dot, not "{key}"')
    return key


StoreKey = Annotated[str, AfterValidator(_store_key)]


class StoreConfig(_Part):
    """The keys that a trigger must give, and the values of those it need not (semantics 7)."""

    required_keys: tuple[StoreKey, ...] = ()
    default_values: dict[StoreKey, JsonValue] = Field(default_factory=dict)

    @property
    def keys(self) -> frozenset[str]:
        """Every declared key."""
        return frozenset(self.required_keys) | frozenset(self.default_values)


class GraphTemplate(_Part):
    """A compiled graph: pure data that can be stored, compared, exported and imported.

    `inputs_schema` describes the run's inputs; without it they are the inputs of the root
    node that its mapping leaves out. `keep_store` keeps the store of a run that ended. `secrets` says
    where each comes from, and holds no value. `triggers` are its schedules.
    """

    model_config = ConfigDict(hide_input_in_errors=True)  # it may hold the value of a secret

    nodes: tuple[NodeTemplate, ...]
    name: Name = "graph"
    namespace: Name = "default"
    secrets: dict[Name, SecretSource] = Field(default_factory=dict)
    retry_policy: RetryPolicy = RetryPolicy()
    store_config: StoreConfig = StoreConfig()
    inputs_schema: JsonSchema | None = None
    keep_store: bool = False
    triggers: tuple[CronTrigger, ...] = ()

    @field_validator("secrets")
    @classmethod
    def _in_order(cls, secrets: dict[str, SecretSource]) -> dict[str, SecretSource]:
        return dict(sorted(secrets.items()))

    @property
    def stored_secrets(self) -> frozenset[str]:
        """The names of the secrets whose values the state manager keeps."""
        return frozenset(name for name, source in self.secrets.items() if source is STORED)

    @property
    def homes(self) -> frozenset[str]:
        """The namespaces of its nodes."""
        return frozenset(node.namespace or self.namespace for node in self.nodes)

    def node(self, identifier: str) -> NodeTemplate:
        """Return the node that stands at `identifier`; `KeyError` when there is none."""
        for node in self.nodes:
            if node.identifier == identifier:
                return node
        raise KeyError(identifier)

    def canonical_json(self) -> str:
        """Return the one JSON text that equal templates share: sorted keys, no defaults."""
        body = self.model_dump(mode="json", exclude_defaults=True)
        return to_json(_sorted(body)).decode()

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the canonical JSON, in hex: a changed template is a new version."""
        return hash_of(self.canonical_json())


def hash_of(canonical_json: str) -> str:
    """Return the content hash of a template by its canonical JSON."""
    return hashlib.sha256(canonical_json.encode()).hexdigest()


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value
