"""A template in Exosphere's plain form, and all that the form cannot say (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exodsl.template.models import GraphTemplate, NodeTemplate, StoreConfig, Unites
from exodsl.template.placeholders import OPEN, Reference, as_text, references
from exodsl.template.policies import RetryPolicy
from exodsl.template.schema_types import ValueType, fields, required
from exodsl.template.shape import Shape
from exodsl.template.triggers import CronSchedule, CronTrigger

_PLAIN_RETRY = ("max_retries", "strategy", "backoff_factor", "exponent", "max_delay")


def as_exosphere(template: GraphTemplate) -> tuple[dict[str, Any], list[str]]:
    """Return a checked template as Exosphere's state manager takes it, and what got lost on the way.

    Each loss names where it stands (an identifier, or the graph) and why. A template that uses nothing beyond
    Exosphere's own fields loses nothing, except the values of its secrets: those appear in no export (semantics 8).
    """
    export = _Export(template)
    return export.body(), export.lost


class _Export:
    """One export under way; `lost` grows as it goes."""

    def __init__(self, template: GraphTemplate) -> None:
        self._template = template
        self._shape = Shape(template)
        self.lost: list[str] = []

    def body(self) -> dict[str, Any]:
        """Return the whole body of an upsert."""
        template = self._template
        if template.keep_store:
            self._lose("the graph", "`keep_store` is left out; Exosphere decides itself what becomes of a store.")
        body: dict[str, Any] = {
            "secrets": {name: self._secret(name) for name in template.secrets},
            "nodes": [self._node(node) for node in template.nodes],
            "retry_policy": self._retry(template.retry_policy),
            "store_config": self._store(template.store_config),
        }
        if template.triggers:
            body["triggers"] = [self._trigger(trigger) for trigger in template.triggers]
        return body

    def _lose(self, where: str, why: str) -> None:
        self.lost.append(f"{where}: {why}")

    def _secret(self, name: str) -> str:
        self._lose("the graph", f'secret "{name}" is exported without its value; fill it in.')
        return ""

    def _retry(self, policy: RetryPolicy) -> dict[str, Any]:
        for name in ("retry_on", "give_up_on"):
            if getattr(policy, name) != getattr(RetryPolicy(), name):
                self._lose("the graph", f"`{name}` is left out; Exosphere retries every exception.")
        return policy.model_dump(mode="json", include=set(_PLAIN_RETRY))

    def _store(self, store: StoreConfig) -> dict[str, Any]:
        defaults = {key: self._stored(key, value) for key, value in store.default_values.items()}
        return {"required_keys": list(store.required_keys), "default_values": defaults}

    def _stored(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            self._lose("the graph", f'the default of store key "{key}" becomes text; Exosphere stores text only.')
        return as_text(value)

    def _trigger(self, trigger: CronTrigger) -> dict[str, Any]:
        value = trigger.value
        for why in _beyond_cron(value):
            self._lose("the graph", f'schedule "{value.expression}": {why}')
        return {"type": trigger.type, "value": {"expression": value.expression}}

    def _node(self, node: NodeTemplate) -> dict[str, Any]:
        for why in (*_options(node), *_types(node)):
            self._lose(node.identifier, why)
        return {
            "node_name": node.node_name,
            "namespace": node.namespace or self._template.namespace,
            "identifier": node.identifier,
            "inputs": self._inputs(node),
            "next_nodes": list(node.next_nodes),
            "unites": self._unites(node),
        }

    def _unites(self, node: NodeTemplate) -> dict[str, str] | None:
        if node.unites is None:
            return None
        self._check_per(node.identifier, node.unites)
        return {"identifier": node.unites.identifier, "strategy": node.unites.strategy}

    def _check_per(self, identifier: str, unites: Unites) -> None:
        source = unites.identifier
        if unites.per == "output" and self._shape.nodes[source].fans_out is not False:
            why = f"it runs once for each output of `{source}`; in Exosphere, once for all of them."
            self._lose(identifier, why)

    def _inputs(self, node: NodeTemplate) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in node.inputs.items():
            text = self._input(node, name, value)
            if text is not None:
                found[name] = text
        return {**found, **self._unmapped(node)}

    def _input(self, node: NodeTemplate, name: str, value: object) -> str | None:
        """Return the text that an input gets; `None` where no text says the same."""
        problem = _inexpressible(value)
        if problem is None:
            if not isinstance(value, str):
                self._lose(node.identifier, f'the value of input "{name}" becomes text: {as_text(value)}')
            return as_text(value)
        if node.identifier in self._shape.roots:
            self._lose(node.identifier, _at_trigger(name))
            return ""
        self._lose(node.identifier, f'input "{name}" is left out: {problem} ({as_text(value)}).')
        return None

    def _unmapped(self, node: NodeTemplate) -> dict[str, str]:
        """Return what the mapping leaves to the node or the trigger: Exosphere wants every input listed."""
        found: dict[str, str] = {}
        for one in ValueType.of(node.inputs_schema).alternatives():
            needed = required(one)
            for name, kind in fields(one):
                if name in node.inputs:
                    continue
                default = kind.plain.get("default")
                if isinstance(default, str) and OPEN not in default:
                    found[name] = default
                elif name in needed:
                    self._lose(node.identifier, _at_trigger(name))
                    found[name] = ""
                else:
                    why = f'input "{name}" is left out, as its default is no plain text; Exosphere wants it mapped.'
                    self._lose(node.identifier, why)
        return found


def _inexpressible(value: object) -> str | None:
    """Say what it is in a mapping value that no text of Exosphere's says, if anything."""
    if not isinstance(value, str):
        return "its text would be read as a placeholder" if OPEN in as_text(value) else None
    problems = (_unknown(reference) for reference in references(value))
    return next((problem for problem in problems if problem is not None), None)


