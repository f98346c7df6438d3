"""What the terms of a filter mean for runs: where to look for them, and which fit."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from exodsl.database import run_lists
from exodsl.database.run_lists import RunRow
from exodsl.engine.status import Run
from exodsl.manager.filters import RUN_FIELDS, Term
from exodsl.manager.inspecting.matching import COMPARES, check_term, fits_name, statuses

_LIVE = frozenset((Run.RUNNING, Run.PAUSED))
_FEW = 16
"""So many versions of graphs are looked through by the index that each has."""


@dataclass(slots=True)
class RunQuestion:
    """What a filter asks of runs.

    :param templates: the versions of graphs that they may be of; `None`: any.
    :param parts: starts or ends of ids; each run has one of each of these.
    :param tests: what else has to be so.
    """

    templates: set[int] | None = None
    statuses: set[Run] = field(default_factory=lambda: set(Run))
    parts: list[tuple[str, ...]] = field(default_factory=list)
    tests: list[Callable[[RunRow], bool]] = field(default_factory=list)

    def only(self, templates: set[int]) -> None:
        """Leave none but runs of these versions of graphs."""
        self.templates = templates if self.templates is None else self.templates & templates

    def fits(self, run: RunRow) -> bool:
        """Say whether a run is one of those asked for."""
        return (
            run.status in self.statuses
            and (self.templates is None or run.template in self.templates)
            and all(test(run) for test in self.tests)
        )

    def rows(self, connection: Any, before: int, limit: int) -> list[RunRow]:
        """Return the first so many runs older than one that may fit, newest first, by the index with fewest of them."""
        called = self._called(connection)
        if called is not None:
            return [run for run in called if run.key < before][:limit]
        if self.statuses <= _LIVE:
            return self._of_statuses(connection, before, limit)
        if self.templates is not None and len(self.templates) <= _FEW:
            parts = [run_lists.runs_of_template(connection, key, before, limit) for key in self.templates]
            return _newest(parts, limit)
        if len(self.statuses) < len(Run):
            return self._of_statuses(connection, before, limit)
        return run_lists.runs_before(connection, before, limit)

    def _of_statuses(self, connection: Any, before: int, limit: int) -> list[RunRow]:
        return _newest([run_lists.runs_of_status(connection, one, before, limit) for one in self.statuses], limit)

    def _called(self, connection: Any) -> list[RunRow] | None:
        for parts in self.parts:
            found = [run_lists.runs_called(connection, part) for part in parts]
            if all(rows is not None for rows in found):
                return sorted({run for rows in found for run in rows or ()}, reverse=True)
        return None


def _newest(parts: Sequence[list[RunRow]], limit: int) -> list[RunRow]:
    return list(heapq.merge(*parts, reverse=True))[:limit]


def ask_runs(terms: Sequence[Term], versions: Sequence[tuple[int, str, str, int]], now: int) -> RunQuestion:
    """Return what a filter asks of runs.

    :param versions: the (id, namespace, name, version) of every version of every graph.
    :raises InputInvalid: for a term that cannot be meant.
    """
    question = RunQuestion()
    for term in terms:
        check_term(term, RUN_FIELDS)
        _ask(question, term, versions, now)
    return question


def _ask(question: RunQuestion, term: Term, versions: Sequence[tuple[int, str, str, int]], now: int) -> None:
    match term.field:
        case "status":
            found = {Run[status] for status in statuses(term, Run.__members__)}
            question.statuses &= set(Run) - found if term.negated else found
        case "graph" | "namespace":
            at = 2 if term.field == "graph" else 1
            question.only({version[0] for version in versions if fits_name(term, str(version[at]))})
        case "id":
            parts = tuple(part.lower() for part in term.values)
            question.tests.append(lambda run: _is_called(run, parts) != term.negated)
            if not term.negated:
                question.parts.append(parts)
        case "word":
            words = tuple(word.casefold() for word in term.values)
            graphs = {key for key, _, name, _ in versions if any(word in name.casefold() for word in words)}
            question.tests.append(lambda run: (run.template in graphs or _is_called(run, words)) != term.negated)
        case _:
            fits, values = COMPARES[term.compare], term.values
            question.tests.append(lambda run: any(fits(now - run.created, age) for age in values) != term.negated)


def _is_called(run: RunRow, parts: tuple[str, ...]) -> bool:
    return run.run_id.startswith(parts) or run.run_id.endswith(parts)
