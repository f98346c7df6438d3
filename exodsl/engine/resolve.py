"""A state's inputs, resolved once when it is created (semantics 2, 4, 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exodsl.engine.facts import Known, Outputs, RunFacts, branch, place
from exodsl.engine.fitting import lost_field
from exodsl.engine.plan import Mapped, NodePlan, Piece, Read
from exodsl.template.placeholders import Reference, as_text


@dataclass(frozen=True, slots=True)
class Missing:
    """A placeholder without a value; `read` is the single value that is not there, if it is one."""

    reason: str
    read: Read | None = None


class _Absent(Exception):
    def __init__(self, *missing: Missing) -> None:
        self.missing = missing


@dataclass(slots=True)
class Resolver:
    """Fills the placeholders of one new state: its run, its path, and the output that creates it.

    `parent_node` is the index of the node that gave this output: it is not in the database yet.
    """

    run: RunFacts
    path: bytes
    known: Known
    parent: Outputs | None = None
    parent_node: int | None = None

    def inputs(self, node: NodePlan) -> Outputs | list[Missing]:
        """Return the inputs of a new state of `node`, or what is missing for them."""
        parent = self.parent
        if node.simple is None or parent is None:
            return self._mapped(node)
        try:
            return {name: parent[field] for name, field in node.simple}
        except KeyError:
            return self._mapped(node)  # says which one is missing

    def _mapped(self, node: NodePlan) -> Outputs | list[Missing]:
        found: Outputs = {}
        missing: list[Missing] = []
        for mapped in node.mapping:
            try:
                found[mapped.name] = self._value(mapped)
            except _Absent as absent:
                if not mapped.optional:
                    missing.extend(absent.missing)
        return missing or found

    def _value(self, mapped: Mapped) -> Any:
        if not mapped.parts:
            return mapped.literal
        if len(mapped.parts) != 1:
            return self._text(mapped.parts)
        part = mapped.parts[0]
        if isinstance(part, str):
            return part
        value = self._piece(part)
        listed = part.read is not None and part.read.many and isinstance(value, list)
        return as_text(value) if mapped.text and listed else value

    def _text(self, parts: tuple[Piece | str, ...]) -> str:
        texts: list[str] = []
        missing: list[Missing] = []
        for part in parts:
            try:
                texts.append(part if isinstance(part, str) else as_text(self._piece(part)))
            except _Absent as absent:
                missing.extend(absent.missing)
        if missing:
            raise _Absent(*missing)
        return "".join(texts)

    def _piece(self, piece: Piece) -> Any:
        reference = piece.reference
        if reference.kind == "store":
            return _found(self.run.store or {}, reference, "the store has no key")
        if reference.kind == "inputs":
            return _found(self.run.inputs, reference, "the run has no input")
        if piece.read is None or piece.read.parent:
            return self._given(self.parent or {}, reference)
        return self._ancestor(reference, piece.read)

    def _ancestor(self, reference: Reference, read: Read) -> Any:
        if read.many:
            return self._list(reference, read)
        own = read.source == self.parent_node
        outputs = self.parent if own else self.known.single.get(place(self.run, read, self.path))
        if outputs is None:
            raise _Absent(Missing(f"{reference} has no value: that state gave no outputs", read))
        return self._given(outputs, reference)

    def _list(self, reference: Reference, read: Read) -> Any:
        values = self.known.branch[branch(self.run, read, self.path)]
        found = [_dig(item, reference.path) for item in values]
        if _GONE in found:
            item = found.index(_GONE)
            why = self._why_lost(values[item], reference)
            raise _Absent(Missing(f"{reference} has no value in item {item}{why}"))
        return found[0] if len(found) == 1 and not read.sure_list else found

    def _given(self, outputs: Outputs, reference: Reference) -> Any:
        found = _dig(outputs, reference.path)
        if found is _GONE:
            raise _Absent(Missing(f"{reference} has no value{self._why_lost(outputs, reference)}"))
        return found

    def _why_lost(self, outputs: Outputs, reference: Reference) -> str:
        plan, identifier = self.run.plan, reference.source
        if reference.kind == "previous" and self.parent_node is not None:
            identifier = plan.nodes[self.parent_node].identifier
        return lost_field(plan, identifier, reference.path[0], outputs)


class _Gone:
    """Stands for a value that is not there; `None` would be one."""


_GONE = _Gone()


def _dig(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return _GONE
        value = value[name]
    return value


def _found(value: Any, reference: Reference, lacks: str) -> Any:
    found = _dig(value, reference.path)
    if found is _GONE:
        raise _Absent(Missing(f'{lacks} "{".".join(reference.path)}"'))
    return found
