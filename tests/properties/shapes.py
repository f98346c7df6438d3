"""Random shapes of graphs: which node follows, arrives at and unites which, valid as they are built.

Every node is added as a leaf, so it can break no rule for those that are there already.
"""

from __future__ import annotations

from typing import TypeVar

from exodsl.template.models import NodeTemplate, Per, Strategy, Unites
from tests.properties.layout import Layout

T = TypeVar("T")
Nodes = list[NodeTemplate]
MOST_NODES = 14
MOST_LEVELS = 3
MOST_STEPS = 7


class Draw:
    """Draws from bytes that hypothesis made up; bytes that are used up count as 0.

    One stretch of bytes has no parts that could be copied into each other, so the graphs are
    independent of each other, and a smaller byte is always a simpler choice.
    """

    def __init__(self, source: bytes) -> None:
        self._left = iter(source)

    def upto(self, most: int, least: int = 0) -> int:
        """Draw a whole number, from 256 of them at most; smaller ones are simpler."""
        return least + next(self._left, 0) * (most - least + 1) // 256

    def chance(self, percent: int) -> bool:
        """Draw whether something of this likelihood happens; not is simpler."""
        return self.upto(99) >= 100 - percent

    def one(self, those: list[T]) -> T:
        """Draw one of a list; the first is the simplest."""
        return those[self.upto(len(those) - 1)]

    def some(self, those: list[T], most: int) -> list[T]:
        """Draw up to so many of a list, at least one, in the order of the list."""
        left = list(range(len(those)))
        for _ in range(len(those) - self.upto(min(most, len(those)), 1)):
            del left[self.upto(len(left) - 1)]
        return [those[at] for at in left]


def draw_shape(draw: Draw) -> Nodes:
    """Draw nodes and edges, without inputs."""
    nodes = [NodeTemplate(node_name="A", identifier="a", fans_out=draw.chance(75))]
    for _ in range(draw.one([3, 8, 9, 10, 11, 12, 13, 7, 6, 5, 4])):
        added = draw.one([_follow, _follow, _follow, _unite, _unite, _unite, _unite, _unite, _arrive])(draw, nodes)
        nodes = added or _follow(draw, nodes) or nodes
    if draw.chance(30):
        at = draw.upto(len(nodes) - 1)
        nodes = nodes[at:] + nodes[:at]
    return nodes


def _add(nodes: Nodes, parents: list[str], fans_out: bool, unites: Unites | None = None) -> Nodes:
    name = "abcdefghijklmnop"[len(nodes)]
    linked = [_linked(node, name) if node.identifier in parents else node for node in nodes]
    node_name = "SHARED" if name in "cfi" else name.upper()  # the same node may stand in several places
    node = NodeTemplate(node_name=node_name, identifier=name, fans_out=fans_out, unites=unites)
    return [*linked, node]


def _linked(node: NodeTemplate, following: str) -> NodeTemplate:
    return node.model_copy(update={"next_nodes": (*node.next_nodes, following)})


def _steps(layout: Layout, name: str) -> int:
    return 1 + max((_steps(layout, parent) for parent in layout.parents[name]), default=0)


def _fans_out(draw: Draw, levels: int) -> bool:
    return levels < MOST_LEVELS and draw.chance((40, 35, 20)[levels])


def _follow(draw: Draw, nodes: Nodes) -> Nodes | None:
    layout = Layout(nodes)
    fit = [name for name in layout.nodes if _steps(layout, name) < MOST_STEPS]
    parent = draw.one(fit[-4:] if draw.chance(60) else fit)
    return _add(nodes, [parent], _fans_out(draw, len(layout.opened_behind(parent))))


def _arrive(draw: Draw, nodes: Nodes) -> Nodes | None:
    layout = Layout(nodes)
    first = draw.one(list(layout.nodes)[::-1])
    levels = len(layout.opened_behind(first))
    mates = [name for name in layout.nodes if name != first and len(layout.opened_behind(name)) == levels]
    if not mates or levels >= MOST_LEVELS:
        return None
    parents = [first, *draw.some(mates, 2)]
    added = _add(nodes, parents, _fans_out(draw, levels + 1))
    if not draw.chance(50):
        return added
    added[-1] = added[-1].model_copy(update={"arrivals": tuple(parents)})
    return added


def _unite(draw: Draw, nodes: Nodes) -> Nodes | None:
    layout = Layout(nodes)
    openers = [name for name in layout.nodes if layout.fans_out(name) or len(layout.after[name]) > 1]
    if not openers:
        return None
    opener = draw.one(openers)
    per: Per = "output" if draw.chance(45) else "execution"
    strategy: Strategy = "ALL_DONE" if draw.chance(50) else "ALL_SUCCESS"
    ends = [name for name in layout.nodes if name in layout.after[opener]]
    leaves = [name for name in ends if not layout.nodes[name].next_nodes]
    sources = draw.some(leaves if leaves and draw.chance(75) else [opener, *ends], 3)
    unites = Unites(identifier=opener, strategy=strategy, per=per)
    added = _add(nodes, sources, False, unites)
    united = Layout(added)
    if not _is_sound(united, added[-1].identifier):
        return None
    fans_out = _fans_out(draw, len(united.opened_at(added[-1].identifier)))
    added[-1] = added[-1].model_copy(update={"fans_out": fans_out})
    return added


def _is_sound(layout: Layout, name: str) -> bool:
    """Check the rules of semantics 4 for one unite, which must be a leaf."""
    what, region = layout.unites(name), layout.region[name]
    assert what
    opener = what.identifier
    inside = region | {opener}
    if any(parent not in inside for each in region for parent in layout.parents[each]):
        return False
    for each in region:
        inner = layout.unites(each)
        if inner and inner.identifier not in inside:
            return False
        if inner and _spans_outputs(layout, inner, what):
            return False
    opens = what.per == "execution" and layout.fans_out(opener)
    return opens or any(map(layout.fans_out, region)) or _ways(layout, opener, name) > 1


def _spans_outputs(layout: Layout, inner: Unites, outer: Unites) -> bool:
    same = inner.identifier == outer.identifier and layout.fans_out(outer.identifier)
    return same and outer.per == "output" and inner.per == "execution"


def _ways(layout: Layout, start: str, end: str) -> int:
    return 1 if start == end else sum(_ways(layout, name, end) for name in layout.nodes[start].next_nodes)


def ended_before(layout: Layout, name: str) -> frozenset[str]:
    """Name the nodes that no state can be live of, or appear of, below the place where `name` stands."""
    what = layout.unites(name)
    if what is not None:
        inside = layout.region[name] | {what.identifier}
        return ended_before(layout, what.identifier) | inside
    behind = [ended_before(layout, parent) | {parent} for parent in layout.parents[name]]
    return frozenset.intersection(*behind) if behind else frozenset()
