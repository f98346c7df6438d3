"""One gate, examined: its numbers, the states that it waits for, and those that keep it from opening (semantics 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from exodsl.database import doctor, pulse, summaries
from exodsl.database.rows import Row
from exodsl.engine.facts import GateFacts, RunFacts
from exodsl.engine.plan import NodePlan
from exodsl.engine.region import Region, region_of
from exodsl.engine.status import Gate, Run, State
from exodsl.manager.inspecting.culprits import Culprits, Dead
from exodsl.manager.inspecting.sentences import Outlook, sentence
from exodsl.manager.inspecting.summaries import summary
from exodsl.manager.inspection import Blocker, Group, StateSummary, Verdict
from exodsl.manager.serving import node_progress
from exodsl.manager.viewing import gate_view
from exodsl.manager.views import moment

FIRST = 5
"""How many states of a group are named."""
MOST_DEAD = 10_000


@dataclass(slots=True)
class _Live:
    """States of one node that are live below the gate."""

    kind: Blocker
    node: NodePlan
    count: int
    first: list[int]
    next_due: int | None
    most_retries: int
    retries: int = 0

    @property
    def retries_left(self) -> int:
        return max(0, self.node.retry_policy.max_retries - self.most_retries)


class Examination:
    """Examines one gate, inside one read.

    :param row: the gate, as `doctor.gate` gives it.
    """

    def __init__(self, connection: Any, run: RunFacts, run_status: int, row: Row) -> None:
        self._connection, self._run, self._run_status = connection, run, Run(run_status)
        self._view = gate_view(run, row[:9])
        key, opener = row[9:]
        node = run.plan.nodes[row[0] - run.node_base]
        self._facts = GateFacts(key, run, node, row[1], opener, self._view.failed, self._view.cause)
        self._status = Gate(row[2])
        self._region: Region = region_of(run.plan, node.index)
        self._culprits = Culprits(connection, run)

    def verdict(self) -> Verdict:
        """Return what there is to say of it."""
        live = [*self._moving, *self._waiting] if self._status is Gate.OPEN else []
        dead = self._dead
        unfolds = any(key == self._facts.opener for key, *_ in self._unfolding)
        return Verdict(
            gate=self._view,
            strategy="ALL_SUCCESS" if self._facts.node.strict else "ALL_DONE",
            unites=self._node(self._facts.node.source or 0).identifier,
            expected=self._expected(),
            exact=not unfolds and not self._grows(live),
            groups=(*map(self._group, live), *map(self._dead_group, sorted(dead))),
            dead=tuple(sorted(key for keys in dead.values() for key in keys)[:MOST_DEAD]),
            inner_gates=self._inner_gates(),
            sentence=sentence(self._outlook(live)),
        )

    def _node(self, index: int) -> NodePlan:
        return self._run.plan.nodes[index]

    def _id(self, index: int) -> int:
        return self._run.node_base + index

    # What is known of the branches

    def _expected(self) -> int:
        gate = self._view
        moving = gate.pending - self._held_twice() if self._status is Gate.OPEN else 0
        return gate.arrived + gate.failed + gate.pruned + moving

    def _held_twice(self) -> int:
        """Count what is pending without being a branch: fanouts not all made into states, beside what they opened."""
        return sum(self._stands_beside_its_branches(row) for row in self._unfolding if self._is_inside(row))

    def _stands_beside_its_branches(self, row: Row) -> bool:
        if row[0] == self._facts.opener:
            return True
        node = self._node(row[1] - self._run.node_base)
        return self._waits_for(node) and any(self._waits_for(self._node(unite)) for unite in node.gates)

    def _waits_for(self, node: NodePlan) -> bool:
        """Say whether states of a node, or gates of a unite, are live at the gate itself, and not at an inner one."""
        return any(ref.node == self._facts.node.index for ref in node.counted)

    def _grows(self, live: Iterable[_Live]) -> bool:
        growing = self._region.growing
        return any(one.node.index in growing for one in live) or any(
            node in growing and status == Gate.OPEN for node, status, _ in self._gates_inside
        )

    @cached_property
    def _gates_inside(self) -> list[tuple[int, int, int]]:
        keys = [self._id(index) for index in self._region.unites]
        rows = doctor.inner_gates(self._connection, self._run.key, keys, self._facts.path)
        return [(node - self._run.node_base, status, count) for node, status, count in rows]

    def _inner_gates(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for _, status, count in self._gates_inside:
            name = Gate(status).name
            found[name] = found.get(name, 0) + count
        return found

    # What is live

    @cached_property
    def _unfolding(self) -> list[Row]:
        return pulse.unfolding(self._connection, self._run.key)

    @cached_property
    def _at_work(self) -> list[Row]:
        return [*pulse.running(self._connection, self._run.key), *self._unfolding]

    def _is_inside(self, row: Row) -> bool:
        key, node, path, *_ = row
        below = bytes(path).startswith(self._facts.path)
        return key == self._facts.opener or (below and node - self._run.node_base in self._region.nodes)

    @cached_property
    def _moving(self) -> list[_Live]:
        found: dict[int, list[Row]] = {}
        for row in filter(self._is_inside, self._at_work):
            found.setdefault(row[1] - self._run.node_base, []).append(row)
        return [
            _Live(
                "moving",
                self._node(index),
                len(rows),
                [row[0] for row in rows[:FIRST]],
                next_due=None,
                most_retries=max(row[4] for row in rows),
            )
            for index, rows in sorted(found.items())
        ]

    @cached_property
    def _waiting(self) -> list[_Live]:
        live = [node.live for node in node_progress(self._connection, self._run)]
        for _, node, *_ in self._at_work:
            live[node - self._run.node_base] -= 1
        found = (self._waiting_of(index) for index in self._region.nodes if live[index] > 0)
        return [one for one in found if one.count]

    def _waiting_of(self, index: int) -> _Live:
        where = (self._connection, self._run.key, self._id(index), self._facts.path)
        count, due, most_retries, retries = pulse.waiting(*where)
        first = pulse.first_waiting(*where, FIRST) if count else []
        return _Live("waiting", self._node(index), count, first, due, most_retries or 0, retries)

    # What is dead for it

    @cached_property
    def _dead(self) -> dict[int, dict[int, State]]:
        """The states to retry, by node: what a strict gate counts as failed, and whose values the unite lacks."""
        if self._status is Gate.CANCELLED or self._run_status is Run.CANCELLED:
            return {}
        found: dict[int, dict[int, State]] = {}
        for index, key, status in [*self._failures, *self._culprits.of(self._facts.node, self._facts.path)]:
            found.setdefault(index, {})[key] = status
        return found

    @cached_property
    def _dead_counts(self) -> dict[int, Counter[State]]:
        """How many there are, by node and by how they ended, also where there are too many to name them all."""
        counts = {index: Counter(ended.values()) for index, ended in self._dead.items()}
        for index, found in counts.items():
            for status in (status for status, count in found.items() if count >= MOST_DEAD):
                where = (self._run.key, self._id(index), status, self._facts.path)
                found[status] = doctor.count_failed(self._connection, *where)
        return counts

    @cached_property
    def _failures(self) -> list[Dead]:
        """What keeps a strict gate shut, or will when what is live has ended."""
        if not self._facts.node.strict or self._status is Gate.PASSED:
            return []
        region = self._region
        errored = [dead for index in region.dooming for dead in self._failed(index, State.ERRORED)]
        outputs = [dead for at in region.dooming_outputs for dead in self._failed(at, State.NEXT_CREATED_ERROR)]
        return errored + outputs

    def _failed(self, index: int, status: State) -> Iterable[Dead]:
        node = self._node(index)
        rows = doctor.failed(self._connection, self._run.key, self._id(index), status, self._facts.path, MOST_DEAD)
        may_be_born_ended = node.source is not None and status is State.ERRORED
        for key, path, lacks_inputs in rows:
            instead = self._culprits.of(node, path) if may_be_born_ended and lacks_inputs else []
            yield from instead or [(index, key, status)]

    # What is said

    def _group(self, one: _Live) -> Group:
        return Group(
            kind=one.kind,
            identifier=one.node.identifier,
            count=one.count,
            first=self._summaries(one.first),
            next_due=None if one.next_due is None else moment(one.next_due),
            retries_left=one.retries_left,
        )

    def _dead_group(self, index: int) -> Group:
        found = sorted(self._dead[index])
        count = sum(self._dead_counts[index].values())
        return Group("dead", self._node(index).identifier, count, self._summaries(found[:FIRST]), None, None)

    def _summaries(self, keys: list[int]) -> tuple[StateSummary, ...]:
        return tuple(summary(self._run, row) for row in summaries.summaries(self._connection, keys))

    def _outlook(self, live: list[_Live]) -> Outlook:
        counted = replace(self._facts, failed=self._facts.failed + len(self._failures))
        closing = self._culprits.closing(counted)
        dead = {
            (self._node(index).identifier, status): count
            for index, counts in self._dead_counts.items()
            for status, count in counts.items()
        }
        waiting = [one for one in live if one.kind == "waiting"]
        state = self._view.state_id
        return Outlook(
            gate=self._view,
            strict=self._facts.node.strict,
            ending=closing.ending,
            missing="; ".join(item.reason for item in closing.missing),
            still_comes=self._culprits.still_comes(self._facts, closing),
            dead=dead,
            running=sum(one.count for one in live) - sum(one.count for one in waiting),
            waiting=sum(one.count - one.retries for one in waiting),
            retries=sum(one.retries for one in waiting),
            paused=self._run_status is Run.PAUSED,
            opened=None if state is None else moment(doctor.created_at(self._connection, state)),
        )
