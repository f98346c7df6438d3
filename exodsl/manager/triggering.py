"""New runs: what a trigger asks for is checked before anything of it is written (semantics 9)."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from exodsl.database import templates
from exodsl.engine.facts import RunFacts
from exodsl.manager.exchange import Step
from exodsl.manager.ids import new_run_id
from exodsl.manager.protocol import Trigger
from exodsl.manager.secrets import check_stored
from exodsl.manager.starting import as_json, idempotency, initial_store, root_inputs, start_delay

NewRun = tuple[RunFacts, dict[str, Any], str, int]
"""A run, its store, the inputs of its root, and when that is due."""


class Starter:
    """Makes runs in one transaction; `Step.start` creates their first states."""

    def __init__(self, step: Step) -> None:
        self._step, self._connection, self._catalog = step, step.connection, step.catalog
        self._found: dict[tuple[str, str, int | None], int] = {}

    def find_or_start(self, trigger: Trigger) -> str | NewRun:
        """Return the id of the run that this key was given before, or a new run."""
        key = idempotency(trigger)
        before = None if key is None else templates.run_of(self._connection, key)
        if before is not None:
            return self._catalog.run(self._connection, before).run_id
        return self.new_run(trigger)

    def new_run(self, trigger: Trigger) -> NewRun:
        """Return a run that is stored, but has no state yet; :raises ExodslError: for one that cannot start."""
        key, graph = self._template(trigger), trigger.graph
        plan, base = self._catalog.plan(self._connection, key)
        if plan.template.secrets:
            check_stored(self._connection, plan.template)
        due = self._step.now + start_delay(trigger.start_delay_ms)
        text = as_json(dict(trigger.inputs), "inputs", graph)
        given: dict[str, Any] = from_json(text)
        if not trigger.validated:
            self._catalog.input_check(self._connection, key).check(given)
        store = initial_store(plan.template, dict(trigger.store))
        if store:
            store = from_json(as_json(store, "store values", graph))
        run = RunFacts(0, new_run_id(self._step.now), plan, base, given, store)
        root = root_inputs(run, given)
        inputs = text if root == given else as_json(root, "inputs", graph)
        unique = idempotency(trigger)
        run.key = templates.insert_run(self._connection, run.run_id, key, text, trigger.target, unique, self._step.now)
        return self._catalog.remember(run), store, inputs, due

    def _template(self, trigger: Trigger) -> int:
        wanted = (trigger.namespace, trigger.graph, trigger.version)
        if wanted not in self._found:
            self._found[wanted] = self._catalog.find(self._connection, *wanted)
        return self._found[wanted]
