"""What stands in a database, by its rows alone: no part of exodsl is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.engine.reports import Claim
from tests.manager.audit import NAMES, Looks

RUNS = ("RUNNING", "PAUSED", "SUCCESS", "FAILED", "CANCELLED")
TABLES = ("state", "gate", "node_count", "store_entry")


class Rows:
    """Questions about runs and states."""

    def __init__(self, connection: Looks) -> None:
        self._connection = connection

    def of(self, run_id: str) -> list[Any]:
        """Return all that is stored of a run."""
        [(key,)] = self._rows("SELECT id FROM run WHERE run_id = ?", run_id)
        kept = [self._rows(f"SELECT * FROM {table} WHERE run_id = ? ORDER BY 1, 2", key) for table in TABLES]
        return [self._rows("SELECT * FROM run WHERE id = ?", key), *kept]

    def spilled(self) -> list[Any]:
        """Return what of very wide fanouts is not made into states yet."""
        return self._rows("SELECT * FROM spill ORDER BY id")

    def run(self, run_id: str) -> str:
        """Return the status of a run."""
        [(status,)] = self._rows("SELECT status FROM run WHERE run_id = ?", run_id)
        return RUNS[status]

    def state(self, key: int) -> str:
        """Return the status of a state."""
        [(status,)] = self._rows("SELECT status FROM state WHERE id = ?", key)
        return NAMES[status]

    def states(self, run_id: str, statuses: Sequence[str] = NAMES) -> list[int]:
        """Return the states of a run that have one of these statuses, oldest first."""
        found = self._rows(
            "SELECT s.id, s.status FROM state AS s JOIN run ON run.id = s.run_id WHERE run.run_id = ? ORDER BY s.id",
            run_id,
        )
        return [key for key, status in found if NAMES[status] in statuses]

    def is_held(self, claim: Claim) -> bool:
        """Say whether the lease of a claim is still that of its state."""
        rows = self._rows("SELECT status, lease FROM state WHERE id = ?", claim.state_id)
        return rows == [(NAMES.index("QUEUED"), claim.lease)]

    def due_at(self, key: int) -> int:
        """Return since when a state may be handed out."""
        [(due,)] = self._rows("SELECT enqueue_after FROM state WHERE id = ?", key)
        return int(due)

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        return self._connection.execute(sql, values).fetchall()
