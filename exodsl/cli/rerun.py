"""`exodsl rerun`: starting again from a state, in a new run."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from exodsl.cli.asking import DryRun, Yes, agree
from exodsl.cli.exits import answer, say
from exodsl.cli.options import Database, Json, RunId
from exodsl.cli.results import short
from exodsl.cli.storage import found
from exodsl.manager.naming import command

From = Annotated[
    int, typer.Option("--from", metavar="STATE", help="The number of the state, as `exodsl states` shows it.")
]


def rerun(
    run_id: RunId,
    state_id: From,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """Start again from a state that has ended, in a new run; the old one stays as it is.

    The new run keeps whatever had ended, without that state and all that came of it: its body runs again, with
    the same inputs. This says first what it will do, and asks; without a terminal, give --yes.

    Examples:

      exodsl rerun 6f0c21ab --from 412
      exodsl rerun 6f0c21ab --from 412 --dry-run
    """
    with found(db) as manager:
        run = manager.run(run_id)
        state = manager.state(state_id)
        plan = manager.rerun(run.run_id, state_id, dry_run=True)
        others = plan.superseded - 1
        told = f'A new run of graph "{run.graph}" starts again from "{state.identifier}" (state {state_id}),'
        told += f" without {others:,} {'state' if others == 1 else 'states'} that came of it."
        if not dry_run:
            agree(told, "Start again?", yes=yes)
            plan = manager.rerun(run.run_id, state_id)
    document = {"run_id": plan.run_id, "from": state_id, "taken_back": others, "dry_run": dry_run}
    if dry_run:
        answer(json.dumps({**document, "run_id": None}, indent=2) if as_json else told)
        return
    answer(json.dumps(document, indent=2) if as_json else plan.run_id)
    where = () if run.target is not None else ("TARGET",)
    say("Unless a runtime serves it, nobody works on it yet. Go on with:")
    say(f"  {command(db, 'resume', short(plan.run_id), *where)}")
