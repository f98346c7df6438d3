"""Rails as characters, in unicode or ASCII: one line for one state, a double one for many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exodsl.template.drawings.lanes import Row
from exodsl.template.drawings.scene import Kind

_SHAPES = {
    "ud": 0,
    "lr": 1,
    "dr": 2,
    "dl": 3,
    "ur": 4,
    "ul": 5,
    "udr": 6,
    "udl": 7,
    "dlr": 8,
    "ulr": 9,
    "udlr": 10,
}
_STROKES = {(1, 1): "│─╭╮╰╯├┤┬┴┼", (2, 2): "║═╔╗╚╝╠╣╦╩╬", (1, 2): "│═╒╕╘╛╞╡╤╧╪", (2, 1): "║─╓╖╙╜╟╢╥╨╫"}
_MARKS: Mapping[Kind, str] = {"plain": "◉", "arrival": "◉", "fanout": "⊛", "unite": "⊞"}
_ASCII_MARKS: Mapping[Kind, str] = {"plain": "o", "arrival": "o", "fanout": "*", "unite": "#"}


@dataclass(frozen=True)
class Pen:
    """How lines are drawn; `gap` says whether a space stands between two lanes."""

    ascii: bool
    gap: bool

    def mark(self, kind: Kind) -> str:
        """Return the sign of a node."""
        return (_ASCII_MARKS if self.ascii else _MARKS)[kind]

    def line(self, row: Row, mark: str, width: int) -> str:
        """Draw one row: the hub's mark (or the fork's), what joins it, and what passes by."""
        strokes = self._strokes(row)
        above = {lane.column: 1 + many for lane, many in row.above.items()}
        below = {lane.column: 1 + many for lane, many in row.below.items()}
        joined = {row.hub.column, *(lane.column for lane in row.arms)}
        cells: list[str] = []
        for column in range(width):
            left, right = strokes.get(column - 1, 0), strokes.get(column, 0)
            up, down = above.get(column, 0), below.get(column, 0)
            if mark and column == row.hub.column:
                cells.append(mark)
            elif column in joined or not (up or down):
                cells.append(self.stroke(up, down, left, right))
            else:
                cells.append(self.stroke(up, down, 0, 0))  # it passes, and is not joined
            if self.gap:
                cells.append(self.stroke(0, 0, right, right))
        return "".join(cells).rstrip()

    def passing(self, row: Row, width: int) -> str:
        """Draw a line that only continues what leaves a row at its bottom."""
        cells = [" "] * width
        for lane, many in row.below.items():
            cells[lane.column] = self.stroke(1 + many, 1 + many, 0, 0)
        return (" " if self.gap else "").join(cells).rstrip()

    def _strokes(self, row: Row) -> dict[int, int]:
        """Return the weight of the horizontal line behind each column."""
        found: dict[int, int] = {}
        for lane, many in row.arms.items():
            start, end = sorted((row.hub.column, lane.column))
            for column in range(start, end):
                found[column] = max(found.get(column, 0), 1 + many)
        return found

    def stroke(self, up: int, down: int, left: int, right: int) -> str:
        """Return the character that has these arms: 0 none, 1 for one state, 2 for many."""
        vertical, horizontal = max(up, down), max(left, right)
        arms = "".join(arm for arm, weight in zip("udlr", (up, down, left, right), strict=True) if weight)
        if not arms:
            return " "
        shape = _SHAPES.get(arms, 0 if vertical else 1)
        if self.ascii:
            return ("|", "=" if horizontal == 2 else "-", "+")[min(shape, 2)]
        return _STROKES[vertical or 1, horizontal or 1][shape]
