"""Rails row by row, apart from what stands beside them: a text writes it there, a screen paints it again and again."""

from __future__ import annotations

from dataclasses import dataclass

from exodsl.template.drawings.lanes import Rails, Row
from exodsl.template.drawings.scene import Scene
from exodsl.template.drawings.strokes import Pen

WIDE_RAILS = 16
"""Beyond this many lanes no space stands between two of them."""


@dataclass(frozen=True, slots=True)
class RailRow:
    """One line of rails, as wide as all the others.

    :param name: the node that stands in it; `None` where lines only fork.
    :param rails: the line itself, the node's mark included.
    :param mark: the column of that mark, or where the fork begins.
    :param passing: a line below it, in which everything only goes on.
    :param chained: whether it does no more than continue the row above: one node that follows another one alone.
    """

    name: str | None
    rails: str
    mark: int
    passing: str
    chained: bool


def rail_rows(scene: Scene, *, ascii: bool = False) -> tuple[RailRow, ...]:
    """Draw the rails of a scene, one row for each node in topological order, and one for each fork.

    A row that is `chained` can be left out, and the lines still meet.
    """
    rails = Rails(scene)
    pen = Pen(ascii, gap=rails.width <= WIDE_RAILS)
    marks = [pen.mark(scene.kind(row.name)) if row.name else "" for row in rails.rows]
    drawn = [pen.line(row, mark, rails.width) for row, mark in zip(rails.rows, marks, strict=True)]
    widest = max(map(len, drawn), default=0)
    above: list[Row | None] = [None, *rails.rows]
    return tuple(
        RailRow(
            name=row.name,
            rails=f"{line:<{widest}}",
            mark=row.hub.column * (1 + pen.gap),
            passing=f"{pen.passing(row, rails.width):<{widest}}",
            chained=_chained(scene, before, row),
        )
        for before, row, line in zip(above, rails.rows, drawn, strict=False)
    )


def _chained(scene: Scene, above: Row | None, row: Row) -> bool:
    if above is None or above.name is None or row.name is None or row.arms or row.hub is not above.hub:
        return False
    alone = scene.structure.nodes[above.name].next_nodes == (row.name,)
    return alone and scene.structure.shape.parents[row.name] == (above.name,) and scene.kind(row.name) == "plain"
