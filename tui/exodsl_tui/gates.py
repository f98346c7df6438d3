"""The gates of a unite, page by page or summed up; everything here runs in the reader's thread."""

from __future__ import annotations

from dataclasses import dataclass

from exodsl.manager.protocol import StateManager
from exodsl.manager.views import GateView
from exodsl_tui.looking import COUNTED, Facts, Subject
from exodsl_tui.paging import Chunk, Sequential

EXAMINED = 20
"""So many open gates are asked whether they can open."""


@dataclass(frozen=True, slots=True)
class GatesSource(Sequential):
    """The gates of a unite, in fanout order."""

    subject: Subject
    node: str

    def chunk(self, manager: StateManager, cursor: str | None, limit: int) -> Chunk[GateView]:
        """Return the gates after a cursor."""
        run_id = self.subject.facts(manager).run_id
        page = manager.gates(run_id, identifier=self.node, limit=limit, cursor=cursor)
        return Chunk(page.items, page.next_cursor, len(page.items))


@dataclass(frozen=True, slots=True)
class Summary:
    """How the gates of a unite stand.

    :param only: the path of the only gate, if there is just one.
    :param open: those that were not examined, at most 100; `moving` can open as things are, `dead` cannot.
    """

    facts: Facts
    only: tuple[int, ...] | None
    passed: int
    moving: int
    dead: int
    open: int
    blocked: int

    @property
    def sentence(self) -> str:
        """Say it: `12 gates: 9 passed, 2 moving, 1 dead`; of a single one, its sentence says more."""
        if self.only is not None:
            return ""
        counts = (
            (self.passed, "passed"),
            (self.moving, "moving"),
            (self.open, "open"),
            (self.dead, "dead"),
            (self.blocked, "blocked"),
        )
        total = sum(count for count, _ in counts)
        more = "+" if COUNTED in (self.open, self.blocked) else ""
        said = ", ".join(f"{count:,} {what}" for count, what in counts if count)
        return f"{total:,}{more} gates: {said}" if total else "no gates yet: what they unite has not run"


def summed_up(manager: StateManager, subject: Subject, node: str) -> Summary:
    """Count the gates of a unite; runs in the reader's thread."""
    facts = subject.facts(manager)
    run_id = facts.run_id
    first = manager.gates(run_id, identifier=node, limit=2).items
    opened = manager.gates(run_id, identifier=node, status="OPEN", limit=COUNTED).items
    blocked = manager.gates(run_id, identifier=node, status="BLOCKED", limit=COUNTED).items
    states = next(part for part in manager.progress(run_id) if part.identifier == node)
    passed = states.total - states.retry_created
    if facts.scene.fans_out(node):  # it has more states than it was executed
        passed = sum(1 for gate in first if gate.status == "PASSED")
    verdicts = [manager.gate(run_id, node, gate.path) for gate in opened[:EXAMINED]]
    dead = sum(1 for verdict in verdicts if verdict.dead)
    only = first[0].path if len(first) == 1 else None
    return Summary(facts, only, passed, len(verdicts) - dead, dead, len(opened) - len(verdicts), len(blocked))