def _unknown(reference: Reference) -> str | None:
    """Say what it is in a placeholder that Exosphere does not know, if anything."""
    if reference.kind == "inputs":
        return "only the first node gets what a run is triggered with; the store could carry it"
    if reference.kind == "previous":
        return "`previous` is unknown to Exosphere"
    if not reference.path:
        return "Exosphere hands over one field, not all outputs"
    if len(reference.path) > 1:
        return "Exosphere cannot look into a field"
    return None


def _beyond_cron(schedule: CronSchedule) -> Iterator[str]:
    """Give what is said of a schedule beside its expression, where Exosphere does otherwise."""
    if schedule.tz != "UTC":
        yield f"its time zone {schedule.tz} is left out; Exosphere reads it in UTC."
    if schedule.catch_up != "latest":
        yield f"catch_up={schedule.catch_up} is left out; Exosphere starts the latest tick that it missed."
    if schedule.overlap != "allow":
        yield f"overlap={schedule.overlap} is left out; Exosphere starts a run whatever goes on."


def _at_trigger(name: str) -> str:
    return f'input "{name}" is exported empty; give it at trigger under this name, Exosphere does not demand it.'


def _options(node: NodeTemplate) -> Iterator[str]:
    """Give what is said of a node beyond Exosphere's fields."""
    if node.fans_out:
        yield "it is not declared to fan out; where it gives one output only, its list is read as one value."
    if node.arrivals is not None:
        yield f"the order of its arrivals is left out ({', '.join(node.arrivals)})."
    if node.retry_policy is not None:
        yield "its own retry policy is left out; that of the graph holds."
    if node.timeout_ms is not None:
        yield f"its timeout of {node.timeout_ms} ms is left out."
    if node.executor is not None:
        yield f'its executor "{node.executor}" is left out.'


def _types(node: NodeTemplate) -> Iterator[str]:
    """Give the fields that are no text."""
    for what, schema in (("input", node.inputs_schema), ("output", node.outputs_schema)):
        for name, kind in fields(ValueType.of(schema)):
            if not all(one.kind in (None, "string") for one in kind.alternatives()):
                yield f'its {what} "{name}" is of type {kind}; Exosphere\'s nodes take and give text only.'
