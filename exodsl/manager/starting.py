"""What a trigger gives a run: its inputs, its store, and the inputs of its root (semantics 2, 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exodsl.engine.facts import Known, RunFacts
from exodsl.engine.resolve import Resolver
from exodsl.errors import InputInvalid, did_you_mean
from exodsl.manager.protocol import Trigger
from exodsl.template.json_values import strict_json
from exodsl.template.models import GraphTemplate, JsonSchema
from exodsl.template.needs import needed_inputs, root_of
from exodsl.template.policies import LONGEST_DELAY_MS


@dataclass(slots=True)
class NewRun:
    """A run that may start.

    :param store: what its store holds at first.
    :param inputs: those of its root, as JSON.
    :param due: when its root is.
    :param template: the key of its template.
    :param given: its own inputs, as JSON.
    """

    facts: RunFacts
    store: dict[str, Any]
    inputs: str
    due: int
    template: int
    given: str
    target: str | None
    idempotency_key: str | None


def as_json(values: Any, what: str, graph: str) -> str:
    """Return values as JSON text; :raises InputInvalid: when they are no JSON."""
    try:
        return strict_json(values)
    except ValueError as error:
        raise InputInvalid(f'The {what} for graph "{graph}" cannot be stored as JSON: {error}.') from error


def start_delay(given: int) -> int:
    """Return a start delay in milliseconds; :raises InputInvalid: when it lies before now, or beyond every date."""
    if not 0 <= given <= LONGEST_DELAY_MS:
        raise InputInvalid(f"A start delay of {given} ms is no time to wait: give 0 or more, at most ten years.")
    return given


def idempotency(trigger: Trigger) -> str | None:
    """Return the key under which a trigger's run is found again: it belongs to one graph."""
    if trigger.idempotency_key is None:
        return None
    return f"{trigger.namespace}\x1f{trigger.graph}\x1f{trigger.idempotency_key}"


class InputCheck:
    """Compares inputs of runs with the JSON Schema kept with their template.

    Where the template does not declare them they are the root's own, beside what its mapping gives.
    """

    def __init__(self, template: GraphTemplate) -> None:
        self._graph = template.name
        self._schema = template.inputs_schema or root_of(template).inputs_schema
        self._known: dict[str, JsonSchema] = (self._schema or {}).get("properties", {})
        self._defaults = _defaults(template.inputs_schema)
        self._needed = needed_inputs(template)
        self._plain = _plain_types(self._known)
        self._validator: Any = None

    def check(self, given: dict[str, Any]) -> None:
        """Look at the inputs of one run; :raises InputInvalid: naming what does not fit."""
        if self._schema is None or {name: type(value) for name, value in given.items()} == self._plain:
            return
        for name in given:
            if name not in self._known:
                raise InputInvalid(
                    f'Graph "{self._graph}" has no input "{name}". It has: {_listed(self._known)}.'
                    f"{did_you_mean(name, self._known)}"
                )
        missing = [name for name in self._needed if name not in given]
        if missing:
            raise InputInvalid(f'Graph "{self._graph}" needs the input{"s"[: len(missing) > 1]} {_listed(missing)}.')
        if not all(_plainly_fits(self._known[name], value) for name, value in given.items()):
            self._validate(given, self._schema)

    def completed(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs of one run, with defaults where the graph declares some; those of the root are its own."""
        left = {name: value for name, value in self._defaults.items() if name not in given}
        return {**given, **left} if left else given

    def check_one(self, name: str, value: Any) -> None:
        """Look at one input by itself; :raises InputInvalid: when it does not fit."""
        known = self._known.get(name)
        if self._schema is not None and known is not None and not _plainly_fits(known, value):
            self._validate({name: value}, self._schema)

    def _validate(self, given: dict[str, Any], schema: JsonSchema) -> None:
        if self._validator is None:
            from jsonschema import Draft202012Validator  # only needed where no model is at hand

            self._validator = Draft202012Validator({**schema, "required": []})
        for error in self._validator.iter_errors(given):
            raise InputInvalid(
                f'Graph "{self._graph}" cannot take its input `{".".join(map(str, error.path))}`: {error.message}.'
            )


def _defaults(schema: JsonSchema | None) -> dict[str, Any]:
    known = (schema or {}).get("properties", {})
    return {name: one["default"] for name, one in known.items() if "default" in one}


_PLAIN = {"string": str, "integer": int, "number": float, "boolean": bool}
_NO_LIMITS = frozenset({"type", "default"})


def _plain_types(known: dict[str, JsonSchema]) -> dict[str, type] | None:
    """Return the type of each input, if every value of those types fits: most do, and then nobody looks closer."""
    if not all(schema.keys() <= _NO_LIMITS and schema.get("type") in _PLAIN for schema in known.values()):
        return None
    return {name: _PLAIN[schema["type"]] for name, schema in known.items()}


def _plainly_fits(schema: JsonSchema, value: object) -> bool:
    """Say whether a value fits beyond doubt: most do, and then nobody has to look closer."""
    return schema.keys() <= _NO_LIMITS and type(value) is _PLAIN.get(schema.get("type", ""))


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


def _listed(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none"
