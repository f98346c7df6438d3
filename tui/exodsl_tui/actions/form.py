"""What a trigger form asks for, what was typed into it, and the trigger and command line that come of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from exodsl.errors import InputInvalid
from exodsl.manager.lengths import length_ms, spelled_length
from exodsl.manager.naming import command
from exodsl.manager.protocol import StateManager, Trigger
from exodsl.manager.starting import InputCheck, initial_store
from exodsl.template.models import GraphTemplate
from exodsl_tui.actions.fields import Field, input_fields, store_fields
from exodsl_tui.actions.serving import is_served
from exodsl_tui.words import compact

EARLIER = 20
"""Earlier runs that one may choose from."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form of one graph is made from.

    :param served: whether a runtime is there that works on new runs of it.
    :param given: the inputs of an earlier run to begin with.
    :param target: how that run's workflow was named.
    """

    template: GraphTemplate
    served: bool
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    target: str | None = None

    @property
    def inputs(self) -> tuple[Field, ...]:
        """The inputs to ask for."""
        return input_fields(self.template)

    @property
    def store(self) -> tuple[Field, ...]:
        """The keys of the store to ask for."""
        return store_fields(self.template)


def read_asked(manager: StateManager, graph: tuple[str, str], run_id: str | None) -> Asked:
    """Return what the form of a graph's newest version needs, with the inputs of an earlier run if one is named."""
    template = manager.template(*graph)
    served = is_served(manager, template.namespace, template.name)
    if run_id is None:
        return Asked(template, served)
    run = manager.run(run_id)
    return Asked(template, served, run.inputs, run.target)


@dataclass(slots=True)
class Filled:
    """What was typed into a form: by names of inputs and store keys, empty where nothing was."""

    inputs: dict[str, str] = field(default_factory=dict[str, str])
    store: dict[str, str] = field(default_factory=dict[str, str])
    delay: str = ""
    key: str = ""


class Form:
    """Reads what was typed, and judges it as the state manager will."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._check = InputCheck(asked.template)

    def judge(self, field: Field, typed: str) -> None:
        """Judge one input alone. :raises InputInvalid: when the graph cannot take it."""
        value = _value(field, typed)
        if value is not _LEFT_OUT:
            self._check.check_one(field.name, value)

    def trigger(self, filled: Filled) -> Trigger:
        """Return what starts the run. :raises InputInvalid: saying what is missing or wrong."""
        template = self.asked.template
        inputs, store = _values(self.asked.inputs, filled.inputs), _values(self.asked.store, filled.store)
        self._check.check(inputs)
        initial_store(template, store)
        return Trigger(
            template.namespace,
            template.name,
            inputs,
            store,
            start_delay_ms=delay_ms(filled.delay),
            target=self.asked.target,
            idempotency_key=filled.key.strip() or None,
        )


def delay_ms(typed: str) -> int:
    """Return a start delay in milliseconds. :raises InputInvalid: when it is no length of time."""
    found = length_ms(typed) if typed.strip() else 0
    if found is None:
        raise InputInvalid(f'"{typed}" is no length of time. Write seconds, or a number with ms, s, m, h or d: 10m.')
    return found


_LEFT_OUT = object()


def _values(fields: Iterable[Field], typed: Mapping[str, str]) -> dict[str, Any]:
    found = {field.name: _value(field, typed.get(field.name, "")) for field in fields}
    return {name: value for name, value in found.items() if value is not _LEFT_OUT}


def _value(field: Field, typed: str) -> Any:
    """Return the value of a field; what is as it was, and not needed, is left to its default."""
    if not typed.strip():
        if field.required and field.nullable:
            return None
        return _LEFT_OUT
    if not field.required and typed == field.initial:
        return _LEFT_OUT
    return field.read(typed)


# Files and command lines


def read_inputs_file(path: str) -> dict[str, Any]:
    """Return the JSON object in a file. :raises InputInvalid: when it cannot be read, or is none."""
    try:
        found = json.loads(Path(path).expanduser().read_text("utf-8"))
    except OSError as error:
        raise InputInvalid(f'The file "{path}" cannot be read: {error.strerror}.') from error
    except (ValueError, RecursionError) as error:
        raise InputInvalid(f'The file "{path}" is no JSON: {error}.') from error
    if not isinstance(found, dict):
        raise InputInvalid(f'The file "{path}" must hold a JSON object: {{"name": "value"}}.')
    return cast("dict[str, Any]", found)


def prefilled(fields: Iterable[Field], given: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands in the fields where some values are given. :raises InputInvalid: for an unknown one."""
    known = {field.name: field for field in fields}
    for name in given:
        if name not in known:
            raise InputInvalid(f'There is no input "{name}". There is: {", ".join(known) or "none"}.')
    return {name: known[name].spelled(value) for name, value in given.items()}


def fitting(fields: Iterable[Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an earlier run's inputs the graph still takes."""
    names = {field.name for field in fields}
    return {name: value for name, value in given.items() if name in names}


def command_line(asked: Asked, wish: Trigger, db: str | None) -> str:
    """Return the command that starts the same run."""
    words = ["trigger", wish.graph]
    words += [] if wish.namespace == "default" else ["--namespace", wish.namespace]
    words += _input_words(asked.inputs, wish.inputs)
    for key, value in wish.store.items():
        words += ["--store", f"{key}={compact(value)}"]
    words += ["--start-delay", spelled_length(wish.start_delay_ms)] if wish.start_delay_ms else []
    words += [] if wish.idempotency_key is None else ["--idempotency-key", wish.idempotency_key]
    return command(db, *words)


def _input_words(fields: Iterable[Field], inputs: Mapping[str, Any]) -> list[str]:
    """Return inputs one by one, or as one JSON object where a value could be taken for a text."""
    texts = {field.name for field in fields if field.text}
    if any(name in texts and not isinstance(value, str) for name, value in inputs.items()):
        return ["--inputs", compact(dict(inputs))]
    words: list[str] = []
    for name, value in inputs.items():
        spelled = value if name in texts else compact(value)
        words += ["--input", f"{name}={'@' if spelled.startswith('@') else ''}{spelled}"]
    return words
