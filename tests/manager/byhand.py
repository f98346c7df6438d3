"""Runs worked by hand: a test claims, answers and lets time pass as it says; only the protocol is used."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exodsl.engine.reports import (
    Claim,
    ErrorInfo,
    Executed,
    Failed,
    Pruned,
    Report,
    Requeued,
    Result,
    StoreWrite,
)
from exodsl.manager.protocol import Exchange, Serves, StateManager, Trigger
from exodsl.manager.views import NodeProgress, StateView
from exodsl.template.models import GraphTemplate

Deed = Result | Callable[[dict[str, Any]], Result]
"""What a node does: the same always, or what its inputs make of it."""

NOTHING: Result = Executed(["{}"])
MOST_WAITS = 500
SOON = 20.0
"""How many seconds what comes at once may take, on a machine with much else to do."""


class Clock:
    """Milliseconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms


def give(*outputs: Mapping[str, Any], writes: Iterable[StoreWrite] = ()) -> Result:
    """Return the report of a body that gave these outputs."""
    return Executed([json.dumps(output, separators=(",", ":")) for output in outputs], tuple(writes))


def numbers(count: int) -> Result:
    """Return the report of a body that gave `{"n": 0}`, `{"n": 1}` and so on."""
    return Executed([f'{{"n":{number}}}' for number in range(count)])


def fail(message: str = "broken", *, retryable: bool = False) -> Result:
    """Return the report of a body that failed, for good unless it says otherwise."""
    return Failed(ErrorInfo("tests.Broken", message), retryable)


def prune(writes: Iterable[StoreWrite] = (), **data: Any) -> Result:
    """Return the report of a body that ended its branch on purpose."""
    return Pruned(json.dumps(data), tuple(writes))


def requeue(after_ms: int, writes: Iterable[StoreWrite] = ()) -> Result:
    """Return the report of a body that wants to run later."""
    return Requeued(after_ms, tuple(writes))


def put(key: str, value: Any) -> StoreWrite:
    """Return a write that replaces a value of the store."""
    return StoreWrite("set", key, value)


def add(key: str, amount: Any) -> StoreWrite:
    """Return a write that adds to a number of the store."""
    return StoreWrite("add", key, amount)


