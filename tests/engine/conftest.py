"""Runs without a database: plans, facts and settlements of small templates."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest

from exodsl.engine.facts import GateFacts, Known, RunFacts, StateFacts
from exodsl.engine.plan import Plan, make_plan
from exodsl.engine.settle import Settlement
from tests.manager.byhand import draw


class Scene:
    """One run of a template, and a settlement of one transaction in it."""

    def __init__(self, arrows: str, given: Mapping[str, Any], store: dict[str, Any], **parts: Any) -> None:
        self.plan: Plan = make_plan(draw(arrows, **parts))
        self.run = RunFacts(1, "run", self.plan, 0, dict(given), store)
        self.index = {node.identifier: node.index for node in self.plan.nodes}
        self.known = Known()
        keys = count(100)
        self.settlement = Settlement(now=1_000, next_key=lambda: next(keys), chance=lambda: 0.5, known=self.known)

    @property
    def changes(self) -> Any:
        """What has been settled so far."""
        return self.settlement.changes

    def state(self, identifier: str, path: bytes = b"", retry_count: int = 0) -> StateFacts:
        """Return a state that a runtime holds."""
        node = self.plan.nodes[self.index[identifier]]
        return StateFacts(7, self.run, node, path, retry_count, retry_count, None, "{}", 5)

    def gate(self, identifier: str, path: bytes = b"", *, failed: int = 0, cause: int | None = None) -> GateFacts:
        """Return a gate that has nothing live any more."""
        return GateFacts(9, self.run, self.plan.nodes[self.index[identifier]], path, 7, failed, cause)

    def made(self) -> list[tuple[str, bytes, str]]:
        """Return (identifier, path, status) of every state that was created."""
        names = {index: name for name, index in self.index.items()}
        created = [*self.changes.created, *(one for group in self.changes.siblings for one in group.apart())]
        return [(names[new.node], new.path, new.status.name) for new in sorted(created, key=lambda new: new.key)]

    def pending(self) -> dict[str, int]:
        """Return how far what is live has moved, at each unite and at the run."""
        changes, names = self.changes, {index: name for name, index in self.index.items()}
        moves = {names[key[1]]: moves.pending for key, moves in changes.gates.items()}
        opened = {names[key[1]]: gate.moves.pending for key, gate in changes.opened.items()}
        return moves | opened | {"run": changes.run(1).pending}


@pytest.fixture
def scene() -> Any:
    """Set up a scene: `scene("root > leaf", unites=..., inputs=...)`."""

    def setting(arrows: str, given: Mapping[str, Any] = {}, store: Mapping[str, Any] = {}, **parts: Any) -> Scene:
        return Scene(arrows, given, dict(store), **parts)

    return setting
