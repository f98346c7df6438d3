"""A recount by brute force: what gates, runs and counts should say, from nothing but the states (semantics 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import pytest

from exodsl.database import writes
from exodsl.engine import settle
from exodsl.template.models import NodeTemplate
from tests.properties.layout import Layout

LIVE = ("CREATED", "QUEUED", "EXECUTED")
NAMES = (*LIVE, "SUCCESS", "NEXT_CREATED_ERROR", "RETRY_CREATED", "ERRORED", "PRUNED", "CANCELLED")
GOES_ON = (0, 1)
SUCCESS, FAILED, CANCELLED = 2, 3, 4
Key = tuple[str, bytes]
"""A gate: its unite, and where it stands. The run is the gate with no name."""
RUN: Key = ("", b"")


class Looks(Protocol):
    """Asks a database: a connection to SQLite, or what stands for one."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Any:
        """Return a cursor with the answer."""


class Audit:
    """Recounts runs of one template, straight from the rows of states and gates."""

    def __init__(self, connection: Looks, nodes: Sequence[NodeTemplate]) -> None:
        self._connection = connection
        self._layout = Layout(nodes)
        self.checked = 0

    def check(self) -> None:
        """Compare every counter of every run, and of its gates, with what the states say.

        The counters of a cancelled run stay as they stood; of it only the fingerprints are looked at.
        """
        self._check_fingerprints()
        names = dict(self._rows("SELECT id, identifier FROM template_node"))
        for run, status, pending, failed in self._rows("SELECT id, status, pending, failed FROM run"):
            if status != CANCELLED:
                self._check_run(run, names, (pending, failed))
                assert (status in GOES_ON) == (pending > 0), "a run goes on as long as something is live"
                assert status in GOES_ON or (status == FAILED) == (failed > 0)
        self.checked += 1

    def _check_fingerprints(self) -> None:
        one = "SELECT run_id, node, path FROM state {} GROUP BY run_id, node, path {} HAVING count(*) > 1"
        assert not self._rows(one.format("", ", attempt")), "one fingerprint, one state"
        stands = f"WHERE status <> {NAMES.index('RETRY_CREATED')}"
        assert not self._rows(one.format(stands, "")), "of the attempts at a place one stands, the last"

    def _check_run(self, run: int, names: dict[int, str], counted: tuple[int, int]) -> None:
        states = [
            (key, names[node], path, NAMES[status])
            for key, node, path, status in self._rows("SELECT id, node, path, status FROM state WHERE run_id = ?", run)
        ]
        gates: list[Any] = [(names[row[0]], *row[1:]) for row in self._rows(
            "SELECT node, path, status, pending, failed, pruned, opener FROM gate WHERE run_id = ?", run
        )]  # fmt: skip
        pending, failed, pruned = self._recount(states, gates)
        stored = {RUN: counted} | {(g[0], g[1]): (g[3], g[4]) for g in gates}
        assert stored == {key: (pending[key], failed[key]) for key in stored}
        assert {(g[0], g[1]): g[5] for g in gates} == {(g[0], g[1]): pruned[g[0], g[1]] for g in gates}
        assert all((gate[2] == 0) == (gate[3] > 0) for gate in gates), "a gate is open while something is live"
        assert not set(pending) - set(stored), "whatever is live is waited for by a gate that is there"
        self._recount_nodes(run, states)

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        return self._connection.execute(sql, values).fetchall()

    def _recount(self, states: Sequence[Any], gates: Sequence[Any]) -> tuple[Counter[Key], ...]:
        pending: Counter[Key] = Counter()
        failed: Counter[Key] = Counter()
        pruned: Counter[Key] = Counter()
        spilled = {key for key, _, _, status in states if status == "EXECUTED"}
        for _, name, path, status in states:
            if status in LIVE:
                pending.update(self._waiting(name, path))
            if status == "PRUNED":
                pruned.update(self._at(self._layout.counting(name, branch=False), path))
            if status in ("ERRORED", "NEXT_CREATED_ERROR"):
                branch = status == "NEXT_CREATED_ERROR" and self._layout.fans_out(name)
                failed.update(self._blamed(name, path, branch=branch))
        for name, path, status, _, _, _, opener in gates:
            if status == 0:
                pending.update(self._waiting(name, path))
                pending[name, path] += opener in spilled and self._layout.unites(name).per == "execution"  # type: ignore[union-attr]
            if status == 2:
                failed.update(self._blamed(name, path, branch=False))
        pruned.pop(RUN, None)
        return pending, failed, pruned

    def _waiting(self, name: str, path: bytes) -> list[Key]:
        """Name the innermost gates that wait for what stands here."""
        around = [unite for unite, region in self._layout.region.items() if name in region]
        inner = [u for u in around if not any(other in self._layout.region[u] for other in around)]
        return self._at(inner, path) or [RUN]

    def _blamed(self, name: str, path: bytes, *, branch: bool) -> list[Key]:
        return self._at(self._layout.counting(name, branch=branch), path) or [RUN]

    def _at(self, unites: Iterable[str], path: bytes) -> list[Key]:
        return [(unite, path[: 4 * len(self._layout.opened_at(unite))]) for unite in unites]

    def _recount_nodes(self, run: int, states: Sequence[Any]) -> None:
        columns = ("success", "errored", "next_created_error", "pruned", "retry_created")
        stored = self._rows(
            f"SELECT n.identifier, total, {', '.join(columns)} FROM node_count"
            " JOIN template_node AS n ON n.id = node WHERE run_id = ?",
            run,
        )
        tally = Counter((name, status.lower()) for _, name, _, status in states)
        totals = Counter(name for _, name, _, _ in states)
        for name, total, *counts in stored:
            assert (total, counts) == (totals[name], [tally[name, column] for column in columns])


@contextmanager
def in_parts() -> Iterator[None]:
    """Have fanouts of more than two outputs recorded as very wide ones are: in parts, here of two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settle, "WIDE", 2)
        patch.setattr(writes, "SPILL_PART", 2)
        yield
