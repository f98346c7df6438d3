"""One look at a run: what its graph needs, in few short queries, whatever the number of its states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from exodsl.manager.inspection import NodeActivity, Verdict
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import NodeProgress, RunView
from exodsl.template.drawings import Scene
from exodsl.template.models import GraphTemplate

T = TypeVar("T")
MANY_GATES = 10_000
"""Where a node was executed more often, nobody counts the open gates of what unites it."""
COUNTED = 100
"""Open or blocked gates are counted up to here."""


@dataclass(frozen=True, slots=True)
class Gates:
    """How the gates of one unite stand.

    :param open: how many are, at most 100; `blocked` likewise.
    :param verdict: what the only gate waits for, where there is just one and it is not passed.
    """

    passed: int
    open: int
    blocked: int
    verdict: Verdict | None = None

    @property
    def total(self) -> int:
        """How many there are, as far as they were counted."""
        return self.passed + self.open + self.blocked


@dataclass(frozen=True)
class Facts:
    """What never changes of a run: its version of a graph; `run` is as it was first seen."""

    run: RunView
    template: GraphTemplate
    scene: Scene

    @property
    def run_id(self) -> str:
        """The whole id."""
        return self.run.run_id


@dataclass(frozen=True, slots=True)
class Look:
    """A run as it stood at one moment; `progress` and `activity` by identifier."""

    run: RunView
    progress: Mapping[str, NodeProgress]
    activity: Mapping[str, NodeActivity] = field(default_factory=dict[str, NodeActivity])
    gates: Mapping[str, Gates] = field(default_factory=dict[str, Gates])


class Subject:
    """A run that a screen is about, found once by a part of its id; all but `part` is used in the reader's thread.

    :param part: any unique start or end of the run's id.
    """

    def __init__(self, part: str) -> None:
        self.part = part
        self._facts: Facts | None = None
        self._known: dict[str, tuple[RunView, object]] = {}

    @property
    def run_id(self) -> str:
        """The whole id, as soon as it is known."""
        return self.part if self._facts is None else self._facts.run_id

    def fans_out(self, name: str) -> bool:
        """Say whether a node fans out, as soon as the graph is known."""
        return self._facts is not None and self._facts.scene.fans_out(name)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes in topological order, as soon as they are known."""
        return () if self._facts is None else self._facts.scene.structure.shape.order

    def facts(self, manager: StateManager) -> Facts:
        """Return what never changes of the run."""
        if self._facts is None:
            run = manager.run(self.part)
            template = manager.template(run.namespace, run.graph, run.version)
            self._facts = Facts(run, template, Scene.of(template, None))
        return self._facts

    def look(self, manager: StateManager) -> Look:
        """Return how the run stands now."""
        scene = self.facts(manager).scene
        return self.once_ended(manager, "look", lambda run: _look(manager, run, scene))

    def of_run(self, manager: StateManager, kind: str, question: Callable[[str], T]) -> T:
        """Ask something by the run's id; see `once_ended`."""
        return self.once_ended(manager, kind, lambda run: question(run.run_id))

    def once_ended(self, manager: StateManager, kind: str, question: Callable[[RunView], T]) -> T:
        """Ask something of the run; of one that ended, and was not touched since, only once."""
        run = manager.run(self.facts(manager).run_id)
        seen, known = self._known.get(kind, (None, None))
        if run.finished_at is not None and run == seen:
            return cast("T", known)
        answer = question(run)
        self._known[kind] = run, answer
        return answer


def _look(manager: StateManager, run: RunView, scene: Scene) -> Look:
    progress = {node.identifier: node for node in manager.progress(run.run_id)}
    activity = {node.identifier: node for node in manager.activity(run.run_id)}
    gates = {name: _gates(manager, run.run_id, progress, scene, name) for name in _reached(scene, progress)}
    return Look(run, progress, activity, gates)


def _reached(scene: Scene, progress: Mapping[str, NodeProgress]) -> list[str]:
    """Return the unites whose gates may be there, and are not too many."""
    united = {name: _united(scene, name) for name in scene.structure.shape.unites}
    return [name for name, source in united.items() if 0 < progress[source].success <= MANY_GATES]


def _united(scene: Scene, name: str) -> str:
    unites = scene.structure.nodes[name].unites
    assert unites is not None
    return unites.identifier


def _gates(manager: StateManager, run_id: str, progress: Mapping[str, NodeProgress], scene: Scene, name: str) -> Gates:
    opened = manager.gates(run_id, identifier=name, status="OPEN", limit=COUNTED).items
    blocked = manager.gates(run_id, identifier=name, status="BLOCKED", limit=COUNTED).items
    passed = _executions(progress[name], fans_out=scene.fans_out(name))
    waiting = (*opened, *blocked)
    verdict = None
    if len(waiting) == 1 and not passed:
        verdict = manager.gate(run_id, name, waiting[0].path)
    return Gates(passed, len(opened), len(blocked), verdict)


def _executions(node: NodeProgress, *, fans_out: bool) -> int:
    """Return how often a unite was reached; one that fans out has more states than that, and counts as one."""
    states = node.total - node.retry_created
    return min(states, 1) if fans_out else states
