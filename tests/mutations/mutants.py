"""The ways in which the product is broken on purpose, and the tests that are there to notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """One exact change of one file; `tests` are tried first, and the whole suite if they notice nothing."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, root: Path) -> str:
        """Return the changed text of its file; :raises Outdated: unless the old text stands there once."""
        text = (root / self.file).read_text()
        count = text.count(self.old)
        if count != 1:
            raise Outdated(f'Mutant "{self.name}" does not fit {self.file}: {self.old!r} stands there {count} times.')
        return text.replace(self.old, self.new)


class Outdated(Exception):
    """The code has changed, and a mutant has to follow it."""


MUTANTS = (
    Mutant(
        "a gate is not counted down",
        "exodsl/engine/tally.py",
        "self.changes.gate((run.key, ref.node, path[: ref.size])).pending += by",
        "self.changes.gate((run.key, ref.node, path[: ref.size])).pending += max(by, 0)",
        ("tests/manager/test_unites.py",),
    ),
    Mutant(
        "a failed branch lets a strict unite run",
        "exodsl/engine/closing.py",
        "if gate.node.strict and gate.failed:",
        "if gate.node.strict and gate.failed > 1:",
        ("tests/manager/test_unites.py",),
    ),
    Mutant(
        "a prune counts as a failure",
        "exodsl/engine/settle.py",
        "self.prune(state.run, state.node, state.path)",
        "self.blame(state.run, state.node.blamed, state.path, state.key)",
        ("tests/manager/test_unites.py",),
    ),
    Mutant(
        "the token of a lease is not checked by a runtime's own process",
        "exodsl/manager/embedded.py",
        "if state is None or state.lease != report.lease or state.key in settled:",
        "if state is None or state.key in settled:",
        ("tests/manager/test_leases.py",),
    ),
    Mutant(
        "the token of a lease is not checked in the database",
        "exodsl/database/writes.py",
        '" WHERE state.id = v.column1 AND state.lease = v.column2 AND state.status = {State.QUEUED:d}"',
        '" WHERE state.id = v.column1 AND v.column2 > 0 AND state.status = {State.QUEUED:d}"',
        ("tests/manager/test_gone.py",),
    ),
    Mutant(
        "a lease is not renewed",
        "exodsl/manager/embedded.py",
        "until = step.now + LEASE_MS\n        if not templates.extend_session(",
        "until = session.lease_until\n        if not templates.extend_session(",
        ("tests/manager/test_leases.py", "tests/manager/test_gone.py"),
    ),
    Mutant(
        "what a gone runtime held stays held",
        "exodsl/manager/embedded.py",
        "elif lease_until < step.now - spared or sessions.is_gone(where, which):",
        "elif sessions.is_gone(where, which):",
        ("tests/manager/test_gone.py",),
    ),
    Mutant(
        "a fingerprint is not unique",
        "exodsl/database/tables.py",
        'indexes = ((("run_id", "node", "path", "attempt"), True),)',
        'indexes = ((("run_id", "node", "path", "attempt"), False),)',
        ("tests/database/test_transactions.py",),
    ),
    Mutant(
        "the store is written outside of the transaction",
        "exodsl/database/writes.py",
        "    if changes.store:\n",
        '    if changes.store:\n        connection.execute("COMMIT")\n        connection.execute("BEGIN IMMEDIATE")\n',
        ("tests/manager/test_store.py",),
    ),
    Mutant(
        "the order of a fanout is lost",
        "exodsl/engine/lineage.py",
        'return position.to_bytes(STEP, "big")',
        'return position.to_bytes(STEP, "little")',
        ("tests/manager/test_fanouts.py", "tests/engine/test_lineage.py"),
    ),
    Mutant(
        "a list is in the order of ending",
        "exodsl/database/reads.py",
        'outputs IS NOT NULL ORDER BY path"\n)\n_STATE',
        'outputs IS NOT NULL ORDER BY finished_at"\n)\n_STATE',
        ("tests/manager/test_fanouts.py",),
    ),
    Mutant(
        "a list inside of a fanout is in the order of ending",
        "exodsl/database/reads.py",
        'outputs IS NOT NULL ORDER BY path"\n)\n_WHOLE',
        'outputs IS NOT NULL ORDER BY finished_at"\n)\n_WHOLE',
        ("tests/manager/test_fanouts.py",),
    ),
    Mutant(
        "retries are not limited",
        "exodsl/engine/settle.py",
        "if failure.retryable and retry <= policy.max_retries:",
        "if failure.retryable:",
        ("tests/manager/test_retries.py",),
    ),
    Mutant(
        "a failure that is none to retry is retried",
        "exodsl/engine/settle.py",
        "if failure.retryable and retry <= policy.max_retries:",
        "if retry <= policy.max_retries:",
        ("tests/manager/test_transitions.py",),
    ),
    Mutant(
        "a retry does not wait",
        "exodsl/engine/settle.py",
        "due = self.now + policy.delay_ms(retry, self.chance())",
        "due = self.now",
        ("tests/manager/test_transitions.py",),
    ),
    Mutant(
        "a requeue counts as a retry",
        "exodsl/database/writes.py",
        '" enqueue_after = coalesce(v.column8, state.enqueue_after), finished_at = v.column9,"',
        '" enqueue_after = coalesce(v.column8, state.enqueue_after), finished_at = v.column9,"\n'
        '    " retry_count = retry_count + (v.column8 IS NOT NULL),"',
        ("tests/manager/test_transitions.py",),
    ),
    Mutant(
        "the budget of retries does not start afresh",
        "exodsl/engine/revise.py",
        "                retry_count=0,\n",
        "                retry_count=state.retry_count,\n",
        ("tests/manager/test_retry.py",),
    ),
    Mutant(
        "what followed from a failure is not taken back",
        "exodsl/engine/revise.py",
        "        self.changes.superseded.append(state.key)\n",
        "        if state.node.source is None:\n            self.changes.superseded.append(state.key)\n",
        ("tests/manager/test_retry.py",),
    ),
    Mutant(
        "a cancelled run goes on",
        "exodsl/database/revisions.py",
        'live = f"status IN ({State.CREATED:d}, {State.QUEUED:d}, {State.EXECUTED:d})"',
        'live = f"status IN ({State.QUEUED:d}, {State.EXECUTED:d})"',
        ("tests/manager/test_control.py",),
    ),
    Mutant(
        "a paused run is handed out",
        "exodsl/manager/exchange.py",
        "full = len(self.claimed) >= capacity or run.key in self._paused",
        "full = len(self.claimed) >= capacity",
        ("tests/manager/test_control.py",),
    ),
    Mutant(
        "a run with a failure is a SUCCESS",
        "exodsl/manager/exchange.py",
        "= Run.FAILED if failed else Run.SUCCESS",
        "= Run.FAILED if failed > 1 else Run.SUCCESS",
        ("tests/manager/test_transitions.py",),
    ),
    Mutant(
        "a run that was cancelled and started again keeps what was stopped",
        "exodsl/database/revisions.py",
        'stopped = f"status IN ({State.QUEUED:d}, {State.CANCELLED:d})"',
        'stopped = f"status IN ({State.QUEUED:d})"',
        ("tests/manager/test_reruns.py",),
    ),
    Mutant(
        "one key of idempotency gives two runs",
        "exodsl/manager/triggering.py",
        "before = templates.run_of(self._connection, key)",
        "before = None",
        ("tests/manager/test_control.py",),
    ),
    Mutant(
        "a tick fires twice",
        "exodsl/database/schedules.py",
        "    return bool(cursor.rowcount)\n",
        "    return cursor.rowcount >= 0\n",
        ("tests/manager/test_schedules.py",),
    ),
)
