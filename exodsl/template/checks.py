"""Every check of a template, and all that they find, at once (semantics 2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from exodsl.errors import GraphInvalid
from exodsl.template.check_executors import check_executor
from exodsl.template.check_inputs import check_inputs
from exodsl.template.check_references import Scene
from exodsl.template.check_shape import check_shape
from exodsl.template.check_triggers import check_start, check_triggers
from exodsl.template.check_unites import check_depths, check_unites
from exodsl.template.findings import Finding
from exodsl.template.models import GraphTemplate
from exodsl.template.shape import Shape
from exodsl.template.structure import Structure

FOLLOWS = {"E103": ("E104",), "E107": ("E110",), "E119": ("E110",)}
"""What is not said of a node again when one of these, its cause, was already found there."""
HARMLESS = frozenset({"E112", "E118", "E142", "E160", "E161", "E162", "E163"})
"""Findings that leave it certain who may read what."""


def check(template: GraphTemplate, places: Mapping[str, str] = {}, known: Sequence[Finding] = ()) -> list[Finding]:
    """Return all that is wrong with a template, in the order of the files; nothing when it is valid.

    :param places: `file:line` of what wrote the mapping of a node, by identifier.
    :param known: what was found before; a finding of the same code and identifiers is left out, and
        so are these themselves.
    """
    if any(finding.code == "E122" for finding in known):
        return []  # what stands under one name twice cannot be told apart
    made = {(finding.code, finding.identifiers) for finding in known}
    reported = {(finding.code, finding.identifiers[:1]) for finding in known}
    found = [
        replace(finding, place=places.get(next(iter(finding.identifiers), "")))
        for finding in _findings(template, in_python=bool(places))
        if (finding.code, finding.identifiers) not in made
        and not any((cause, finding.identifiers[:1]) in reported for cause in FOLLOWS.get(finding.code, ()))
    ]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.sort_key)


def ensure_valid(template: GraphTemplate, places: Mapping[str, str] = {}, *, but: Collection[str] = ()) -> None:
    """Check a template; :raises GraphInvalid: with every finding when there are any.

    :param but: codes of findings that are let through.
    """
    found = [finding for finding in check(template, places) if finding.code not in but]
    if found:
        raise GraphInvalid(template.name, found)


def _findings(template: GraphTemplate, *, in_python: bool) -> Iterator[Finding]:
    shape = Shape(template)
    of_shape = list(check_shape(shape))
    yield from of_shape
    for node in template.nodes:
        yield from check_executor(node)
    yield from check_triggers(template)
    if shape.repeated:
        return
    structure: Structure | None = None
    if not of_shape:
        yield from check_start(template)
        of_structure = list(_structural(shape))
        yield from of_structure
        if all(finding.code in HARMLESS for finding in of_structure):
            structure = Structure(shape)
    yield from check_inputs(Scene(shape, structure, in_python))


def _structural(shape: Shape) -> Iterator[Finding]:
    of_unites = list(check_unites(shape))
    yield from of_unites
    if all(finding.code in HARMLESS for finding in of_unites):
        yield from check_depths(Structure(shape))
