"""Bars: how far something is, and what became of it, also without colours."""

from __future__ import annotations

from exodsl_tui.signs import Pieces, Signs


def bar(signs: Signs, width: int, *, total: int, success: int, failed: int, live: int, ahead: int = 0) -> Pieces:
    """Return a bar of `width` cells: what went well, what failed, what is at work, and what is still to come.

    Whatever there is any of has at least one cell, and only what is complete fills the bar.
    Pruned and cancelled states, in `total` alone, count as done without having gone well.
    """
    if width <= 0:
        return ()
    if total <= 0:
        return ((signs.ahead * width, "dim"),)
    other = max(0, total - success - failed - live - ahead)
    done, rest, bad, moving, left = _shares(width, total, (success, other, failed, live, ahead))
    pieces: Pieces = (
        (signs.done * done, "ok"),
        (signs.done * rest, "wait"),
        (signs.failed * bad, "bad"),
        (signs.moving * moving, "active"),
        (signs.ahead * left, "dim"),
    )
    return tuple(piece for piece in pieces if piece[0])


def _shares(width: int, total: int, counts: tuple[int, ...]) -> list[int]:
    """Split cells by counts: at least one for each that there is, taken from the largest."""
    cells = [max(1, count * width // total) if count else 0 for count in counts]
    while sum(cells) != width:
        step = 1 if sum(cells) < width else -1
        largest = max(range(len(cells)), key=lambda at: cells[at] if step < 0 else counts[at])
        if cells[largest] + step < 0:
            break
        cells[largest] += step
    return cells
