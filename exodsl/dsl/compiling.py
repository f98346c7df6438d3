"""From declarations to a checked template, with everything that is wrong said at once (semantics 2)."""

from __future__ import annotations

from typing import Any

from exodsl.dsl.declaration import Declaration
from exodsl.dsl.drafting import Draft, run_input_schema
from exodsl.dsl.mapping import Mapped
from exodsl.dsl.wiring import Wiring, root_mapping
from exodsl.errors import GraphInvalid
from exodsl.template.checks import HARMLESS, check
from exodsl.template.findings import Finding
from exodsl.template.models import GraphTemplate
from exodsl.template.shape import Shape
from exodsl.template.structure import Structure


def compile_graph(declaration: Declaration) -> GraphTemplate:
    """Return the template of a graph; :raises GraphInvalid: with all findings, in the order of the files."""
    if not declaration.nodes:
        finding = Finding("E121", "no start: the graph has no nodes.", declaration.place)
        raise GraphInvalid(declaration.name, [finding])
    known = list(declaration.findings())
    draft = Draft(declaration)
    mapped = _mapped(declaration)
    for one in mapped.values():
        known.extend(one.findings)
    template, found = _filled(draft, mapped)
    known.extend([*draft.findings, *found])
    known.extend(check(template, declaration.places, known))
    if known:
        raise GraphInvalid(declaration.name, _told_once(known))
    return template.model_copy(update={"nodes": tuple(template.node(name) for name in Shape(template).order)})


def _told_once(findings: list[Finding]) -> list[Finding]:
    """Return the findings in the order of the files, without what another one says or explains."""
    mistyped = {(one.identifiers[:1], one.input) for one in findings if one.code == "E102"}
    # What the one input should be given instead needs no `collect(...)` taken away first.
    left = [one for one in findings if one.code != "E127" or (one.identifiers[:1], one.input) not in mistyped]
    return sorted({str(one): one for one in left}.values(), key=lambda one: one.sort_key)


def _mapped(declaration: Declaration) -> dict[str, Mapped]:
    """Read the mapping of each node that has one; of several, the first."""
    found: dict[str, Mapped] = {}
    for name, ways in declaration.into.items():
        mapping = next((way for way in ways if way.mapping is not None), None)
        if mapping is not None:
            found[name] = Mapped.of(mapping)
    return found


def _filled(draft: Draft, mapped: dict[str, Mapped]) -> tuple[GraphTemplate, list[Finding]]:
    """Fill in every mapping, as far as the graph's structure is certain."""
    given = {name: one.values for name, one in mapped.items()}
    skeleton = draft.skeleton
    structural = [found for found in check(skeleton) if found.code not in HARMLESS]
    broken = {found.connection.target.identifier for found in mapped.values() if found.findings}
    if structural or draft.refused:
        return draft.filled(given, described=set(given) - draft.refused - broken), []
    structure = Structure.of(skeleton)
    root = skeleton.node(structure.shape.root)
    wiring = Wiring(structure, draft.described, draft.declaration.places)
    findings = [finding for one in mapped.values() for finding in one.amounts(structure)]
    for name in structure.shape.order:
        if name not in given and name != root.identifier:
            given[name], ambiguous = wiring.wire(name)
            findings.extend(ambiguous)
    return _with_root(draft, given, root.identifier, set(draft.described) - broken), findings


def _with_root(draft: Draft, given: dict[str, dict[str, Any]], root: str, described: set[str]) -> GraphTemplate:
    """Fill in the root, and say what a run's inputs are where no model does."""
    own = draft.described[root]
    explicit = given.get(root, {})
    run_inputs = draft.skeleton.inputs_schema
    given[root] = root_mapping(own, explicit, run_inputs)
    template = draft.filled(given, described=described)
    if run_inputs is not None or own.inputs_schema is None:
        return template
    left = [name for name in given[root] if name not in explicit]
    return template.model_copy(update={"inputs_schema": run_input_schema(own.inputs_schema, left)})
