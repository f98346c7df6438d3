"""Plans of stored templates and facts of runs, each read from the database once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from pydantic_core import from_json

from exodsl.database import templates
from exodsl.engine.facts import RunFacts
from exodsl.engine.plan import Plan, make_plan
from exodsl.errors import GraphNotFound
from exodsl.manager.cursors import LARGEST_KEY
from exodsl.manager.starting import InputCheck
from exodsl.template.checks import ensure_valid
from exodsl.template.models import GraphTemplate, hash_of

KEPT_RUNS = 10_000


class RunGone(Exception):
    """A run was cleaned away; whoever still holds a state of it comes too late."""


class Catalog:
    """What the manager remembers of templates (which never change) and of recent runs."""

    def __init__(self) -> None:
        self._plans: dict[int, tuple[Plan, int]] = {}
        self._input_checks: dict[int, InputCheck] = {}
        self._runs: OrderedDict[int, RunFacts] = OrderedDict()

    def upsert(self, connection: Any, template: GraphTemplate, now: int, *, but: Collection[str] = ()) -> int:
        """Store a template unless it is the newest already; return its version.

        :param but: codes of findings that do not keep it from being stored.
        """
        text = template.canonical_json()
        found = hash_of(text)
        newest = templates.newest(connection, template.namespace, template.name)
        if newest is not None and newest[2] == found:
            return int(newest[1])
        ensure_valid(template, but=but)
        version = 1 if newest is None else newest[1] + 1
        plan = make_plan(template)
        homes = {node.identifier: node.namespace or template.namespace for node in template.nodes}
        key = templates.insert(connection, template.namespace, template.name, version, found, text, now)
        templates.insert_nodes(connection, key, [(n.identifier, n.node_name, homes[n.identifier]) for n in plan.nodes])
        return version

    def find(self, connection: Any, namespace: str, graph: str, version: int | None) -> int:
        """Return the key of a stored template; :raises GraphNotFound: when there is none."""
        row = None
        if version is None:
            row = templates.newest(connection, namespace, graph)
        elif abs(version) < LARGEST_KEY:
            row = templates.numbered(connection, namespace, graph, version)
        if row is None:
            known = templates.names(connection, namespace)
            raise GraphNotFound(namespace, graph, known, version if graph in known else None)
        return int(row[0])

    def plan(self, connection: Any, template: int) -> tuple[Plan, int]:
        """Return the plan of a template, and the database's id of its first node."""
        if template not in self._plans:
            parsed = GraphTemplate.model_validate_json(templates.body(connection, template))
            self._plans[template] = make_plan(parsed), templates.first_node(connection, template)
        return self._plans[template]

    def input_check(self, connection: Any, template: int) -> InputCheck:
        """Return what checks the inputs of a template's runs."""
        if template not in self._input_checks:
            self._input_checks[template] = InputCheck(self.plan(connection, template)[0].template)
        return self._input_checks[template]

    def run(self, connection: Any, key: int) -> RunFacts:
        """Return the facts of a run."""
        facts = self._runs.get(key)
        if facts is None:
            row = templates.run_facts(connection, key)
            if row is None:
                raise RunGone(key)
            run_id, template, inputs, revised = row
            plan, base = self.plan(connection, template)
            facts = self.remember(RunFacts(key, run_id, plan, base, from_json(inputs), revised=bool(revised)))
        return facts

    def remember(self, facts: RunFacts) -> RunFacts:
        """Keep the facts of a run at hand."""
        self._runs[facts.key] = facts
        return facts

    def trim(self) -> None:
        """Let go of the runs read longest ago; called between transactions only."""
        while len(self._runs) > KEPT_RUNS:
            self._runs.popitem(last=False)

    def forget_runs(self) -> None:
        """Read runs anew; after a transaction that was rolled back, a key may come to mean another run."""
        self._runs.clear()

    def run_id(self, run: int) -> str:
        """Return the public id of a run that is at hand."""
        return self._runs[run].run_id
