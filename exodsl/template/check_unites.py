"""Do the unites hold: what they wait for, their regions, and nodes run once per arrival (semantics 4)."""

from __future__ import annotations

from collections.abc import Iterator

from exodsl.errors import did_you_mean
from exodsl.template.findings import Finding
from exodsl.template.models import Unites
from exodsl.template.shape import Shape
from exodsl.template.structure import Role, Structure


def check_unites(shape: Shape) -> Iterator[Finding]:
    """Give what is wrong with the unites and arrivals of a graph whose bare shape is good."""
    for name in shape.order:
        yield from _arrivals(shape, name)
    for name in shape.unites:
        unites = unites_of(shape, name)
        if unites.identifier not in shape.ancestors[name]:
            yield _not_before(shape, name, unites)
            continue
        yield from _foreign_edges(shape, name, unites)
        yield from _inner_unites(shape, name, unites)
        yield from _nothing_to_unite(shape, name, unites)


def check_depths(structure: Structure) -> Iterator[Finding]:
    """Give the per-arrival nodes whose parents stand at different depths."""
    for name in structure.shape.order:
        if structure.role(name) is not Role.ARRIVAL:
            continue
        levels = {parent: structure.outputs_levels[parent] for parent in structure.shape.parents[name]}
        if len({len(way) for way in levels.values()}) == 1:
            continue
        listed = ", ".join(f"`{parent}` ({len(way)})" for parent, way in levels.items())
        message = f"`{name}` runs once per arrival, but its parents stand at different fanout depths: {listed}."
        unsure = sorted({level.opener for way in levels.values() for level in way if not level.declared})
        cure = "Unite what fans out before it, or wait for all of them: `connect((a, b), c)`."
        if unsure:
            named = ", ".join(f"`{opener}`" for opener in unsure)
            cure = f'Declare `"fans_out": false` for what does not fan out of {named}.'
        yield Finding("E119", message, None, (name, *levels), cure)


def unites_of(shape: Shape, name: str) -> Unites:
    """Return what a node that unites waits for."""
    unites = shape.nodes[name].unites
    assert unites is not None
    return unites


def _arrivals(shape: Shape, name: str) -> Iterator[Finding]:
    arrivals, sources = shape.nodes[name].arrivals, sorted(set(shape.parents[name]))
    if arrivals is None:
        return
    if shape.nodes[name].unites is not None:
        message = f"`{name}` runs once per arrival, so it cannot unite as well."
        cure = "`connect((a, b), c)` waits; `connect(any_of_nodes(a, b), c)` runs once for each."
        yield Finding("E118", message, None, (name,), cure)
    elif sorted(arrivals) != sources:
        listed = ", ".join(arrivals) or "nothing"
        message = f"`arrivals` of `{name}` names {listed}, but these lead to it: {', '.join(sources) or 'none'}."
        yield Finding("E118", message, None, (name,), "Name each of them once, or leave `arrivals` out.")


def _not_before(shape: Shape, name: str, unites: Unites) -> Finding:
    wanted = unites.identifier
    before = shape.ancestors[name]
    if wanted in shape.nodes:
        reason = "itself" if wanted == name else f"`{wanted}`, which does not lie before it"
        cure = f"Unite one of those that do: {', '.join(n for n in shape.order if n in before)}."
        return Finding("E115", f"`{name}` unites {reason}.", None, (name, wanted), cure)
    message = f"`{name}` unites `{wanted}`, which is no node."
    return Finding("E115", message, None, (name, wanted), did_you_mean(wanted, before).strip() or None)


def _foreign_edges(shape: Shape, name: str, unites: Unites) -> Iterator[Finding]:
    region = shape.region(name)
    opened = {unites.identifier, *region}
    for source in shape.parents[name]:
        if source not in opened:
            message = f"`{name}` unites `{unites.identifier}`, but its source `{source}` is not behind that."
            yield Finding("E116", message, None, (name, source), _unite_both(shape, unites, source))
    for inner in sorted(region):
        for source in shape.parents[inner]:
            if source not in opened:
                message = (
                    f"`{inner}` lies between `{unites.identifier}` and `{name}`, which unites it,"
                    f" but is also reached from `{source}`, outside."
                )
                yield Finding("E117", message, None, (inner, source, name), _unite_both(shape, unites, source))


def _unite_both(shape: Shape, unites: Unites, source: str) -> str:
    nearest = shape.nearest_common_ancestor((unites.identifier, source))
    return f"Unite `{nearest}`, which lies before both, or take the edge away."


def _inner_unites(shape: Shape, name: str, unites: Unites) -> Iterator[Finding]:
    region, opened = shape.region(name), unites.identifier
    per_output = unites.per == "output" and shape.nodes[opened].fans_out is not False
    for inner in sorted(region.intersection(shape.unites)):
        wanted = unites_of(shape, inner)
        if wanted.identifier == opened and per_output and wanted.per == "execution":
            message = (
                f"`{name}` waits within one output of `{opened}`; inside that region `{inner}` waits for"
                f" all outputs of `{opened}`."
            )
            cure = f"Let both wait for all of it: `.unites({opened})`."
            yield Finding("E113", message, None, (inner, name), cure)
        elif wanted.identifier != opened and wanted.identifier in shape.nodes.keys() - region:
            message = (
                f"`{name}` unites `{opened}`; inside that region `{inner}` unites `{wanted.identifier}`,"
                " which lies outside it."
            )
            yield Finding("E113", message, None, (inner, name), f"Unite `{opened}` or a node after it.")


def _nothing_to_unite(shape: Shape, name: str, unites: Unites) -> Iterator[Finding]:
    # Absorbing the failure of a single way is a use of its own.
    if unites.strategy == "ALL_DONE" or _opens_several(shape, unites.identifier, name, unites.per):
        return
    sources = shape.parents[name]
    for other in reversed(shape.order):
        holds = all(source == other or other in shape.ancestors[source] for source in sources)
        if holds and other != name and _opens_several(shape, other, name, "execution"):
            cure = f"Nearest that opens several: `{other}`."
            break
    else:
        cure = "A plain edge does."
    message = (
        f"`{name}` unites `{unites.identifier}`, but nothing fans out there and one path leads on,"
        " so there is nothing to unite."
    )
    yield Finding("E112", message, None, (name, unites.identifier), cure)


def _opens_several(shape: Shape, source: str, unite: str, per: str) -> bool:
    """Say whether more than one branch can lead from `source` to `unite`; so it may when undeclared."""
    within = shape.descendants[source] & shape.ancestors[unite]
    fanning = within if per == "output" else {source, *within}
    if any(shape.nodes[name].fans_out is not False for name in fanning):
        return True
    ahead = {unite, *within}
    return any(len(ahead.intersection(shape.nodes[name].next_nodes)) > 1 for name in (source, *within))
