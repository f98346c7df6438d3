"""What counts where: live states, failures and prunes, at gates and at runs (semantics 4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from exodsl.engine.changes import Changes, Moves
from exodsl.engine.facts import RunFacts
from exodsl.engine.plan import GateRef, NodePlan


@dataclass(slots=True, kw_only=True)
class Tally:
    """Moves the counters of gates and runs; everything is gathered in `changes`."""

    changes: Changes = field(default_factory=Changes)

    def live(self, run: RunFacts, node: NodePlan, path: bytes, by: int) -> None:
        """Count states of a node, or gates of a unite, that are live: at the innermost gates, else at the run."""
        if not node.counted:
            self.changes.run(run.key).pending += by
        for ref in node.counted:
            self.changes.gate((run.key, ref.node, path[: ref.size])).pending += by

    def blame(self, run: RunFacts, refs: tuple[GateRef, ...], path: bytes, cause: int | None) -> None:
        """Count a failure at the gates that it reaches, else at the run; `cause` is the state that failed."""
        for move in self._blamed(run, refs, path):
            move.failed += 1
            move.cause = cause if move.cause is None else move.cause

    def forgive(self, run: RunFacts, refs: tuple[GateRef, ...], path: bytes) -> None:
        """Take a failure back where it counted."""
        for move in self._blamed(run, refs, path):
            move.failed -= 1

    def _blamed(self, run: RunFacts, refs: tuple[GateRef, ...], path: bytes) -> list[Moves]:
        moves = [self.changes.gate((run.key, ref.node, path[: ref.size])) for ref in refs]
        return moves or [self.changes.run(run.key)]

    def prune(self, run: RunFacts, node: NodePlan, path: bytes, by: int = 1) -> None:
        """Count a prune at the gates that it reaches."""
        for ref in node.blamed:
            self.changes.gate((run.key, ref.node, path[: ref.size])).pruned += by

    def arrive(self, run: RunFacts, node: NodePlan, path: bytes, by: int = 1) -> None:
        """Count an output that goes on to the unites among the next nodes."""
        for ref in node.reaches:
            self.changes.gate((run.key, ref.node, path[: ref.size])).arrived += by

    def open_gate(self, run: RunFacts, unite: int, path: bytes, opener: int) -> None:
        """Open a gate, which is live itself until it is drained."""
        self.changes.open(run.key, unite, path, opener)
        self.live(run, run.plan.nodes[unite], path, 1)
