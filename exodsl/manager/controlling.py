"""Control by hand: cancel, pause, resume and retry runs (semantics 3, 4)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from exodsl.database import revisions, templates
from exodsl.database.rows import Row
from exodsl.database.writes import write_counts
from exodsl.engine.changes import Changes
from exodsl.engine.revise import RETRIED
from exodsl.engine.status import Run, State
from exodsl.errors import InputInvalid, StoreUnavailable, TransitionRefused
from exodsl.manager.exchange import Step
from exodsl.manager.ids import new_run_id
from exodsl.manager.protocol import Rerun, Retried
from exodsl.manager.revising import Reviser
from exodsl.manager.viewing import Viewing, node_key, state_status
from exodsl.manager.views import RunView, StateStatus

_LIVE = (Run.RUNNING, Run.PAUSED)
_FAILED = (State.ERRORED, State.NEXT_CREATED_ERROR)
_STATUS, _CLEANED = 5, 12


class _NotMeant(Exception):
    """Undoes a dry run."""


class Controlling(Viewing, ABC):
    """Acts on runs by hand; see `StateManager` for each call."""

    @abstractmethod
    def _working(self, *, alone: bool = False) -> AbstractContextManager[Step]: ...

    @abstractmethod
    def _learn_special(self, connection: Any) -> None: ...

    def rerun(self, run_id: str, state_id: int, *, dry_run: bool = False) -> Rerun:
        """Start again from a state, in a new run; see `StateManager.rerun`."""
        found = Rerun("", 0)
        try:
            with self._working(alone=True) as step:
                found = self._rerun(step, run_id, state_id)
                if dry_run:
                    raise _NotMeant
        except _NotMeant:
            return found
        return found

    def _rerun(self, step: Step, run_id: str, state_id: int) -> Rerun:
        row = self._run_row(step.connection, run_id)
        _expect_store(step, row)
        low, high = revisions.key_range(step.connection, row[0])
        by = self._db.keys.reserve(high - low + 1) - low
        reviser = Reviser(step, by)
        reviser.ensure_ended(state_id, row[0])
        new_id = new_run_id(step.now)
        new = self._db.keys.next_run()
        revisions.copy_run(step.connection, row[0], new, new_id, by, step.now)
        reviser.rerun(state_id + by, new)
        reviser.name_causes(new)
        self._learn_special(step.connection)
        return Rerun(new_id, reviser.superseded)

    def cancel(self, run_id: str) -> RunView:
        """End a run where it stands; see `StateManager.cancel`."""
        with self._working(alone=True) as step:
            row = self._expect(step, run_id, _LIVE, "only a run that goes on can be cancelled")
            self._end_by_hand(step, row[0])
        return self.run(run_id)

    def _end_by_hand(self, step: Step, key: int) -> None:
        """Cancel a run that goes on; what was just claimed of it is not handed out either."""
        changes = Changes()
        run = step.catalog.run(step.connection, key)
        for node, count in revisions.cancel(step.connection, key, step.now):
            plan = run.plan.nodes[node - run.node_base]
            if plan.several:
                changes.count(key, plan.index, ended=State.CANCELLED, by=count)
        write_counts(step.connection, changes, step.node_id)
        clean = not run.plan.template.keep_store
        templates.end_runs(step.connection, [key], Run.CANCELLED, step.now, clean_store=clean)
        step.claimed = [state for state in step.claimed if state.run.key != key]
        step.ended[key] = Run.CANCELLED

    def pause(self, run_id: str) -> RunView:
        """Hand nothing of a run out; see `StateManager.pause`."""
        self._switch(run_id, Run.RUNNING, Run.PAUSED, "only a running one can be paused")
        return self.run(run_id)

    def resume(self, run_id: str) -> RunView:
        """Let a paused run go on; see `StateManager.resume`."""
        self._switch(run_id, Run.PAUSED, Run.RUNNING, "only a paused one can be resumed")
        return self.run(run_id)

    def _switch(self, run_id: str, before: Run, after: Run, rule: str) -> None:
        with self._working(alone=True) as step:
            row = self._expect(step, run_id, (before,), rule)
            revisions.set_status(step.connection, row[0], after)
            self._learn_special(step.connection)
            step.left_due = step.now

    def retry(
        self,
        run_id: str,
        state_ids: Sequence[int] | None = None,
        *,
        identifier: str | None = None,
        status: StateStatus | None = None,
        dry_run: bool = False,
    ) -> Retried:
        """Retry states by hand; see `StateManager.retry`."""
        found = Retried((), 0)
        try:
            with self._working(alone=True) as step:
                found = self._retry(step, run_id, state_ids, identifier, status)
                if dry_run:
                    raise _NotMeant
        except _NotMeant:
            return found
        return found

    def _retry(
        self, step: Step, run_id: str, state_ids: Sequence[int] | None, identifier: str | None, status: str | None
    ) -> Retried:
        row = self._expect(step, run_id, (*_LIVE, Run.FAILED, Run.SUCCESS), "nothing is created in it any more")
        _expect_store(step, row)
        keys = self._chosen(step, row[0], state_ids, identifier, status)
        reviser = Reviser(step)
        retried = tuple(key for key in keys if reviser.retry(key, row[0]))
        reviser.name_causes(row[0])
        self._learn_special(step.connection)
        return Retried(retried, reviser.superseded)

    def _chosen(
        self, step: Step, run: int, state_ids: Sequence[int] | None, identifier: str | None, status: str | None
    ) -> Sequence[int]:
        if state_ids is not None:
            return sorted(set(state_ids))
        chosen = None if status is None else state_status(status)
        if chosen is not None and chosen not in RETRIED:
            raise InputInvalid(f"States that are {status} cannot be retried: only what failed or was pruned.")
        statuses = _FAILED if chosen is None else (chosen,)
        facts = step.catalog.run(step.connection, run)
        node = None if identifier is None else node_key(facts, identifier)
        return revisions.retryable(step.connection, run, node, statuses)

    def _expect(self, step: Step, run_id: str, statuses: tuple[Run, ...], rule: str) -> Row:
        row = self._run_row(step.connection, run_id)
        status = Run(row[_STATUS])
        if status not in statuses:
            raise TransitionRefused(f'Run "{row[1]}"', status.name, rule)
        return row


def _expect_store(step: Step, row: Row) -> None:
    """:raises StoreUnavailable: when the graph has a store, and that of the run was cleaned up (semantics 7)."""
    if row[_CLEANED] and step.catalog.run(step.connection, row[0]).plan.template.store_config.keys:
        raise StoreUnavailable(row[1])
