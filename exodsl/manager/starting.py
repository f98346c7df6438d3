"""What a trigger gives a run: its inputs, its store, and the inputs of its root (semantics 2, 7)."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from exodsl.engine.facts import Known, RunFacts
from exodsl.engine.resolve import Resolver
from exodsl.errors import InputInvalid, did_you_mean
from exodsl.template.models import GraphTemplate


def as_json(values: Any, what: str, graph: str) -> str:
    """Return values as JSON text; :raises InputInvalid: when they are no JSON."""
    try:
        text = to_json(values, inf_nan_mode="constants").decode()
    except PydanticSerializationError as error:
        raise InputInvalid(f'The {what} for graph "{graph}" cannot be stored as JSON: {error}') from error
    if "NaN" in text or "Infinity" in text:
        _refuse_non_finite(values, what, graph)
    return text


def _refuse_non_finite(value: Any, what: str, graph: str) -> None:
    if isinstance(value, float) and value - value != 0:
        raise InputInvalid(f'The {what} for graph "{graph}" hold {value}, which JSON does not know.')
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for item in items:
        _refuse_non_finite(item, what, graph)


def check_inputs(template: GraphTemplate, given: dict[str, Any]) -> None:
    """Compare the names of a run's inputs with what the template declares; :raises InputInvalid:."""
    schema = template.inputs_schema or _root(template).inputs_schema
    if schema is None:
        return
    known, mapped = schema.get("properties", {}), set[str]()
    if template.inputs_schema is None:
        mapped = set(_root(template).inputs)
    for name in given:
        if name not in known:
            raise InputInvalid(
                f'Graph "{template.name}" has no input "{name}". It has: {_listed(known)}.{did_you_mean(name, known)}'
            )
    missing = [name for name in schema.get("required", ()) if name not in given and name not in mapped]
    if missing:
        raise InputInvalid(f'Graph "{template.name}" needs the input{"s"[: len(missing) > 1]} {_listed(missing)}.')


def initial_store(template: GraphTemplate, given: dict[str, Any]) -> dict[str, Any]:
    """Return a new run's store; :raises InputInvalid: for unknown keys and required ones that are missing."""
    config = template.store_config
    for key in given:
        if not key or "." in key:
            raise InputInvalid(f'"{key}" cannot be a store key: it must not be empty and must not contain a dot.')
        if config.keys and key not in config.keys:
            raise InputInvalid(
                f'Graph "{template.name}" has no store key "{key}". It has: {_listed(sorted(config.keys))}.'
                f"{did_you_mean(key, config.keys)}"
            )
    missing = [key for key in config.required_keys if key not in given]
    if missing:
        raise InputInvalid(f'Graph "{template.name}" needs the store key{"s"[: len(missing) > 1]} {_listed(missing)}.')
    return {**config.default_values, **given}


def root_inputs(run: RunFacts, given: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of the root's first state; :raises InputInvalid: when a placeholder has no value.

    A template that does not declare the run's inputs takes them as the root's own.
    """
    found = Resolver(run, b"", Known()).inputs(run.plan.root)
    if isinstance(found, list):
        raise InputInvalid(f'Graph "{run.plan.template.name}" cannot start: {found[0].reason}.')
    return found if run.plan.template.inputs_schema is not None else {**found, **given}


def _root(template: GraphTemplate) -> Any:
    behind = {name for node in template.nodes for name in node.next_nodes}
    return next(node for node in template.nodes if node.identifier not in behind and node.unites is None)


def _listed(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none"
