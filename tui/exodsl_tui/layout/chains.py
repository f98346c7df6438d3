"""Chains of nodes that follow one another alone: a row each, or folded into one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from exodsl.template.drawings import RailRow

SHORTEST = 3
"""So many nodes make a chain that is worth folding."""
MANY_NODES = 300
"""Graphs with more nodes are shown with their chains folded, and as rails only."""


@dataclass(frozen=True, slots=True)
class RailLine:
    """One line of a screen: the rails, and the nodes that it stands for.

    :param names: one node, the nodes of a folded chain, or none where lines only fork.
    """

    row: RailRow
    names: tuple[str, ...]

    @property
    def name(self) -> str | None:
        """The node by which the line is known: the first of a chain."""
        return self.names[0] if self.names else None


def chains(rows: Sequence[RailRow]) -> Mapping[str, tuple[str, ...]]:
    """Return the chains that can be folded, by their first node."""
    found: dict[str, list[str]] = {}
    head = ""
    for row in rows:
        if row.name is None:
            continue
        if row.chained:
            found[head].append(row.name)
        else:
            head = row.name
            found[head] = [head]
    return {head: tuple(names) for head, names in found.items() if len(names) >= SHORTEST}


def lines(rows: Sequence[RailRow], folded: Collection[str]) -> tuple[RailLine, ...]:
    """Return the lines of a screen.

    :param folded: the first nodes of the chains that are folded.
    """
    known = {head: names for head, names in chains(rows).items() if head in folded}
    hidden = {name for names in known.values() for name in names[1:]}
    return tuple(_line(row, known) for row in rows if row.name not in hidden)


def _line(row: RailRow, folded: Mapping[str, tuple[str, ...]]) -> RailLine:
    return RailLine(row, () if row.name is None else folded.get(row.name, (row.name,)))


def head_of(name: str, known: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the first node of the chain in which a node stands, if it stands in one."""
    return next((head for head, names in known.items() if name in names), None)
