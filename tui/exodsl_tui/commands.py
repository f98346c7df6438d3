"""What may be typed behind `:`: where to go, in as few letters as possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exodsl.errors import InputInvalid, did_you_mean
from exodsl_tui.links import HOME_TABS, HomeLink, Link, RunLink, is_link, parse, tab_named


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave the inspector."""


@dataclass(frozen=True, slots=True)
class GoToState:
    """Open a state, whichever run it is of."""

    state: int


Command = Link | Quit | GoToState
WORDS = (*HOME_TABS, "run", "state", "q", "quit")


def parse_command(text: str) -> Command:
    """Return what a line means: `runs`, `run 7f3`, `state 412`, a link, or `q`. :raises InputInvalid: otherwise."""
    head, _, rest = text.strip().removeprefix(":").partition(" ")
    rest = rest.strip()
    if head in ("q", "quit", "q!"):
        return Quit()
    if head == "run" and rest:
        return RunLink(rest)
    if head == "state" and rest.isdecimal():
        return GoToState(int(rest))
    tab = tab_named(HOME_TABS, head)
    if tab is not None:
        return HomeLink(tab, rest)
    if is_link(head):
        return parse(text.strip().removeprefix(":"))
    if head in ("run", "state"):
        raise InputInvalid(f"Say which: {head} {'7f3' if head == 'run' else '412'}")
    known = "runs, graphs, schedules, nodes, run ID, state ID, a link, q"
    raise InputInvalid(f'There is no "{head}". There is: {known}.{did_you_mean(head, WORDS)}')


def complete_command(text: str, _position: int) -> Sequence[str]:
    """Return the words that begin as the line does."""
    return [word for word in WORDS if word.startswith(text) and word != text] if text else list(WORDS)
