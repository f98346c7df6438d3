"""A template as text: rails, one row for each node (semantics 2, 4)."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping

from exodsl.template.drawings.rails import rail_rows
from exodsl.template.drawings.scene import LETTERS, SIGNS, Counts, Scene, ended, failed, places
from exodsl.template.models import GraphTemplate

WIDEST_NAME = 32
"""Longer identifiers push their notes to the right instead of everyone's."""
NARROWEST_NOTES = 24


def as_text(
    template: GraphTemplate,
    counts: Mapping[str, Counts] | None = None,
    *,
    ascii: bool = False,
    width: int = 80,
) -> str:
    """Draw a checked template as rails: a title, then one row for each node, in topological order.

    Double lines stand for many states: what a fanout opens is indented until something unites it.

    :param counts: how the states of a run stand, by identifier; adds how many ended, and signs for the failed (✗),
        those that could not be followed (!), the pruned (⊘) and the retried (↻).
    :param ascii: draw in ASCII; letters (E, N, P, R) instead of signs.
    :param width: columns after which notes go on in the next line, 80 by default; names are never cut.
    """
    scene = Scene.of(template, counts)
    lines = [_title(scene), "", *_Page(scene, ascii, width).lines()]
    text = "\n".join(lines) + "\n"
    return text.encode("ascii", "backslashreplace").decode() if ascii else text


def shown(name: str) -> str:
    """Return a name as it may be printed: what could steer a terminal is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def _title(scene: Scene) -> str:
    template = scene.structure.shape.template
    number = len(template.nodes)
    title = f"{shown(template.name)}: {number} node{'' if number == 1 else 's'}"
    if scene.counts is None:
        return title
    reached = [found for node in template.nodes if (found := scene.of_run(node.identifier))]
    title += f", {sum(map(ended, reached))} of {sum(map(places, reached))} states ended"
    broken = sum(map(failed, reached))
    return f"{title}, {broken} failed" if broken else title


class _Page:
    """The rows of one drawing, and what their columns have in common."""

    def __init__(self, scene: Scene, ascii: bool, width: int) -> None:
        self._scene, self._width = scene, width
        self._rails = rail_rows(scene, ascii=ascii)
        self._signs = LETTERS if ascii else SIGNS
        names = scene.structure.nodes
        self._names = min(max(map(_cells, map(shown, names)), default=0), WIDEST_NAME)
        self._progress = max((len(scene.progress(name)) for name in names), default=0)
        self._tallies = max((len(self._tally(name)) for name in names), default=0)

    def lines(self) -> list[str]:
        """Draw all rows."""
        found: list[str] = []
        for row in self._rails:
            if row.name is None:
                found.append(row.rails.rstrip())
                continue
            beside = self._beside(row.name, self._width - len(row.rails) - 2)
            found.append(f"{row.rails}  {beside[0]}")
            found += [f"{row.passing}  {more}" for more in beside[1:]]
        return found

    def _beside(self, name: str, room: int) -> list[str]:
        """Return what stands beside a node's rail: its name, its counts, its notes; the last over several lines."""
        head = _padded(shown(name), self._names)
        if self._scene.counts is not None:
            head += f"  {self._scene.progress(name):>{self._progress}}"
            head += f"  {self._tally(name):<{self._tallies}}" if self._tallies else ""
        notes = shown("; ".join(self._scene.notes(name)))
        left = max(room - _cells(head) - 2, NARROWEST_NOTES)
        wrapped = textwrap.wrap(notes, left, break_long_words=False, break_on_hyphens=False) or [""]
        indent = " " * (min(_cells(head), room - left) + 2)
        return [f"{head}  {wrapped[0]}".rstrip(), *(indent + more for more in wrapped[1:])]

    def _tally(self, name: str) -> str:
        return " ".join(self._scene.tally(name, self._signs))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
