"""Finding runs by filters, and the graphs and runtimes that there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from pydantic_core import from_json

from exodsl.database import run_lists
from exodsl.database.rows import Row
from exodsl.database.run_lists import RunRow
from exodsl.engine.status import Run, State
from exodsl.manager.cursors import LARGEST_KEY, check_limit, no_cursor, number_in
from exodsl.manager.filters import RunFilter
from exodsl.manager.inspecting.matching_runs import ask_runs
from exodsl.manager.inspection import GraphSummary, RunSummary, RuntimeView
from exodsl.manager.sessions import is_gone, name_of, namespaces_of
from exodsl.manager.viewing import Viewing, run_status
from exodsl.manager.views import Page, moment

_PIECE = 1_000
"""How many runs are looked at in one go."""
_COUNTED = (
    State.SUCCESS, State.ERRORED, State.NEXT_CREATED_ERROR, State.PRUNED, State.RETRY_CREATED, State.CANCELLED
)  # fmt: skip


class RunFinding(Viewing):
    """Finds runs; see `Inspection` for each call."""

    def find_runs(
        self,
        filter: RunFilter,
        *,
        limit: int = 50,
        cursor: str | None = None,
        budget: int = 100_000,
        namespaces: Collection[str] | None = None,
    ) -> Page[RunSummary]:
        """List runs that match, newest first; see `Inspection.find_runs`.

        :param namespaces: only of graphs in these: what a key may see that is limited to them.
        """
        check_limit(limit)
        before = LARGEST_KEY - 1 if cursor is None else number_in(cursor)
        with self._db.reading() as connection:
            versions = {version[0]: version for version in run_lists.graph_versions(connection)}
        question = ask_runs(filter.terms, tuple(versions.values()), self._clock())
        if namespaces is not None:
            question.only({key for key, version in versions.items() if version[1] in namespaces})
        found: list[RunRow] = []
        looked, piece, more = 0, limit + 1, True
        while more and len(found) <= limit and looked < budget:
            with self._db.reading() as connection:
                rows = question.rows(connection, before, piece)
            found += [run for run in rows if question.fits(run)]
            looked, more = looked + len(rows), len(rows) == piece
            before, piece = rows[-1].key if rows else before, _PIECE
        with self._db.reading() as connection:
            items = tuple(self._run_summaries(connection, found[:limit], versions))
        if len(found) > limit:
            before, more = found[limit - 1].key, True
        return Page(items, str(before) if more else None)

    def graphs(
        self, *, limit: int = 100, cursor: str | None = None, namespaces: Collection[str] | None = None
    ) -> Page[GraphSummary]:
        """List the newest versions of graphs, by namespace and name; see `Inspection.graphs`.

        :param namespaces: only of graphs in these.
        """
        check_limit(limit)
        with self._db.reading() as connection:
            rows = run_lists.newest_graphs(connection, _graph_in(cursor), limit + 1, namespaces)
            items = tuple(_graph_summary(connection, row) for row in rows[:limit])
        last = items[-1] if len(rows) > limit else None
        return Page(items, None if last is None else f"{quote(last.namespace, safe='')}/{quote(last.name, safe='')}")

    def runtimes(self, *, namespaces: Collection[str] | None = None) -> tuple[RuntimeView, ...]:
        """List the runtimes that are there; see `Inspection.runtimes`.

        :param namespaces: only those that serve graphs in these, and of each only what it does for them.
        """
        with self._db.reading() as connection:
            rows = run_lists.runtimes(connection, namespaces)
        now = self._clock()
        there = (_runtime(*row) for row in rows if row[6] >= now and not is_gone(row[2], row[3]))
        return tuple(there if namespaces is None else _serving_in(there, frozenset(namespaces)))

    def _run_summaries(
        self, connection: Any, runs: Sequence[RunRow], versions: Mapping[int, tuple[int, str, str, int]]
    ) -> list[RunSummary]:
        if not runs:
            return []
        counted = {row[0]: row[1:] for row in run_lists.counts_of(connection, [run.key for run in runs])}
        return [
            _run_summary(run, versions[run.template], self._tally(connection, run, counted.get(run.key)))
            for run in runs
        ]

    def _tally(self, connection: Any, run: RunRow, counted: Row | None) -> Counter[State | None]:
        """Return how many states of a run have each status; `None` stands for all of them."""
        plan, base = self._shelf.plan(connection, run.template)
        single = [base + node.index for node in plan.nodes if not node.several]
        tally: Counter[State | None] = Counter()
        tally.update(run_lists.statuses_of(connection, run.key, single))
        tally[None] = tally.total()
        if counted is not None:
            tally.update(dict(zip((None, *_COUNTED), counted, strict=True)))
        return tally


def _run_summary(run: RunRow, version: tuple[int, str, str, int], tally: Counter[State | None]) -> RunSummary:
    total = tally[None] - tally[State.RETRY_CREATED]
    success, pruned, cancelled = tally[State.SUCCESS], tally[State.PRUNED], tally[State.CANCELLED]
    failed = tally[State.ERRORED] + tally[State.NEXT_CREATED_ERROR]
    _, namespace, graph, number = version
    return RunSummary(
        run_id=run.run_id,
        namespace=namespace,
        graph=graph,
        version=number,
        status=run_status(Run(run.status)),
        total=total,
        live=total - success - failed - pruned - cancelled,
        success=success,
        failed=failed,
        pruned=pruned,
        cancelled=cancelled,
        created_at=moment(run.created),
        finished_at=None if run.finished is None else moment(run.finished),
    )


def _graph_summary(connection: Any, row: Row) -> GraphSummary:
    namespace, name, template, version, created = row
    statuses = run_lists.run_statuses(connection, namespace, name)
    newest = max((key for *_, key in statuses), default=None)
    return GraphSummary(
        namespace=namespace,
        name=name,
        version=version,
        nodes=run_lists.count_nodes(connection, template),
        created_at=moment(created),
        runs={run_status(Run(status)): count for status, count, _ in statuses},
        last_run=None if newest is None else run_lists.run_id_of(connection, newest),
    )


def _graph_in(cursor: str | None) -> tuple[str, str]:
    if cursor is None:
        return "", ""
    namespace, mark, name = cursor.partition("/")
    if not mark or "/" in name:
        raise no_cursor(cursor)
    return unquote(namespace), unquote(name)


def _serving_in(runtimes: Iterable[RuntimeView], namespaces: frozenset[str]) -> Iterator[RuntimeView]:
    for runtime in runtimes:
        serves = {graph: names for graph, names in runtime.serves.items() if namespaces_of(graph) <= namespaces}
        if serves:
            yield replace(runtime, serves=serves)


def _runtime(
    session: int, name: str, host: str, _: str, run_id: str | None, graphs: str, __: int, held: int
) -> RuntimeView:
    serves = {graph: tuple(names) for graph, names in from_json(graphs).items()}
    return RuntimeView(session, name, name_of(host), serves, run_id, held)
