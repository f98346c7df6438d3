"""Where the rails run: the order of the rows, and a lane for every edge (no characters yet).

A lane is a vertical line. A node continues the lane that leads to it, the leftmost if several do. A side
branch is tapped from the lane and drawn to its end first; branches that meet others fork off together. What
a fanout opens stands to the right of its lane, and the node that unites it comes back to it: what runs many
times is indented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from exodsl.template.drawings.scene import Scene


@dataclass(eq=False)
class Lane:
    """One vertical line, from its first row to its last."""

    first: int
    last: int
    column: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the drawing: a node, or (without a name) a fork below one.

    `arms` are the lanes that a horizontal line joins to `hub`; `above` and `below` those that come in at the
    top and go on at the bottom. Each says whether many states take it.
    """

    name: str | None
    hub: Lane
    arms: dict[Lane, bool]
    above: dict[Lane, bool] = field(default_factory=dict[Lane, bool])
    below: dict[Lane, bool] = field(default_factory=dict[Lane, bool])


@dataclass(frozen=True)
class _Edge:
    """A line that has left its node and not yet arrived; `taps` when its end stands beside its lane."""

    lane: Lane
    since: int
    many: bool
    taps: bool = False


@dataclass(frozen=True)
class _Branches:
    """The next nodes of a node: side branches, that meet nothing outside of themselves, and the others."""

    aside: tuple[str, ...] = ()
    main: tuple[str, ...] = ()


class Rails:
    """The rows of a drawing, with all lanes in their columns."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._shape = scene.structure.shape
        self._branches = {name: self._branch(name) for name in self._shape.nodes}
        self._lanes: list[Lane] = []  # from left to right
        self._edges: dict[str, list[_Edge]] = {name: [] for name in self._shape.nodes}
        self._bundles: dict[str, _Edge] = {}  # of a node whose followers have not forked off yet
        self._kept: dict[Lane, frozenset[str]] = {}
        self.rows: list[Row] = []
        for name in self._order():
            self._draw(name)
        self.width = self._columns()

    def _branch(self, name: str) -> _Branches:
        children = self._shape.nodes[name].next_nodes
        if len(children) < 2:
            return _Branches(main=children)
        size = {child: len(self._shape.descendants[child]) for child in children}
        aside = sorted((child for child in children if self._is_aside(name, child)), key=size.__getitem__)
        if len(aside) == len(children) and size[aside[-1]] > size[aside[-2]]:
            aside.pop()  # the longest goes straight on
        return _Branches(tuple(aside), tuple(child for child in children if child not in aside))

    def _is_aside(self, name: str, child: str) -> bool:
        """Say whether nothing else leads into the branch, and it closes nothing outside of itself."""
        behind = self._shape.descendants[child]
        branch = {child, *behind}
        united = (self._shape.nodes[member].unites for member in branch)
        return (
            self._shape.parents[child] == (name,)
            and all(branch.issuperset(self._shape.parents[member]) for member in behind)
            and all(what.identifier in branch for what in united if what)
        )

    def _order(self) -> Iterator[str]:
        """Give the nodes in topological order, each branch to its end before the next one."""
        waiting = {name: len(sources) for name, sources in self._shape.parents.items()}
        ready = [name for name in reversed(self._shape.order) if not waiting[name]]
        while ready:
            name = ready.pop()
            yield name
            branches = self._branches[name]
            for child in reversed((*branches.aside, *branches.main)):
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)

    def _draw(self, name: str) -> None:
        for source in self._shape.parents[name]:
            if name in self._branches[source].main:
                self._fork(source)
        edges, at = self._edges.pop(name), len(self.rows)
        hub = self._hub(name, edges)
        self._add(Row(name, hub, {edge.lane: edge.many for edge in edges if edge.lane is not hub}))
        for edge in edges:
            self._descend(edge, at)
        self._lead_on(name, hub)

    def _hub(self, name: str, edges: list[_Edge]) -> Lane:
        """Return the lane of a node: that of a fanout it closes, or the leftmost that leads to it."""
        kept = [lane for lane, until in self._kept.items() if name in until]
        for lane in kept:
            del self._kept[lane]
        if not edges:
            return self._new(None)
        if edges[0].taps:
            return self._new(edges[0].lane)
        return min((*kept, *(edge.lane for edge in edges)), key=self._lanes.index)

    def _descend(self, edge: _Edge, to: int) -> None:
        """Draw the vertical part of an edge, down to the row where it arrives."""
        for at in range(edge.since, to):
            self.rows[at].below[edge.lane] = edge.many
            self.rows[at + 1].above[edge.lane] = edge.many

    def _lead_on(self, name: str, hub: Lane) -> None:
        """Start an edge for each next node; those that fork off together are one until the first is drawn."""
        branches, since, many = self._branches[name], len(self.rows) - 1, self._scene.many(name)
        for child in branches.aside:
            self._edges[child].append(_Edge(hub, since, many, taps=True))
        if not branches.main:
            return
        closing = self._keep(name, hub)
        first, indents = branches.main[0], self._scene.fans_out(name)
        taps = indents and len(self._shape.parents[first]) == 1 and first not in closing
        if len(branches.main) == 1 and (taps or not indents):
            self._edges[first].append(_Edge(hub, since, many, taps))
        else:
            self._bundles[name] = _Edge(hub, since, many, taps=indents)

    def _keep(self, name: str, hub: Lane) -> frozenset[str]:
        """Keep a fanout's lane free for what closes it: a unite of it, else one around it."""
        structure = self._scene.structure
        closing = frozenset(structure.opened_by(name) or structure.enclosing[name])
        if closing and self._scene.fans_out(name):
            self._kept[hub] = closing
        return closing

    def _fork(self, source: str) -> None:
        """Let the followers of a node part, if they have not yet."""
        bundle = self._bundles.pop(source, None)
        if bundle is None:
            return
        at, children = len(self.rows), self._branches[source].main
        lanes = [] if bundle.taps else [bundle.lane]
        while len(lanes) < len(children):
            lanes.append(self._new(lanes[-1] if lanes else bundle.lane))
        self._add(Row(None, bundle.lane, {lane: bundle.many for lane in lanes if lane is not bundle.lane}))
        self._descend(bundle, at)
        for child, lane in zip(children, lanes, strict=True):
            self._edges[child].append(_Edge(lane, at, bundle.many))

    def _new(self, left: Lane | None) -> Lane:
        lane = Lane(len(self.rows), len(self.rows))
        self._lanes.insert(0 if left is None else self._lanes.index(left) + 1, lane)
        return lane

    def _add(self, row: Row) -> None:
        for lane in (row.hub, *row.arms):
            lane.last = len(self.rows)
        self.rows.append(row)

    def _columns(self) -> int:
        """Put each lane as far left as the lanes on its left let it; return how many columns there are."""
        free = [0] * len(self.rows)
        for lane in self._lanes:
            span = range(lane.first, lane.last + 1)
            lane.column = max(free[at] for at in span)
            for at in span:
                free[at] = lane.column + 1
        return max(free, default=0)
