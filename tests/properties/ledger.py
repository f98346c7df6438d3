"""What was told of states and accepted, held against what stands in the database: each exactly once (semantics 3)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from exodsl.engine.lineage import positions, step
from exodsl.engine.reports import Claim
from exodsl.template.models import GraphTemplate
from tests.manager.audit import NAMES, Looks
from tests.properties.bodies import Deed, Fail, Give, Json, Prune, Requeue, Write, acting
from tests.properties.interpreter import Path, Place, World

COUNTER = "told"
ONE_MORE: Write = ("add", COUNTER, 1)
"""What every outcome writes: one that is recorded twice, or not at all, shows in the sum."""
TAKEN_BACK = "RETRY_CREATED"
LOST = "exodsl.Lost"
ENDED = ("EXECUTED", "SUCCESS", "NEXT_CREATED_ERROR", "RETRY_CREATED", "ERRORED", "PRUNED")
Row = dict[str, Any]
Ends = dict[tuple[str, Path], Deed]
"""How each place ended last."""


class Ledger:
    """Every outcome that was accepted, in the order in which it was told."""

    def __init__(self, connection: Looks) -> None:
        self._connection = connection
        self._told: list[tuple[Claim, Deed]] = []
        self._known: set[int] = set()
        self._sums: Counter[str] = Counter()
        self._ends: dict[str, Ends] = defaultdict(dict)

    def accept(self, claim: Claim, deed: Deed) -> None:
        """Note what was told of a state and not refused."""
        self._sums[claim.run_id] += 0 if isinstance(deed, Fail) else 1
        if isinstance(deed, Requeue):
            return
        self._told.append((claim, deed))
        self._known.add(claim.state_id)
        end = Fail(retryable=False) if isinstance(deed, Fail) else deed
        self._ends[claim.run_id][claim.identifier, positions(claim.path)] = end

    def copy(self, run_id: str, copied: str) -> None:
        """Take what was told of a run as having been told of its copy."""
        self._ends[copied] = dict(self._ends[run_id])
        self._sums[copied] = self._sums[run_id]
        pairs = self._rows(
            "SELECT new.id AS copied, old.id AS old FROM state AS new"
            " JOIN state AS old USING (node, path, attempt)"
            " JOIN run AS into_run ON into_run.id = new.run_id JOIN run AS of_run ON of_run.id = old.run_id"
            " WHERE into_run.run_id = ? AND of_run.run_id = ?",
            copied,
            run_id,
        )
        self._known.update(pair["copied"] for pair in pairs if pair["old"] in self._known)

    def ends(self, run_id: str) -> Ends:
        """Return how each place of a run ended, as far as it was told or can be seen to be lost."""
        lost = self._rows(
            "SELECT identifier, path FROM state JOIN template_node AS n ON n.id = node"
            " JOIN run ON run.id = state.run_id WHERE run.run_id = ? AND state.status = ? AND error LIKE ?",
            run_id,
            NAMES.index("ERRORED"),
            f"%{LOST}%",
        )
        gone: Ends = {(row["identifier"], positions(row["path"])): Fail(retryable=False) for row in lost}
        return self._ends[run_id] | gone

    def check(self) -> None:
        """Find every outcome in its place, none that nobody told, and in each store the sum of all."""
        rows = self._rows("SELECT * FROM state")
        by_key = {row["id"]: row for row in rows}
        by_place = {_place(row): row for row in rows}
        for claim, deed in self._told:
            _check_told(claim, deed, by_key[claim.state_id], by_place)
        ran = [row for row in rows if row["inputs"] is not None and NAMES[row["status"]] in ENDED]
        untold = [row for row in ran if row["id"] not in self._known and LOST not in (row["error"] or "")]
        assert all(NAMES[row["status"]] == TAKEN_BACK for row in untold), "what nobody told did not happen"
        self._check_sums()

    def _check_sums(self) -> None:
        sums = self._rows(
            "SELECT run.run_id AS run, value FROM store_entry JOIN run ON run.id = store_entry.run_id WHERE key = ?",
            COUNTER,
        )
        assert {row["run"]: int(row["value"]) for row in sums} == {row["run"]: self._sums[row["run"]] for row in sums}

    def _rows(self, sql: str, *values: Any) -> list[Row]:
        cursor = self._connection.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _place(row: Row) -> tuple[Any, ...]:
    return row["run_id"], row["node"], row["path"], row["attempt"]


def _check_told(claim: Claim, deed: Deed, row: Row, places: dict[tuple[Any, ...], Row]) -> None:
    status = NAMES[row["status"]]
    if isinstance(deed, Give):
        _check_given(deed, row, places)
    elif isinstance(deed, Prune):
        assert status in ("PRUNED", TAKEN_BACK)
        assert json.loads(row["data"]) == deed.data
    elif isinstance(deed, Fail) and deed.retryable and claim.retry_count < claim.retry_policy.max_retries:
        run, node, path, attempt = _place(row)
        assert (status, places[run, node, path, attempt + 1]["retry_count"]) == (TAKEN_BACK, claim.retry_count + 1)
    else:
        assert status in ("ERRORED", TAKEN_BACK)


def _check_given(deed: Give, row: Row, places: dict[tuple[Any, ...], Row]) -> None:
    status = NAMES[row["status"]]
    # A wide fanout is EXECUTED, or was cancelled as such, until all of its siblings are made.
    is_whole = status in ("SUCCESS", "NEXT_CREATED_ERROR", TAKEN_BACK)
    assert is_whole or status in ("EXECUTED", "CANCELLED")
    run, node, path, attempt = _place(row)
    expected = [json.loads(row["outputs"]) for row in (row,) if row["outputs"] is not None]
    for position in range(1, len(deed.outputs)):
        sibling = places.get((run, node, path + step(position), attempt))
        if sibling is None:
            assert not is_whole, "every output has its state"
            break
        expected.append(json.loads(sibling["outputs"]))
    assert tuple(expected) == deed.outputs[: len(expected)]
    assert (run, node, path + step(max(1, len(deed.outputs))), attempt) not in places, "no state is one too many"


class Replay(World):
    """Plays a run in which every place ends, at once, as it did at last."""

    def __init__(self, template: GraphTemplate, run_inputs: Json, store: Json, ends: Ends) -> None:
        super().__init__(template, acting({}), run_inputs, store)
        self._ends = ends

    def run(self, place: Place) -> None:
        """Run a state as its place ended."""
        here = (place.identifier, place.path)
        assert here in self._ends, f"by the semantics a state stands at {here}, and nobody told of one"
        self.act = lambda *_: self._ends[here]
        super().run(place)
