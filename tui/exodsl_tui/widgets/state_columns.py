"""The columns of states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from exodsl.manager.inspection import StateSummary
from exodsl_tui.host import Host
from exodsl_tui.signs import STATES, Pieces, word
from exodsl_tui.widgets.columns import Column
from exodsl_tui.words import at, due, place, say, took


def state_columns(around: Host, fans_out: Callable[[str], bool]) -> tuple[Column[StateSummary], ...]:
    """Return the columns of states, by the terminal's signs and the time.

    :param fans_out: says whether a node fans out, so that its states have places of their own.
    """
    signs = around.signs

    def time(moment: datetime | None) -> Pieces:
        return say(at(moment, around.zone, around.now()), "dim" if moment is None else "")

    return (
        Column("status", "", lambda state, _: (signs.state(state.status),), 1, priority=0),
        Column("id", "id", lambda state, _: say(str(state.state_id), "accent"), 7, priority=0, align="right"),
        Column("node", "node", lambda state, _: say(state.identifier), 12, grow=2, priority=0),
        Column("place", "place", lambda state, _: say(place_of(state, fans_out)), 7, priority=1),
        Column("standing", "standing", lambda state, _: standing(state, around.now()), 12, grow=1, priority=2),
        Column("try", "try", lambda state, _: say(str(state.attempt + 1)), 3, priority=4, align="right"),
        Column("started", "started", lambda state, _: time(state.started_at), 8, priority=5),
        Column("took", "took", lambda state, _: say(length(state, around.now())), 6, priority=3, align="right"),
        Column("error", "error", lambda state, _: say(state.error or "", "bad"), 16, grow=4, priority=6),
    )


def place_of(state: StateSummary, fans_out: Callable[[str], bool]) -> str:
    """Return where a state stands in every fanout from the root on."""
    return place(state.path, state.fanout_index, own=fans_out(state.identifier))


def standing(state: StateSummary, now: datetime) -> Pieces:
    """Return how a state stands, in words; one that waits for its time says for how long."""
    tone = STATES[state.status].tone if state.status in STATES else ""
    waits = due(state.enqueue_after, now) if state.status == "CREATED" else None
    return say(waits or word(STATES, state.status), tone)


def length(state: StateSummary, now: datetime) -> str:
    """Return how long the body of a state took, or has taken."""
    is_live = state.status in ("QUEUED", "EXECUTED")
    if state.finished_at is None and not is_live:
        return "-"
    return took(state.started_at, state.finished_at, now)


def is_failed(state: StateSummary) -> bool:
    """Say whether a state failed, or could not be followed."""
    return state.status in ("ERRORED", "NEXT_CREATED_ERROR")
