"""`exodsl states`: the states of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from exodsl.cli.finding import found_states
from exodsl.cli.options import Cursor, Database, Json, Limit, RunId
from exodsl.cli.results import error_line
from exodsl.cli.storage import found
from exodsl.cli.tables import compact, lasted, say_more, show_page, show_table, status_named
from exodsl.manager.naming import command

if TYPE_CHECKING:
    from exodsl.manager.filters import StateFilter
    from exodsl.manager.protocol import StateManager
    from exodsl.manager.views import StateStatus, StateView

Node = Annotated[str | None, typer.Option(metavar="IDENTIFIER", help="Only states of this node.")]
Status = Annotated[
    str | None,
    typer.Option(metavar="STATUS", help="Only states with this status, such as SUCCESS, ERRORED or PRUNED."),
]
Where = Annotated[
    str | None,
    typer.Option(metavar="FILTER", help="Only states that fit a filter, such as 'status:errored try:>1'."),
]


def states(
    run_id: RunId,
    node: Node = None,
    status: Status = None,
    where: Where = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """List the states of a run: node after node, each in fanout order.

    PLACE is the position in each fanout from the root on. The last column has the outputs, the error, or
    why a branch was pruned; `exodsl state ID` shows all there is.

    A filter has conditions `field:value`, all of which have to hold: status, node, id, try, took, age, err, in.NAME,
    out.NAME; with `,` for or, `-` before it for not, `<` and `>` before numbers and times, and `sort:-took`.

    Examples:

      exodsl states 6f0c21ab
      exodsl states 6f0c21ab --status ERRORED
      exodsl states 6f0c21ab --node count_words --limit 500 --json
      exodsl states 6f0c21ab --where 'status:errored,retry node:fetch* in.lang:th took:>5s'
    """
    from exodsl.engine.status import State

    wanted = cast("StateStatus | None", status_named(status, State.__members__))
    with found(db) as manager:
        if where is None:
            page = manager.states(run_id, identifier=node, status=wanted, limit=limit, cursor=cursor)
        else:
            page = found_states(manager, run_id, _filter(where, node, wanted), limit, cursor)
        fanouts = fanouts_of(manager, run_id)
    if as_json:
        show_page(page)
        return
    columns = ("ID", "NODE", "STATUS", "PLACE", "RETRY", "TOOK", "WHAT CAME OF IT")
    show_table(columns, [_row(state, fanouts) for state in page.items])
    say_more(command(db, "states", run_id, *_again(node, status, where, limit)), page)


def _filter(where: str, node: str | None, status: StateStatus | None) -> StateFilter:
    from exodsl.manager.filter_text import state_filter
    from exodsl.manager.filters import StateFilter, Term

    asked = state_filter(where)
    given = {"node": node, "status": status}
    others = [Term(field, "=", (value,)) for field, value in given.items() if value is not None]
    return StateFilter((*others, *asked.terms), asked.sort)


def fanouts_of(manager: StateManager, run_id: str) -> frozenset[str]:
    """Return the nodes of a run that are declared to give many outputs."""
    run = manager.run(run_id)
    template = manager.template(run.namespace, run.graph, run.version)
    return frozenset(node.identifier for node in template.nodes if node.fans_out)


def place(state: StateView, fanouts: frozenset[str]) -> str:
    """Return where a state stands: its position in each fanout from the root on, its own included."""
    own = (state.fanout_index,) if state.fanout_index or state.identifier in fanouts else ()
    return ".".join(str(step) for step in (*state.path, *own)) or "-"


def _row(state: StateView, fanouts: frozenset[str]) -> tuple[str, ...]:
    return (
        str(state.state_id),
        state.identifier,
        state.status,
        place(state, fanouts),
        str(state.retry_count or "-"),
        lasted(state.started_at or state.queued_at, state.finished_at),
        _came_of(state),
    )


def _came_of(state: StateView) -> str:
    if state.error is not None:
        return " ".join(error_line(state.error).split())
    found = state.outputs if state.outputs is not None else state.data
    return "" if found is None else compact(found)


def _again(node: str | None, status: str | None, where: str | None, limit: int) -> list[str]:
    """Return the options of this page for the next one."""
    given = {"--node": node, "--status": status, "--where": where, "--limit": str(limit)}
    return [word for option, value in given.items() if value is not None for word in (option, value)]
