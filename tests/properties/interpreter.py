"""An interpreter of the semantics that is as plain as it can be, to hold the engine against.

It knows the template models and nothing else of exodsl. Everything it decides it decides by
looking at all states anew: what is live, what failed, what a list holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from exodsl.template.models import GraphTemplate
from tests.properties.bodies import Act, Fail, Give, Json, Prune, Requeue, Write
from tests.properties.layout import Layout
from tests.properties.outcome import Outcome, Row

Path = tuple[int, ...]
Cause = Literal["prune", "failure"]
PLACEHOLDER = re.compile(r"\$\{\{\s*([^{}]*?)\s*\}\}")
FAILURES = ("ERRORED", "NEXT_CREATED_ERROR")


class Absent(Exception):
    """A placeholder has no value; says why."""

    def __init__(self, cause: Cause) -> None:
        self.cause: Cause = cause


@dataclass(frozen=True)
class Place:
    """A state that waits to be run."""

    identifier: str
    path: Path
    inputs: Json


@dataclass(frozen=True)
class State:
    """A state that has ended; `behind` is the path of what follows it.

    A blocked unite is a failure at its own place without being a state that anybody sees.
    """

    identifier: str
    path: Path
    behind: Path
    row: Row
    branch: bool = False
    blocked: bool = False


@dataclass(frozen=True)
class Gate:
    """A unite that still waits, for what was opened below `path`."""

    unite: str
    path: Path


@dataclass
class World:
    """One run while it is played: what waits, what has ended, and the store."""

    template: GraphTemplate
    act: Act
    run_inputs: Mapping[str, Any]
    store: Json
    waiting: list[Place] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    opened: list[Gate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layout = Layout(self.template.nodes)

    # --- running one state ------------------------------------------------------------------------

    def run(self, place: Place) -> None:
        """Run a state, and its retries and requeues, until that place has ended."""
        retry = requeued = 0
        while True:
            deed = self.act(place.identifier, place.inputs, retry, requeued)
            if isinstance(deed, Requeue):
                self._write(deed.writes)
                requeued += 1
            elif isinstance(deed, Fail) and deed.retryable and retry < self._max_retries(place):
                self._end(place, Row("RETRY_CREATED", retry, place.inputs))
                retry, requeued = retry + 1, 0
            else:
                break
        if isinstance(deed, Fail):
            self._end(place, Row("ERRORED", retry, place.inputs))
            return
        self._write(deed.writes)
        if isinstance(deed, Prune):
            self._end(place, Row("PRUNED", retry, place.inputs, data=deed.data))
        else:
            self._spread(place, retry, deed)

    def _max_retries(self, place: Place) -> int:
        own = self.layout.nodes[place.identifier].retry_policy
        return (own or self.template.retry_policy).max_retries

    def _write(self, writes: tuple[Write, ...]) -> None:
        for op, key, value in writes:
            self.store[key] = value if op == "set" else self.store.get(key, 0) + value

    def _end(self, place: Place, row: Row, behind: Path = ()) -> None:
        self.states.append(State(place.identifier, place.path, behind or place.path, row))

    def _spread(self, place: Place, retry: int, deed: Give) -> None:
        fans_out = self.layout.fans_out(place.identifier)
        assert fans_out or len(deed.outputs) == 1, "a body gives one output unless its node fans out"
        if not deed.outputs:
            self._end(place, Row("SUCCESS", retry, place.inputs))
        followed = [self._follow(place, retry, at, output) for at, output in enumerate(deed.outputs)]
        for unite in self.layout.unites_of(place.identifier):
            what = self.layout.unites(unite)
            if what and what.per == "output":
                self._open(*(Gate(unite, state.behind) for state in followed if _gave(state)))
            elif fans_out or any(_gave(state) for state in followed):
                self._open(Gate(unite, place.path))

    def _open(self, *gates: Gate) -> None:
        self.gates += gates
        self.opened += gates

    def _follow(self, place: Place, retry: int, at: int, output: Json) -> State:
        """End with one output, and create its children or find that one cannot be created."""
        fans_out = self.layout.fans_out(place.identifier)
        behind = (*place.path, at) if fans_out else place.path
        state = State(place.identifier, place.path, behind, Row("SUCCESS", retry, place.inputs, outputs=output))
        self.states.append(state)
        try:
            self.waiting += [self._child(state, name) for name in self._children(place.identifier)]
        except Absent:
            self.states.remove(state)
            row = Row("NEXT_CREATED_ERROR", retry, place.inputs, outputs=output)
            state = State(place.identifier, place.path, behind, row, branch=fans_out)
            self.states.append(state)
        return state

    def _children(self, identifier: str) -> list[str]:
        return [name for name in self.layout.nodes[identifier].next_nodes if not self.layout.unites(name)]

    def _child(self, parent: State, name: str) -> Place:
        path = parent.behind
        if self.layout.is_arrival(name):
            path = (*path, self.layout.parents[name].index(parent.identifier))
        return Place(name, path, self.inputs(name, path, parent))

    # --- unites -----------------------------------------------------------------------------------

    def events(self) -> list[Gate | Place]:
        """List what can happen next: the gates in whose region nothing is live, and what waits."""
        return [*(gate for gate in self.gates if not self._is_live(gate)), *self.waiting]

    def _is_live(self, gate: Gate) -> bool:
        region = self.layout.region[gate.unite]
        return any(place.identifier in region and _below(place.path, gate) for place in self.waiting) or any(
            inner.unite in region and _below(inner.path, gate) for inner in self.gates
        )

    def settle(self, gate: Gate) -> None:
        """Run a unite, or end it where it stands."""
        self.gates.remove(gate)
        what = self.layout.unites(gate.unite)
        assert what
        if what.strategy == "ALL_SUCCESS" and any(self.counted(gate, FAILURES)):
            self._born(gate, "ERRORED", blocked=True)
            return
        causes: set[Cause] = set()
        inputs = self._filled(gate.unite, gate.path, None, causes)
        if causes:
            self._born(gate, "PRUNED" if causes == {"prune"} else "ERRORED")
        else:
            self.waiting.append(Place(gate.unite, gate.path, inputs))

    def _born(self, gate: Gate, status: str, *, blocked: bool = False) -> None:
        self.states.append(State(gate.unite, gate.path, gate.path, Row(status, 0, None), blocked=blocked))

    def counted(self, gate: Gate, statuses: tuple[str, ...]) -> list[State]:
        """List the states of these statuses that count at a gate."""
        return [
            state
            for state in self.states
            if state.row.status in statuses
            and _below(state.path, gate)
            and gate.unite in self.layout.counting(state.identifier, branch=state.branch)
        ]

    # --- inputs -----------------------------------------------------------------------------------

    def inputs(self, name: str, path: Path, previous: State | None) -> Json:
        """Resolve the inputs of a state; :raises Absent: when one has no value and no default."""
        causes: set[Cause] = set()
        filled = self._filled(name, path, previous, causes)
        if causes:
            raise Absent("failure")
        return filled

    def _filled(self, name: str, path: Path, previous: State | None, causes: set[Cause]) -> Json:
        node = self.layout.nodes[name]
        schema = node.inputs_schema or {}
        filled: Json = {}
        for field_name, mapped in node.inputs.items():
            try:
                filled[field_name] = self._mapped(mapped, name, path, previous)
            except Absent as absent:
                if field_name not in schema.get("properties", {}) or field_name in schema.get("required", []):
                    causes.add(absent.cause)
        if name == self.layout.root and self.template.inputs_schema is None:
            filled |= {key: value for key, value in self.run_inputs.items() if key not in node.inputs}
        return filled

    def _mapped(self, mapped: Any, name: str, path: Path, previous: State | None) -> Any:
        if not isinstance(mapped, str):
            return mapped
        find: Callable[[str], Any] = lambda inside: self._lookup(inside, name, path, previous)  # noqa: E731
        if whole := PLACEHOLDER.fullmatch(mapped):
            return find(whole[1])
        causes: set[Cause] = set()

        def text(match: re.Match[str]) -> str:
            try:
                return _text(find(match[1]))
            except Absent as absent:
                causes.add(absent.cause)
                return ""

        filled = PLACEHOLDER.sub(text, mapped)
        if causes:
            raise Absent("prune" if causes == {"prune"} else "failure")
        return filled

    def _lookup(self, inside: str, name: str, path: Path, previous: State | None) -> Any:
        head, *rest = inside.split(".")
        if head == "store":
            return _walk(self.store, rest)
        if head == "inputs":
            return _walk(self.run_inputs, rest)
        if head == "previous":
            assert previous
            return _walk(previous.row.outputs, rest[1:])
        return self._read(name, path, head, rest[1:])

    def _read(self, reader: str, path: Path, source: str, fields: list[str]) -> Any:
        shared = path[: self.layout.shared(self.layout.opened_at(reader), source)]
        those = [s for s in self.states if s.identifier == source and _gave(s) and _starts(s.behind, shared)]
        those.sort(key=lambda state: state.behind)
        if self.layout.is_many(reader, source):
            return [_walk(state.row.outputs, fields) for state in those]
        if not those:
            raise Absent(self._why(source, path))
        [one] = those
        return _walk(one.row.outputs, fields)

    def _why(self, source: str, path: Path) -> Cause:
        """Say why a node without a value has none: follow what should have created it.

        Only one state can exist of it, on the way to `path`.
        """
        here = path[: len(self.layout.opened_at(source))]
        for state in self.states:
            if state.identifier == source and state.path == here and state.row.status != "RETRY_CREATED":
                return "prune" if state.row.status == "PRUNED" else "failure"
        what = self.layout.unites(source)
        return self._why(what.identifier if what else self.layout.parents[source][0], path)

    # --- the end ----------------------------------------------------------------------------------

    def outcome(self) -> Outcome:
        """Say what became of the run."""
        failed = [state for state in self.states if state.row.status in FAILURES]
        reached = [self.layout.counting(state.identifier, branch=state.branch) for state in failed]
        rows: dict[str, list[Row]] = {}
        seen = [state for state in self.states if not state.blocked]
        for state in sorted(seen, key=lambda each: (each.path, each.behind, each.row.retry_count)):
            rows.setdefault(state.identifier, []).append(state.row)
        return Outcome("SUCCESS" if all(reached) else "FAILED", self.store, rows)


def _gave(state: State) -> bool:
    return state.row.status == "SUCCESS" and state.row.outputs is not None


def _starts(path: Path, with_: Path) -> bool:
    return path[: len(with_)] == with_


def _below(path: Path, gate: Gate) -> bool:
    return _starts(path, gate.path)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _walk(value: Any, fields: list[str]) -> Any:
    for name in fields:
        if not isinstance(value, dict) or name not in value:
            raise Absent("failure")
        value = value[name]
    return value


def play(
    template: GraphTemplate,
    act: Act,
    run_inputs: Mapping[str, Any],
    store: Mapping[str, Any],
    choose: Callable[[int], int] = lambda count: count - 1,
) -> World:
    """Play a run to its end; `choose` picks which of so many things happens next."""
    world = World(template, act, run_inputs, {**template.store_config.default_values, **store})
    play_to_the_end(world, choose)
    return world


def play_to_the_end(world: World, choose: Callable[[int], int] = lambda count: count - 1) -> None:
    """Play a run that has not begun; `choose` as for `play`."""
    root = world.layout.root
    world.waiting.append(Place(root, (), world.inputs(root, (), None)))
    while events := world.events():
        chosen = events[choose(len(events))]
        if isinstance(chosen, Gate):
            world.settle(chosen)
        else:
            world.waiting.remove(chosen)
            world.run(chosen)
    assert not world.gates, "nothing is live, and yet a unite waits"


def interpret(template: GraphTemplate, act: Act, run_inputs: Mapping[str, Any], store: Mapping[str, Any]) -> Outcome:
    """Return how a run ends by the semantics."""
    return play(template, act, run_inputs, store).outcome()
