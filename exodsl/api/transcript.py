"""What happened in a run, as text that stays the same as long as the same happens."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic_core import to_json

from exodsl.api.redaction import Redactions
from exodsl.dsl.places import split_place
from exodsl.engine.reports import ErrorInfo, StoreWrite
from exodsl.errors import InputInvalid
from exodsl.manager.views import GateView, RunView, StateView
from exodsl.template.models import GraphTemplate
from exodsl.template.structure import Role, Structure

Path = tuple[int, ...]
_INDENT = "  "
_LONGEST = 500
_BY_WEIGHT = (
    "ERRORED", "NEXT_CREATED_ERROR", "CANCELLED", "QUEUED", "CREATED", "EXECUTED", "RETRY_CREATED", "PRUNED",
)  # fmt: skip
"""The status of a branch is that of the state in it which counts most; SUCCESS, if it has none of these."""


@dataclass(frozen=True, slots=True)
class Story:
    """What a transcript is made of.

    :param writes: what states wrote to the store, by their id, as far as that is known.
    """

    run: RunView
    states: Sequence[StateView]
    gates: Sequence[GateView]
    store: Mapping[str, Any]
    writes: Mapping[int, Iterable[StoreWrite]]


def told(template: GraphTemplate, story: Story, redactions: Redactions, fold: int | None) -> Iterator[str]:
    """Give the lines: the run, its states from the root on, and the store as it is in the end.

    :param fold: how many branches of one fanout are shown; `None` for all.
    """
    tell = _Facts(redactions, story)
    yield f"graph {story.run.graph}: {story.run.status}"
    yield from _indented(tell.fields("input", ("inputs",), story.run.inputs))
    if fold is not None and fold < 0:
        raise InputInvalid(f"fold={fold} shows no branch: give 0 or more, or None for all.")
    tree = _Tree(Structure.of(template), story, tell, fold)
    yield from tree.place(tree.root, ())
    if story.store:
        yield "store"
        yield from _indented(tell.fields("", ("store",), dict(sorted(story.store.items()))))


class _Tree:
    """Walks from state to state, as each came of the one before: a fanout's branches below it, unites behind them."""

    def __init__(self, structure: Structure, story: Story, tell: _Facts, fold: int | None) -> None:
        self._structure, self._tell, self._fold = structure, tell, fold
        self.root = structure.shape.root
        self._order = {name: number for number, name in enumerate(structure.shape.order)}
        self._states: dict[tuple[str, Path], list[StateView]] = defaultdict(list)
        for state in story.states:
            self._states[state.identifier, state.path].append(state)
        self._gates = {(gate.identifier, gate.path): gate for gate in story.gates}

    def place(self, name: str, path: Path) -> Iterator[str]:
        """Give what stands at one place of the run, attempt by attempt, and all that follows from it."""
        states = self._states.get((name, path), [])
        gate = self._gates.get((name, path))
        if not states:
            if gate is not None:
                yield f"{self._title(name, path)}: not created"
                yield from _indented(self._tell.gate(gate))
            return
        attempts = [list(group) for _, group in groupby(states, key=lambda state: state.attempt)]
        inputs: dict[str, Any] | None = None
        for number, attempt in enumerate(attempts, 1):
            yield from self._attempt(attempt, gate if number == 1 else None, inputs, last=number == len(attempts))
            inputs = attempt[0].inputs
        for unite in self._united_by(name, "execution"):
            yield from self.place(unite, path)

    def _attempt(
        self, states: Sequence[StateView], gate: GateView | None, known: dict[str, Any] | None, *, last: bool
    ) -> Iterator[str]:
        """Give one attempt: the state that ran, then each of its outputs with what follows from it.

        :param known: the inputs of the attempt before, which are not told again.
        """
        first = states[0]
        again = f", attempt {first.attempt + 1}" if first.attempt else ""
        yield f"{self._title(first.identifier, first.path)}{again}: {first.status}"
        if gate is not None:
            yield from _indented(self._tell.gate(gate))
        yield from _indented(self._tell.state(first, known))
        given = [state for state in states if state.outputs is not None]
        if not self._structure.opens(first.identifier):
            for state in given:
                yield from _indented(self._tell.outputs(state))
                yield from self._following(state.identifier, state.path) if last else ()
            return
        if not given and first.status == "SUCCESS":
            yield f"{_INDENT}no outputs"
        shown = given if self._fold is None else given[: self._fold]
        for state in shown:
            yield from _indented(self._branch(state, last=last))
        if len(given) > len(shown):
            counts = Counter(self._weightiest(state, last=last) for state in given[len(shown) :])
            said = ", ".join(f"{counts[status]} {status}" for status in sorted(counts, key=_lightest_first))
            yield f"{_INDENT}… {len(given) - len(shown)} more: {said}"

    def _branch(self, state: StateView, *, last: bool) -> Iterator[str]:
        yield f"[{state.fanout_index}]"
        yield from _indented(self._tell.outputs(state))
        if last:
            yield from _indented(self._following(state.identifier, (*state.path, state.fanout_index)))

    def _following(self, name: str, path: Path) -> Iterator[str]:
        for child, where in self._children(name, path):
            yield from self.place(child, where)

    def _children(self, name: str, path: Path) -> Iterator[tuple[str, Path]]:
        """Give the places that one output opens, `path` being its own."""
        for child in sorted(self._structure.nodes[name].next_nodes, key=self._order.__getitem__):
            role = self._structure.role(child)
            if role is Role.PLAIN:
                yield child, path
            elif role is Role.ARRIVAL:
                yield child, (*path, self._structure.shape.parents[child].index(name))
        for unite in self._united_by(name, "output"):
            yield unite, path

    def _united_by(self, name: str, per: str) -> Iterator[str]:
        for unite in self._structure.shape.unites:
            unites = self._structure.nodes[unite].unites
            if unites is not None and unites.identifier == name and unites.per == per:
                yield unite

    def _weightiest(self, state: StateView, *, last: bool) -> str:
        """Return how a branch ended, by the one of its states that counts most."""
        found = {state.status}
        ahead = [*self._children(state.identifier, (*state.path, state.fanout_index))] if last else []
        while ahead:
            name, path = ahead.pop()
            states = self._states.get((name, path), [])
            latest = [one for one in states if one.attempt == states[-1].attempt]
            found.update(one.status for one in latest)
            opens = self._structure.opens(name)
            for one in latest:
                ahead += self._children(name, (*path, one.fanout_index) if opens else path)
            ahead += [(unite, path) for unite in self._united_by(name, "execution")] if latest else []
        return next((status for status in _BY_WEIGHT if status in found), "SUCCESS")

    def _title(self, name: str, path: Path) -> str:
        if self._structure.role(name) is not Role.ARRIVAL:
            return name
        return f"{name}, from {self._structure.shape.parents[name][path[-1]]}"


