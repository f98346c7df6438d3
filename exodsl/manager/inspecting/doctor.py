"""The gate doctor: what a gate waits for, what keeps it shut, and which states to retry for it to open (semantics 4).

Whether a gate opens, blocks or ends its unite at birth is the engine's `closing`; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database import doctor
from exodsl.engine.facts import RunFacts
from exodsl.engine.lineage import step
from exodsl.errors import InputInvalid
from exodsl.manager.inspecting.examination import Examination
from exodsl.manager.inspection import Verdict
from exodsl.manager.viewing import Viewing, node_key

_LONGEST_STEP = 2**32 - 1


class Doctor(Viewing):
    """Explains gates; see `Inspection` for each call."""

    def gate(self, run_id: str, identifier: str, path: Sequence[int] = ()) -> Verdict:
        """Say what a gate waits for; see `Inspection.gate`."""
        with self._db.reading() as connection:
            row = self._run_row(connection, run_id)
            run = self._shelf.run(connection, row[0])
            return Examination(connection, run, row[5], _gate_row(connection, run, identifier, path)).verdict()


def _gate_row(connection: Any, run: RunFacts, identifier: str, path: Sequence[int]) -> Any:
    key = node_key(run, identifier)
    node = run.plan.nodes[key - run.node_base]
    if node.source is None:
        raise InputInvalid(f'"{identifier}" unites nothing, so it has no gate. Ask for the gate of a unite.')
    if all(0 <= position <= _LONGEST_STEP for position in path):
        found = doctor.gate(connection, run.key, key, b"".join(map(step, path)))
        if found is not None:
            return found
    place = f" at {'.'.join(map(str, path))}" if path else ""
    source = run.plan.nodes[node.source].identifier
    raise InputInvalid(f'"{identifier}" has no gate{place}: it comes into being when a state of "{source}" succeeds.')
