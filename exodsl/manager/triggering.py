"""New runs: what a trigger asks for is checked before anything of it is written (semantics 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

from exodsl.database import templates
from exodsl.engine.facts import RunFacts
from exodsl.manager.exchange import Step
from exodsl.manager.ids import new_run_id
from exodsl.manager.protocol import Trigger
from exodsl.manager.secrets import check_stored
from exodsl.manager.starting import NewRun, as_json, idempotency, initial_store, root_inputs, start_delay
from exodsl.template.models import GraphTemplate


class Starter:
    """Makes runs in one transaction; `Step.start` creates their first states.

    :param check_secrets: refuses a run whose nodes could not be handed their secrets.
    """

    def __init__(self, step: Step, check_secrets: Callable[[Any, GraphTemplate], None] = check_stored) -> None:
        self._step, self._connection, self._catalog = step, step.connection, step.catalog
        self._check_secrets = check_secrets
        self._found: dict[tuple[str, str, int | None], int] = {}
        self._keyed: dict[str, str] = {}

    def find_or_start(self, trigger: Trigger) -> str | NewRun:
        """Return the id of the run that this key was given before, or a new run."""
        key = idempotency(trigger)
        if key is None:
            return self.new_run(trigger)
        if key in self._keyed:
            return self._keyed[key]
        before = templates.run_of(self._connection, key)
        if before is not None:
            return self._catalog.run(self._connection, before).run_id
        new = self.new_run(trigger)
        self._keyed[key] = new.facts.run_id
        return new

    def new_run(self, trigger: Trigger) -> NewRun:
        """Return a run that is not stored yet; :raises ExodslError: for one that cannot start."""
        key, graph = self._template(trigger), trigger.graph
        plan, base = self._catalog.plan(self._connection, key)
        if plan.template.secrets:
            self._check_secrets(self._connection, plan.template)
        due = self._step.now + start_delay(trigger.start_delay_ms)
        text = as_json(dict(trigger.inputs), "inputs", graph)
        given: dict[str, Any] = from_json(text)
        if not trigger.validated:
            check = self._catalog.input_check(self._connection, key)
            check.check(given)
            if (whole := check.completed(given)) is not given:
                given, text = whole, as_json(whole, "inputs", graph)
        store = initial_store(plan.template, dict(trigger.store))
        if store:
            store = from_json(as_json(store, "store values", graph))
        run = RunFacts(0, new_run_id(self._step.now), plan, base, given, store)
        inputs = self._root_inputs(run, text)
        run.key = self._step.next_run()
        self._catalog.remember(run)
        return NewRun(run, store, inputs, due, key, text, trigger.target, idempotency(trigger))

    def _root_inputs(self, run: RunFacts, text: str) -> str:
        if run.plan.root.takes == run.inputs.keys():
            return text
        root = root_inputs(run, run.inputs)
        return text if root == run.inputs else as_json(root, "inputs", run.plan.template.name)

    def _template(self, trigger: Trigger) -> int:
        wanted = (trigger.namespace, trigger.graph, trigger.version)
        if wanted not in self._found:
            self._found[wanted] = self._catalog.find(self._connection, *wanted)
        return self._found[wanted]
