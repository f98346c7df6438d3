"""Deep links: where one is in the inspector, as a text that can be copied, sent, and given to `exodsl tui`.

::

    runs?status:failed            graphs   schedules   nodes
    run/8f3a                      run/8f3a/states?status:errored node:fetch
    run/8f3a/state/412            run/8f3a/state/412/error
    run/8f3a/gate/collect         run/8f3a/gate/collect/0.3

What follows the question mark is a filter as it is typed. Nodes are percent-encoded where they have to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args
from urllib.parse import quote, unquote

from exodsl.errors import InputInvalid, did_you_mean

HomeTab = Literal["runs", "graphs", "schedules", "nodes"]
RunTab = Literal["graph", "states", "timeline", "failures", "store", "info"]
StateTab = Literal["inputs", "outputs", "error", "attempts", "relatives", "log", "raw"]
HOME_TABS: tuple[HomeTab, ...] = get_args(HomeTab)
RUN_TABS: tuple[RunTab, ...] = get_args(RunTab)
STATE_TABS: tuple[StateTab, ...] = get_args(StateTab)


@dataclass(frozen=True, slots=True)
class HomeLink:
    """One of the lists of a database, filtered."""

    tab: HomeTab = "runs"
    filter: str = ""


@dataclass(frozen=True, slots=True)
class RunLink:
    """One view of a run; `run` is any unique start or end of its id."""

    run: str
    tab: RunTab = "graph"
    filter: str = ""


@dataclass(frozen=True, slots=True)
class StateLink:
    """One state of a run; without a tab, the error of one that failed, else its inputs."""

    run: str
    state: int
    tab: StateTab | None = None


@dataclass(frozen=True, slots=True)
class GateLink:
    """The gates of a unite, or the one at `path`."""

    run: str
    node: str
    path: tuple[int, ...] | None = None


Link = HomeLink | RunLink | StateLink | GateLink
Tab = TypeVar("Tab", bound=str)


def tab_named(tabs: Sequence[Tab], name: str) -> Tab | None:
    """Return the tab of a name, if there is one."""
    known: Mapping[str, Tab] = {tab: tab for tab in tabs}
    return known.get(name)


def is_link(text: str) -> bool:
    """Say whether a text is meant as a link: it begins with a list, or with `run/`."""
    head, _, rest = text.partition("?")[0].partition("/")
    return head in HOME_TABS or (head == "run" and bool(rest))


def parse(text: str) -> Link:
    """Return the link that a text spells; :raises InputInvalid: saying which part cannot be understood."""
    where, _, terms = text.strip().partition("?")
    head, *rest = [unquote(part) for part in where.strip("/").split("/")]
    if head == "run" and rest and rest[0]:
        return _of_run(text, rest, terms)
    tab = tab_named(HOME_TABS, head)
    if tab is None or rest:
        raise _unknown(text, head, (*HOME_TABS, "run/RUN"))
    return HomeLink(tab, terms)


def _of_run(text: str, parts: list[str], terms: str) -> Link:
    run, kind, rest = parts[0], *_head(parts[1:])
    if kind == "":
        return RunLink(run, filter=terms)
    if kind == "state" and rest and rest[0].isdecimal():
        return StateLink(run, int(rest[0]), _tab(text, rest[1:]))
    if kind == "gate" and rest and len(rest) <= 2:
        return GateLink(run, rest[0], None if len(rest) == 1 else _path(text, rest[1]))
    tab = tab_named(RUN_TABS, kind)
    if tab is None or rest:
        raise _unknown(text, kind, (*RUN_TABS, "state/ID", "gate/NODE"))
    return RunLink(run, tab, terms)


def _head(parts: list[str]) -> tuple[str, list[str]]:
    return (parts[0], parts[1:]) if parts else ("", [])


def _tab(text: str, rest: list[str]) -> StateTab | None:
    if not rest:
        return None
    tab = tab_named(STATE_TABS, rest[0])
    if tab is None or len(rest) > 1:
        raise _unknown(text, rest[0], STATE_TABS)
    return tab


def _path(text: str, dotted: str) -> tuple[int, ...]:
    steps = [] if dotted == "-" else dotted.split(".")
    if not all(step.isdecimal() for step in steps):
        raise InputInvalid(f'"{text}" names no place of a gate: "{dotted}" should be numbers such as 0.3.')
    return tuple(map(int, steps))


def _unknown(text: str, part: str, known: tuple[str, ...]) -> InputInvalid:
    return InputInvalid(
        f'"{text}" leads nowhere: there is no "{part}". There is: {", ".join(known)}.{did_you_mean(part, known)}'
    )


def spell(link: Link) -> str:
    """Return the text of a link; `parse` reads it again."""
    if isinstance(link, HomeLink):
        return link.tab + _terms(link.filter)
    if isinstance(link, RunLink):
        tab = "" if link.tab == "graph" else f"/{link.tab}"
        return f"run/{_part(link.run)}{tab}{_terms(link.filter)}"
    if isinstance(link, StateLink):
        tab = "" if link.tab is None else f"/{link.tab}"
        return f"run/{_part(link.run)}/state/{link.state}{tab}"
    at = "" if link.path is None else f"/{'.'.join(map(str, link.path)) or '-'}"
    return f"run/{_part(link.run)}/gate/{_part(link.node)}{at}"


def _part(text: str) -> str:
    return quote(text, safe="")


def _terms(filter: str) -> str:
    return f"?{filter.strip()}" if filter.strip() else ""