class _Facts:
    """Puts single facts into words."""

    def __init__(self, redactions: Redactions, story: Story) -> None:
        self._redactions, self._writes = redactions, story.writes
        self._by_id = {state.state_id: state for state in story.states}

    def state(self, state: StateView, known: dict[str, Any] | None) -> Iterator[str]:
        """Give all of a state but its outputs."""
        if state.inputs != known:
            yield from self.fields("input", (state.identifier, "inputs"), state.inputs)
        yield from self.fields("data", (state.identifier, "data"), state.data or {})
        if state.error is not None:
            yield from self._error(state.identifier, state.error)
        for write in self._writes.get(state.state_id, ()):
            sign = "=" if write.op == "set" else "+="
            yield f"store {write.key} {sign} {self._value(('store', write.key), write.value)}"

    def outputs(self, state: StateView) -> Iterator[str]:
        """Give an output, field by field."""
        yield from self.fields("output", (state.identifier, "outputs"), state.outputs or {})

    def fields(self, kind: str, way: tuple[str, ...], fields: Mapping[str, Any]) -> Iterator[str]:
        """Give a line for each field."""
        for name, value in fields.items():
            yield f"{kind} {name}: {self._value((*way, name), value)}".lstrip()

    def gate(self, gate: GateView) -> Iterator[str]:
        """Give what a gate counted, and what blocked it."""
        counts = [
            f"{count} {word}"
            for word in ("pending", "arrived", "failed", "pruned")
            if (count := getattr(gate, word)) > 0
        ]
        yield f"gate: {', '.join([gate.status, *counts])}"
        cause = self._by_id.get(gate.cause) if gate.cause is not None else None
        if cause is not None and gate.status == "BLOCKED":
            where = "".join(f"[{position}]" for position in cause.path)
            yield f"blocked by: {cause.identifier}{where}, {cause.status}"

    def _error(self, identifier: str, error: ErrorInfo) -> Iterator[str]:
        message = str(self._redactions.shown((identifier, "error"), split_place(error.message)[0]))
        first, *rest = message.splitlines() or [""]
        yield f"error {error.name}: {first}".rstrip(": ")
        yield from (f"{_INDENT}{line}" for line in rest)

    def _value(self, way: tuple[str, ...], value: Any) -> str:
        text = to_json(self._redactions.shown(way, value), inf_nan_mode="constants").decode()
        if len(text) <= _LONGEST:
            return text
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{text[:_LONGEST]}… ({len(text):,} characters, {digest})"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{_INDENT}{line}" for line in lines)


def _lightest_first(status: str) -> int:
    return -_BY_WEIGHT.index(status) if status in _BY_WEIGHT else -len(_BY_WEIGHT)