def draw(
    arrows: str,
    *,
    unites: Mapping[str, str] = {},
    inputs: Mapping[str, Mapping[str, Any]] = {},
    parts: Mapping[str, Mapping[str, Any]] = {},
    **template: Any,
) -> GraphTemplate:
    """Return the template of arrows such as `split* > work, work > total`.

    `*` marks a node that fans out, `?` one that does not say. `unites` names what a node unites:
    `split`, `split/output`, and with `!` for ALL_DONE. `inputs` are mappings, `parts` any other fields of a node.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for arrow in arrows.split(","):
        before, _, behind = arrow.partition(">")
        targets = [_stand(nodes, word) for word in behind.split()]
        for source in [_stand(nodes, word) for word in before.split()]:
            nodes[source]["next_nodes"] += targets
    for name, wanted in unites.items():
        identifier, _, per = wanted.rstrip("!").partition("/")
        strategy = "ALL_DONE" if wanted.endswith("!") else "ALL_SUCCESS"
        nodes[name]["unites"] = {"identifier": identifier, "strategy": strategy, "per": per or "execution"}
    for name, mapping in inputs.items():
        nodes[name]["inputs"] = dict(mapping)
    for name, fields in parts.items():
        nodes[name] |= fields
    return GraphTemplate.model_validate({"nodes": list(nodes.values()), **template})


def _stand(nodes: dict[str, dict[str, Any]], word: str) -> str:
    name = word.rstrip("*?")
    start = {"node_name": name, "identifier": name, "next_nodes": [], "fans_out": False}
    node = nodes.setdefault(name, start)
    if word != name:
        node["fans_out"] = True if word.endswith("*") else None
    return name


def serves(*templates: GraphTemplate, run_id: str | None = None) -> Serves:
    """Return what a runtime serves that has every node of these templates."""
    return Serves({(t.namespace, t.name): frozenset(node.node_name for node in t.nodes) for t in templates}, run_id)


@dataclass
class ByHand:
    """One run of a template, and the one runtime that works on it."""

    manager: StateManager
    clock: Clock
    template: GraphTemplate
    run_id: str
    session: int
    held: list[Claim] = field(default_factory=list)

    def take(self, capacity: int = 100) -> list[Claim]:
        """Claim what is due; return it."""
        return self.tell(capacity=capacity)

    def tell(self, *reports: Report, capacity: int = 100) -> list[Claim]:
        """Report, and return what is claimed along with it."""
        return list(self.exchange(*reports, capacity=capacity).claims)

    def exchange(self, *reports: Report, capacity: int = 100) -> Exchange:
        """Report and claim; what was reported is held no more."""
        answer = self.manager.exchange(self.session, reports, capacity)
        told = {report.state_id for report in reports}
        self.held = [claim for claim in self.held if claim.state_id not in told]
        self.held += answer.claims
        return answer

    def reach(self, identifier: str, **deeds: Deed) -> Claim:
        """Work until a state of this node is held; return its claim."""
        while True:
            for claim in self.held:
                if claim.identifier == identifier:
                    return claim
            if not self.held and not self.take():
                raise AssertionError(f'nothing leads to "{identifier}"')
            self.answer(deeds)

    def work(self, **deeds: Deed) -> str:
        """Work until nothing is left to do, letting time pass; return the run's status."""
        for _ in range(MOST_WAITS):
            answer = self.exchange(capacity=500)
            if not self.held and answer.next_due_ms is None:
                return self.status
            self.clock.now_ms += 0 if self.held else answer.next_due_ms or 0
            while self.held:
                self.answer(deeds)
        raise AssertionError("there is always something due, and never anything to do")

    def answer(self, deeds: Mapping[str, Deed]) -> Exchange:
        """Report all that is held; a node without a deed gives `{}`."""
        reports = [Report(c.state_id, c.lease, _result(deeds.get(c.identifier, NOTHING), c)) for c in self.held]
        return self.exchange(*reports, capacity=500)

    @property
    def status(self) -> str:
        """The run's status."""
        return self.manager.run(self.run_id).status

    @property
    def store(self) -> dict[str, Any]:
        """The committed store."""
        return self.manager.read_store(self.run_id)

    def states(self, identifier: str | None = None) -> list[StateView]:
        """Return every state, or every one of a node."""
        found: list[StateView] = []
        cursor = None
        while True:
            page = self.manager.states(self.run_id, identifier=identifier, limit=500, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def state(self, identifier: str) -> StateView:
        """Return the only state of a node."""
        (one,) = self.states(identifier)
        return one

    def ends(self, identifier: str | None = None) -> list[str]:
        """Return the statuses of every state of a node, in fanout order."""
        return [state.status for state in self.states(identifier)]

    def inputs(self, identifier: str) -> dict[str, Any]:
        """Return the inputs of the only state of a node."""
        return self.state(identifier).inputs

    def progress(self, identifier: str) -> NodeProgress:
        """Return the counts of one node."""
        return next(part for part in self.manager.progress(self.run_id) if part.identifier == identifier)


def _result(deed: Deed, claim: Claim) -> Result:
    return deed(json.loads(claim.inputs)) if callable(deed) else deed


def report(claim: Claim, result: Result = NOTHING) -> Report:
    """Return a report of what became of a claim."""
    return Report(claim.state_id, claim.lease, result)


def begin(
    manager: StateManager,
    clock: Clock,
    template: GraphTemplate,
    inputs: Mapping[str, Any] = {},
    store: Mapping[str, Any] = {},
    start_delay_ms: int = 0,
) -> ByHand:
    """Store a template, trigger one run of it, and open a session that serves all its nodes."""
    manager.upsert(template)
    trigger = Trigger(template.namespace, template.name, inputs, store, start_delay_ms=start_delay_ms)
    (run_id,) = manager.trigger([trigger])
    return ByHand(manager, clock, template, run_id, manager.open_session("by hand", serves(template)))
