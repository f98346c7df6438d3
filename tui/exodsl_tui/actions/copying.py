"""What the copy menu offers, and the texts that it copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exodsl.manager.naming import command
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunView, StateView
from exodsl_tui.actions.aim import Aim
from exodsl_tui.links import HomeLink, Link
from exodsl_tui.words import compact, short

Question = Callable[[StateManager], str]


@dataclass(frozen=True, slots=True)
class Copy:
    """One thing that can be copied.

    :param key: the letter that takes it.
    :param text: what is copied; a function where it has to be read first.
    """

    key: str
    what: str
    text: str | Question


def copies(aim: Aim, link: Link, spelled: str, db: str | None) -> Iterator[Copy]:
    """Give what can be copied here.

    :param spelled: the link to what is shown.
    :param db: the database, where a command has to name it.
    """
    yield Copy("l", "link to this", spelled)
    yield from _ids(aim)
    if aim.state_id is not None:
        yield from _values(aim.state_id)
    elif aim.run_id is not None:
        yield from _run_values(aim.run_id)
    yield Copy("c", "command line that tells the same", _command(aim, link, db))


def _ids(aim: Aim) -> Iterator[Copy]:
    if aim.run_id is None:
        return
    if aim.states:
        ids = " ".join(map(str, aim.states))
        yield Copy("i", f"id of the state, {ids}" if aim.state_id else f"ids of {len(aim.states):,} states", ids)
    yield Copy("r", "id of the run", aim.run_id)


def _values(state_id: int) -> Iterator[Copy]:
    yield Copy("n", "inputs of the state", lambda m: compact(m.state(state_id).inputs))
    yield Copy("o", "outputs of the state", lambda m: compact(m.state(state_id).outputs))
    yield Copy("e", "error of the state", lambda m: _state_error(m.state(state_id)))


def _run_values(run_id: str) -> Iterator[Copy]:
    yield Copy("n", "inputs of the run", lambda m: compact(m.run(run_id).inputs))
    yield Copy("e", "error of the run", lambda m: _run_error(m.run(run_id)))


def _state_error(state: StateView) -> str:
    error = state.error
    return "" if error is None else error.traceback or f"{error.name}: {error.message}"


def _run_error(run: RunView) -> str:
    return run.error or ""


def _command(aim: Aim, link: Link, db: str | None) -> str:
    """Return the command that tells the same as text."""
    if aim.state_id is not None:
        words = ["state", str(aim.state_id)]
    elif aim.run_id is not None:
        words = ["show", short(aim.run_id)]
    else:
        words = ["schedules"] if isinstance(link, HomeLink) and link.tab == "schedules" else ["runs"]
    return command(db, *words)
