"""Runs as Exosphere's dashboard asks for them: pages by number, a run as a graph of states, one state in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exodsl.database import lineages, pages
from exodsl.engine.status import Run, State
from exodsl.errors import StateNotFound
from exodsl.manager.exosphere.lending import StateRef
from exodsl.manager.serving import node_progress
from exodsl.manager.viewing import LARGEST_KEY, Viewing, run_status
from exodsl.manager.views import NodeProgress, RunStatus, StateView, moment


@dataclass(frozen=True, slots=True)
class RunInBrief:
    """One run, and how the states of its nodes stand."""

    run_id: str
    graph: str
    status: RunStatus
    created_at: datetime
    nodes: tuple[NodeProgress, ...]


@dataclass(frozen=True, slots=True)
class RunsPage:
    """Some runs of a namespace, and how many it has."""

    total: int
    runs: tuple[RunInBrief, ...]


@dataclass(frozen=True, slots=True)
class StateInRun:
    """One state of a run; `parent` made it."""

    ref: StateRef
    identifier: str
    node_name: str
    status: State
    error: str | None
    parent: StateRef | None


@dataclass(frozen=True, slots=True)
class RunInStates:
    """Every state of a run, as they were created."""

    graph: str
    states: tuple[StateInRun, ...]


@dataclass(frozen=True, slots=True)
class StateInFull:
    """One state, and which states led to it, by their identifiers, the first one first."""

    ref: StateRef
    state: StateView
    graph: str
    ancestors: tuple[tuple[str, StateRef], ...]
    updated_at: datetime


class Overview(Viewing):
    """Reads runs of one namespace; who asks for those of another one finds nothing."""

    def runs_page(self, namespace: str, page: int, size: int) -> RunsPage:
        """Return one page of the runs of a namespace, newest first; pages are counted from 1."""
        with self._db.reading() as connection:
            self._shelf.trim()
            keys = lineages.run_keys(connection, namespace, size, (page - 1) * size)
            runs = tuple(self._brief(connection, key) for key in keys)
            return RunsPage(lineages.count_runs(connection, namespace), runs)

    def _brief(self, connection: object, key: int) -> RunInBrief:
        row = pages.run(connection, key)
        facts = self._shelf.run(connection, key)
        return RunInBrief(row[1], row[3], run_status(Run(row[5])), moment(row[9]), node_progress(connection, facts))

    def run_states(self, namespace: str, run_id: str) -> RunInStates | None:
        """Return every state of a run; `None` when the namespace has no run of exactly this id."""
        with self._db.reading() as connection:
            key = lineages.run_called(connection, namespace, run_id)
            if key is None:
                return None
            run = self._shelf.run(connection, key)
            rows = lineages.states(connection, key)
        refs = {row[0]: StateRef(row[0], row[1]) for row in rows}
        nodes = run.plan.nodes
        return RunInStates(
            run.plan.template.name,
            tuple(
                StateInRun(
                    refs[state],
                    nodes[node - run.node_base].identifier,
                    nodes[node - run.node_base].node_name,
                    State(status),
                    error,
                    refs.get(parent),
                )
                for state, _, node, status, parent, error in rows
            ),
        )

    def state_in_full(self, namespace: str, graph: str, run_id: str, key: int) -> StateInFull:
        """Return one state; :raises StateNotFound: unless run, graph and namespace are all its own."""
        with self._db.reading() as connection:
            run_key = lineages.run_called(connection, namespace, run_id)
            row = pages.state(connection, key) if key < LARGEST_KEY else None
            if row is None or run_key != row[1]:
                raise StateNotFound(key)
            run = self._shelf.run(connection, row[1])
            if run.plan.template.name != graph:
                raise StateNotFound(key)
            *above, own = lineages.line_of(connection, key)
            view = self._state_view(connection, run, row, whole=True)
            names = [run.plan.nodes[node - run.node_base].identifier for _, _, node in above]
            line = zip(names, (StateRef(number, lost) for number, lost, _ in above), strict=True)
            return StateInFull(StateRef(own[0], own[1]), view, graph, tuple(line), _touched(view))


def _touched(state: StateView) -> datetime:
    """Return when anything last became of a state, as far as that is kept."""
    return max(at for at in (state.created_at, state.queued_at, state.started_at, state.finished_at) if at is not None)
