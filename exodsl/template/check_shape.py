"""Is it a graph at all: names, edges, one root, no cycle, everything reached (semantics 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import cast

from exodsl.errors import did_you_mean
from exodsl.template.findings import Finding
from exodsl.template.models import RESERVED
from exodsl.template.shape import Shape


def check_shape(shape: Shape) -> Iterator[Finding]:
    """Give what is wrong with the bare shape; any finding leaves the later checks without ground."""
    yield from _identifiers(shape)
    yield from _edges(shape)
    if shape.repeated:
        return  # two nodes under one name: their edges cannot be told apart
    yield from _cycles(shape)
    if all(name in shape.nodes for node in shape.template.nodes for name in node.next_nodes):
        yield from _roots(shape)
        yield from _unreached(shape)


def _identifiers(shape: Shape) -> Iterator[Finding]:
    for name in shape.repeated:
        cure = f'Give one a name: `{name}.named("{name}_2")`.'
        yield Finding("E122", f"two nodes are called `{name}`.", None, (name,), cure)
    for name in sorted(RESERVED.intersection(shape.nodes)):
        message = f"`{name}` is no identifier for a node: placeholders use it for something else."
        yield Finding("E123", message, None, (name,), f'Give it a name: `{name}.named("{name}_node")`.')


def _edges(shape: Shape) -> Iterator[Finding]:
    for node in shape.template.nodes:
        for name, count in Counter(node.next_nodes).items():
            if name not in shape.nodes:
                message = f"`{node.identifier}` leads to `{name}`, which is no node."
                yield Finding("E124", message, None, (node.identifier, name), did_you_mean(name, shape.nodes))
            if count > 1:
                message = f"`{node.identifier}` leads to `{name}` {count} times."
                yield Finding("E126", message, None, (name, node.identifier), "One edge is enough.")


def _cycles(shape: Shape) -> Iterator[Finding]:
    """Give one cycle for each knot of nodes that lie behind each other."""
    import networkx

    # the stubs leave open what it returns
    find_cycle = cast(
        "Callable[..., list[tuple[str, str]]]",
        networkx.find_cycle,  # pyright: ignore[reportUnknownMemberType]
    )
    for knot in sorted(sorted(names) for names in networkx.strongly_connected_components(shape.digraph)):
        if len(knot) == 1 and not shape.digraph.has_edge(knot[0], knot[0]):
            continue
        within = shape.digraph.subgraph(knot)
        names = tuple(source for source, _ in find_cycle(within, knot[0]))
        message = f"cycle: {' -> '.join((*names, names[0]))}."
        cure = "To run one node again, raise `Requeue` in it; rounds over several belong into the body of one node."
        yield Finding("E120", message, None, names, cure)


def _roots(shape: Shape) -> Iterator[Finding]:
    roots = sorted(shape.roots)
    if len(roots) == 1:
        return
    if not shape.nodes:
        message, cure = "no start: the graph has no nodes.", "Connect or start one."
    elif roots:
        listed = ", ".join(f"`{name}`" for name in roots)
        count, them = ("two", "both") if len(roots) == 2 else (len(roots), "them")
        message, cure = f"{count} starts: {listed}.", f"Put one node before {them}."
    else:
        message, cure = "no start: every node has something before it.", "Take an edge away."
    yield Finding("E121", message, None, tuple(roots), cure)


def _unreached(shape: Shape) -> Iterator[Finding]:
    if len(shape.roots) != 1:
        return
    apart = set(shape.nodes) - _reached(shape, shape.root)
    lonely = sorted(name for name in apart if not shape.parents[name])
    for name in lonely:
        message = f"`{name}` unites, but no edge leads to it."
        cure = f"Name `{name}` in the `next_nodes` of the last nodes it waits for."
        yield Finding("E125", message, None, (name,), cure)
        apart -= _reached(shape, name)
    if apart:
        rest = sorted(apart)
        message = f"no way leads from the start, `{shape.root}`, to {', '.join(f'`{name}`' for name in rest)}."
        yield Finding("E125", message, None, tuple(rest), "Connect them, or take them out.")


def _reached(shape: Shape, start: str) -> set[str]:
    seen, ahead = {start}, [start]
    while ahead:
        for name in shape.nodes[ahead.pop()].next_nodes:
            if name not in seen:
                seen.add(name)
                ahead.append(name)
    return seen
