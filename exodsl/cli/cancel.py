"""`exodsl cancel`: ending a run where it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from exodsl.cli.asking import DryRun, Yes, ask, can_ask
from exodsl.cli.exits import answer, say
from exodsl.cli.options import Database, Json, RunId
from exodsl.cli.results import short
from exodsl.cli.storage import found
from exodsl.errors import TransitionRefused

if TYPE_CHECKING:
    from exodsl.manager.protocol import StateManager
    from exodsl.manager.views import RunView


def cancel(
    run_id: RunId, dry_run: DryRun = False, yes: Yes = False, db: Database = None, as_json: Json = False
) -> None:
    """End a run where it stands: nothing of it is begun, recorded or created any more.

    It cannot go on afterwards. On a terminal this asks first; bodies that run are not stopped, but what
    they give is not recorded.

    Examples:

      exodsl cancel 6f0c21ab
      exodsl cancel 6f0c21ab --dry-run
      exodsl cancel 6f0c21ab --yes --json
    """
    with found(db) as manager:
        run = manager.run(run_id)
        if run.finished_at is not None:
            raise TransitionRefused(f'Run "{run.run_id}"', run.status, "only a run that goes on can be cancelled")
        count = sum(node.live for node in manager.progress(run.run_id))
        if not dry_run:
            say(_planned(manager, run, count))
            if not yes and can_ask():
                ask("Cancel it?")
            run = manager.cancel(run.run_id)
            count = sum(node.cancelled for node in manager.progress(run.run_id))
        elif not as_json:
            answer(_planned(manager, run, count))
    if as_json:
        document = {"run_id": run.run_id, "status": run.status, "cancelled": count, "dry_run": dry_run}
        answer(json.dumps(document, indent=2))
    elif not dry_run:
        answer(f"run {short(run.run_id)} is CANCELLED, and {count:,} of its states {'is' if count == 1 else 'are'}")


def _planned(manager: StateManager, run: RunView, live: int) -> str:
    """Say what a cancel ends."""
    keeps = manager.template(run.namespace, run.graph, run.version).keep_store
    head = f'A cancel ends run {short(run.run_id)} of graph "{run.graph}", which is {run.status}:'
    states = f"{live:,} of its states {'becomes' if live == 1 else 'become'} CANCELLED"
    return f"{head} {states}{'' if keeps else ', its store is cleaned up'}, and it cannot be retried."
