"""A search through the states of a run: by the index that has fewest of them, piece by piece, in their order."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

from exodsl.database import browse, pages
from exodsl.database.browse import LIGHT, Light, Place
from exodsl.database.large import one_field
from exodsl.database.rows import Row
from exodsl.engine.facts import RunFacts
from exodsl.engine.lineage import STEP
from exodsl.engine.status import State
from exodsl.manager.inspecting.matching import MISSING, Question
from exodsl.manager.inspecting.sources import LIVE, Bad, Live, Single, Source, Walk, place, reaches

FIRST_PIECE, LARGEST_PIECE = 128, 4_096
WITH_VALUES = 256
"""How many states are looked at in one go whose values are loaded: each may have half a megabyte."""


@dataclass(slots=True)
class Search:
    """A question about the states of a run; where it looks is decided when it begins."""

    run: RunFacts
    question: Question
    columns: tuple[str, ...] = field(init=False)
    _sources: list[Source] = field(init=False)
    _originals: dict[Place, str | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = tuple(sorted(self.question.columns))

    @property
    def largest_piece(self) -> int:
        """How many states to look at in one go."""
        return WITH_VALUES if self.columns else LARGEST_PIECE

    def begin(self, connection: Any) -> None:
        """Decide where to look."""
        question, run = self.question, self.run.key
        if question.keys is not None:
            self._sources = [Single(run, question.keys, self.columns)]
            return
        walked = self._to_walk(connection)
        others = question.nodes - walked
        found: list[Source] = [Bad(run, status, reaches(others), self.columns) for status in self._wanted(browse.BAD)]
        live = self._wanted(LIVE)
        if live and others:
            source = Live(run, live, sorted(others), self.columns)
            if source.are_few(connection):
                found.append(source)
            else:
                walked, found = question.nodes, []
        self._sources = [Walk(run, reaches(walked), self.columns), *found]

    def look(self, connection: Any, behind: Place, count: int, most: int) -> tuple[list[Light], Place | None, int]:
        """Look at so many states behind a place, until so many are found.

        :return: those that fit, where to go on (`None`: nowhere), and how many it looked at.
        """
        parts = [source.rows(connection, behind, count) for source in self._sources]
        rows = list(heapq.merge(*parts, key=place))[:count] if len(parts) > 1 else parts[0]
        is_end = len(rows) < count
        found: list[Light] = []
        for looked, row in enumerate(rows, 1):
            if self._fits(connection, row):
                found.append(Light._make(row[:LIGHT]))
                if len(found) == most and not (is_end and looked == len(rows)):
                    return found, place(row), looked
        return found, None if is_end else place(rows[-1]), len(rows)

    def _wanted(self, statuses: frozenset[State] | tuple[State, ...]) -> list[State]:
        return [status for status in statuses if status in self.question.statuses]

    def _to_walk(self, connection: Any) -> set[int]:
        """Return the nodes that have states of a wanted status which has no index.

        What has one state in a run is not counted, and little to walk.
        """
        question = self.question
        if question.statuses == set(State):
            return question.nodes
        wanted = [at for at, status in ((1, State.SUCCESS), (5, State.RETRY_CREATED)) if status in question.statuses]
        if not wanted:
            return set()
        counts = {row[0]: row[1:] for row in pages.node_counts(connection, self.run.key)}
        single = {self.run.node_base + node.index for node in self.run.plan.nodes if not node.several}
        return {
            node
            for node in question.nodes
            if node in single or (node in counts and any(counts[node][at] for at in wanted))
        }

    # Whether one fits

    def _fits(self, connection: Any, row: Row) -> bool:
        question = self.question
        if row[5] not in question.statuses or row[1] not in question.nodes:
            return False
        if question.light:
            state = Light._make(row[:LIGHT])
            if not all(test(state) for test in question.light):
                return False
        if not question.heavy:
            return True
        values = dict(zip(self.columns, row[LIGHT:], strict=True))

        def load(column: str, name: str) -> Any:
            text = self._inputs(connection, row, values[column]) if column == "inputs" else values[column]
            if column == "error":
                return text
            return MISSING if text is None else one_field(connection, self.run.key, text, name, MISSING)

        return all(test(load) for test in question.heavy)

    def _inputs(self, connection: Any, row: Row, text: str | None) -> str | None:
        """Return the inputs of a state; a sibling of a fanout has those of its original, which stands before it."""
        node, path, attempt = place(row)
        if text is not None or len(path) == self.run.plan.nodes[node - self.run.node_base].depth:
            return text
        original = (node, path[:-STEP], attempt)
        if original not in self._originals:
            self._originals = {original: pages.inputs_of(connection, self.run.key, *original)}
        return self._originals[original]
