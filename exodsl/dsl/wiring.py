"""Wiring by name: where the inputs of a node without a mapping come from (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exodsl.template.findings import Finding
from exodsl.template.models import NodeTemplate
from exodsl.template.structure import Role, Structure


@dataclass(frozen=True)
class Wiring:
    """Finds inputs by name in a graph whose structure is certain.

    :param described: every node with its schemas.
    :param places: where the inputs of each node were declared.
    """

    structure: Structure
    described: Mapping[str, NodeTemplate]
    places: Mapping[str, str]

    def wire(self, name: str) -> tuple[dict[str, str], list[Finding]]:
        """Return the mapping found for a node, and what is ambiguous in it.

        Inputs that nothing upstream has are left out: they have a default, or the checks say it.
        """
        mapping: dict[str, str] = {}
        findings: list[Finding] = []
        for wanted in self._properties(name, "inputs_schema"):
            found = self._near(name, wanted) or self._far(name, wanted)
            if len(found) > 1:
                findings.append(self._ambiguous(name, wanted, found))
            if found:
                mapping[wanted] = f"${{{{ {found[0]}.outputs.{wanted} }}}}"
        return mapping, findings

    def _near(self, name: str, wanted: str) -> list[str]:
        """Return which sources of the node have such an output."""
        sources = self.structure.shape.parents[name]
        if self.structure.role(name) is Role.ARRIVAL:
            return ["previous"] if all(self._has(source, wanted) for source in sources) else []
        return [source for source in sources if self._gives_one(name, source, wanted)]

    def _far(self, name: str, wanted: str) -> list[str]:
        """Return which other ancestors have such an output."""
        sources = self.structure.shape.parents[name]
        readable = self.structure.reads[name]
        return [
            other
            for other in self.structure.shape.order
            if other in readable and other not in sources and self._gives_one(name, other, wanted)
        ]

    def _gives_one(self, reader: str, source: str, wanted: str) -> bool:
        readable = source in self.structure.reads[reader]
        return readable and not self.structure.many(reader, source) and self._has(source, wanted)

    def _has(self, source: str, wanted: str) -> bool:
        return wanted in self._properties(source, "outputs_schema")

    def _properties(self, name: str, schema: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = getattr(self.described[name], schema) or {}
        properties: Mapping[str, Any] = found.get("properties", {})
        return properties

    def _ambiguous(self, name: str, wanted: str, found: list[str]) -> Finding:
        listed = " or ".join(f"`{source}`" for source in found)
        message = f"`{wanted}` of `{name}` could come from {listed}."
        cure = f"Name one: `{wanted}={found[-1]}.outputs.{wanted}`."
        return Finding("E104", message, self.places.get(name), (name, *found), cure)


def root_mapping(root: NodeTemplate, given: Mapping[str, Any], run_inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the whole mapping of the root.

    Without a model of the run's inputs (`run_inputs`) they are what `given` leaves out; with one, and nothing
    given, they are found by name.
    """
    names: Iterator[str] = iter((root.inputs_schema or {}).get("properties", {}))
    if run_inputs is None:
        return {**given, **{name: _of_run(name) for name in names if name not in given}}
    if given:
        return dict(given)
    return {name: _of_run(name) for name in names if name in run_inputs.get("properties", {})}


def _of_run(name: str) -> str:
    return f"${{{{ inputs.{name} }}}}"
