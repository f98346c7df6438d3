"""`exodsl pause`: holding a run where it stands."""

from __future__ import annotations

import json

from exodsl.cli.exits import answer, say
from exodsl.cli.options import Database, Json, RunId
from exodsl.cli.results import short
from exodsl.cli.storage import found
from exodsl.manager.naming import command


def pause(run_id: RunId, db: Database = None, as_json: Json = False) -> None:
    """Hold a run: what runs may end, and nothing else of it begins until it is resumed.

    Examples:

      exodsl pause 6f0c21ab
      exodsl resume 6f0c21ab
    """
    with found(db) as manager:
        run = manager.pause(run_id)
    if as_json:
        answer(json.dumps({"run_id": run.run_id, "status": run.status}, indent=2))
        return
    answer(f"run {short(run.run_id)} is PAUSED: what runs may end, nothing else of it begins")
    say(f"Let it go on with:\n  {command(db, 'resume', short(run.run_id))}")
