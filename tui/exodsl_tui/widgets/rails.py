"""A graph as rails: one row for each node, like a history of commits, with how its states stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType

from exodsl.template.drawings import Scene
from exodsl_tui.layout.chains import RailLine
from exodsl_tui.signs import Pieces, Signs, Tone
from exodsl_tui.standing import Stand, note, progress, sign_of, width_of
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import brief, fitted, say, span

WIDEST_NAME = 28
WIDEST_RAILS = 24


@dataclass(frozen=True, slots=True)
class GraphRow:
    """One line of the graph; `stand` is `None` where lines only fork."""

    line: RailLine
    stand: Stand | None

    @property
    def key(self) -> tuple[str | None, str]:
        """What the row is known by: its node, or the shape of a fork."""
        return self.line.name, "" if self.line.name else self.line.row.rails


class Rails(Table[GraphRow]):
    """The rows of a graph; the cursor steps from node to node, and `left` and `right` along edges."""

    HELP = (
        "The graph, one row for each node; `xN` stands for N states. Up and down go row by row, left and right along"
        " the edges. Enter opens the states of the node, or the gate of a unite; `x` folds a chain into one row."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "along(-1)", "To what leads here", show=False, id="graph.before"),
        Binding("right", "along(1)", "To what follows", show=False, id="graph.behind"),
    ]

    def __init__(self, *, signs: Signs, now: Callable[[], datetime], id: str | None = None) -> None:
        super().__init__(
            (), lambda row: row.key, signs=signs, failed=lambda row: bool(row.stand and row.stand.err), id=id
        )
        self._now = now
        self._scene: Scene | None = None

    def lay_out(self, scene: Scene, lines: Sequence[RailLine]) -> None:
        """Take over another graph, or another folding of it."""
        self._scene = scene
        rails = max((len(line.row.rails) for line in lines), default=0)
        names = max((len(shown_name(line.names)) for line in lines), default=0)
        self.columns = columns(self.signs, self._now, min(rails, WIDEST_RAILS), min(names, WIDEST_NAME))
        self.hide_columns(self.hidden)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row with a node: a fork is stepped over."""
        by = 1 if index >= self.cursor else -1
        index = max(0, min(index, self.height - 1))
        while (row := self.row(index)) is not None and row.stand is None:
            index += by
        super().move_to(index)

    def action_along(self, by: int) -> None:
        """Follow an edge: back to what leads here, or on to what follows."""
        row = self.current
        if row is None or row.stand is None or self._scene is None:
            return
        shape = self._scene.structure.shape
        ahead = shape.nodes[row.stand.names[-1]].next_nodes if by > 0 else shape.parents[row.stand.name]
        for name in ahead:
            if (index := self.index_of_node(name)) is not None:
                self.move_to(index)
                return

    def index_of_node(self, name: str) -> int | None:
        """Return the row in which a node stands, folded into a chain or not."""
        return next((at for at in range(self.height) if (row := self.row(at)) and name in row.line.names), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what nodes cannot: they are not marked or sorted, their states are."""
        return action not in {"mark", "range", "mark_all", "sort"} and super().check_action(action, parameters)


def shown_name(names: Sequence[str]) -> str:
    """Return what a row is called: its node, or the ends of a chain."""
    if not names:
        return ""
    return names[0] if len(names) == 1 else f"{names[0]} -> {names[-1]} ({len(names)})"


def columns(signs: Signs, now: Callable[[], datetime], rails: int, names: int) -> tuple[Column[GraphRow], ...]:
    """Return the columns of a graph whose rails and names are so wide."""
    return (
        Column("graph", "graph", _rails, max(rails, 5), priority=0),
        Column("node", "  node", lambda row, width: _named(row, width, signs), max(names + 2, 8), priority=0),
        Column("n", "n", _of(lambda stand, _: say(width_of(stand))), 5, align="right", priority=1),
        Column("progress", "progress", _of(lambda stand, width: progress(stand, signs, width)), 10, grow=1),
        _number("ok", "ok", lambda stand: stand.ok, "", 2),
        _number("err", "err", lambda stand: stand.err, "bad", 2),
        _number("run", "run", lambda stand: stand.run, "active", 3),
        _number("wait", "wait", lambda stand: stand.wait, "wait", 4),
        Column("p50", "p50", _of(lambda stand, _: say(median(stand))), 5, align="right", priority=5),
        Column("note", "note", _of(lambda stand, _: note(stand, now())), 20, grow=2, priority=6),
    )


def median(stand: Stand) -> str:
    """Return the median time of a node's bodies."""
    return "" if stand.median_ms is None else span(stand.median_ms / 1000)


def _of(cell: Callable[[Stand, int], Pieces]) -> Callable[[GraphRow, int], Pieces]:
    return lambda row, width: () if row.stand is None else cell(row.stand, width)


def _number(name: str, title: str, value: Callable[[Stand], int], tone: Tone, priority: int) -> Column[GraphRow]:
    def cell(stand: Stand, _width: int) -> Pieces:
        count = value(stand)
        if not stand.places:
            return ()
        return say(brief(count), tone if count else "dim")

    return Column(name, title, _of(cell), 5, align="right", priority=priority)


def _rails(row: GraphRow, width: int) -> Pieces:
    rails, stand = row.line.row.rails, row.stand
    at = row.line.row.mark
    if stand is None or at >= width:
        return say(fitted(rails, width), "dim")
    tone: Tone = "strong" if stand.is_reached else "dim"
    return ((rails[:at], "dim"), (rails[at], tone), (rails[at + 1 :], "dim"))


def _named(row: GraphRow, width: int, signs: Signs) -> Pieces:
    stand = row.stand
    if stand is None:
        return ()
    name = shown_name(row.line.names)
    if not stand.is_reached:
        return ((f"  {name}", "dim"),)
    symbol, tone = sign_of(stand, signs)
    return ((f"{symbol} ", tone), (name, "strong" if stand.err else ""))
