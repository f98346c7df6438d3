"""A template made ready for the engine: integers, byte lengths and compiled mappings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exodsl.engine.lineage import STEP, step
from exodsl.template.models import GraphTemplate, NodeTemplate
from exodsl.template.placeholders import Reference, parse, references
from exodsl.template.policies import RetryPolicy
from exodsl.template.structure import Role, Structure


@dataclass(frozen=True, slots=True)
class GateRef:
    """Which gate of a unite a state belongs to: the one at the first `size` bytes of its path."""

    node: int
    size: int


@dataclass(frozen=True, slots=True)
class Read:
    """How a node reads an ancestor: at the first `size` bytes of its path.

    `many` finds a list of all values below that path; `sure_list` keeps it a list even when it
    holds one value. `parent` is the state that is just ending.
    """

    source: int
    size: int
    many: bool
    sure_list: bool
    parent: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A reference in a mapping, with the way to its value."""

    reference: Reference
    read: Read | None


@dataclass(frozen=True, slots=True)
class Mapped:
    """One input of a node: a literal, or pieces and text.

    `optional` inputs have a default in the node's schema and may be left out; into a `text` input a
    list goes as a JSON array.
    """

    name: str
    literal: Any
    parts: tuple[Piece | str, ...]
    optional: bool
    text: bool


@dataclass(frozen=True, slots=True)
class Follower:
    """A node created once for each output; `arrival` is the step that an arrival adds: the parent's position."""

    node: int
    arrival: bytes


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node of a plan.

    :param depth: bytes of its states' paths.
    :param opens: outputs add a step, so there may be any number of them.
    :param several: there can be more than one state in a run, so they are counted.
    :param followers: what each output creates at once.
    :param alike: what its outputs open and where they count is the same for all of them.
    :param gates: unites that wait for one execution of this node, and
    :param output_gates: unites that wait for one output of it.
    :param reaches: unites among its next nodes that have it in their region, or unite it.
    :param counted: gates that wait for its states; none: the run does.
    :param blamed: gates where its failure counts; none: the run's.
    :param blamed_outputs: gates where an output whose children could not be created counts.
    :param enclosing: gates that have it in their region, and
    :param behind: the nodes behind it: what a manual retry may have to take back.
    :param source: the node it unites, if any; `strict` for ALL_SUCCESS.
    :param reads: what its followers read from others than itself.
    :param unite_reads: what it reads itself, if it unites.
    :param simple: the fields of the parent's output that its inputs are, if they are nothing else.
    :param hands_on: those fields, if every input has the name of its field.
    :param takes: the inputs of the run that its inputs are, by the same names, if they are nothing else.
    """

    index: int
    identifier: str
    node_name: str
    depth: int
    opens: bool
    several: bool
    followers: tuple[Follower, ...]
    alike: bool
    gates: tuple[int, ...]
    output_gates: tuple[int, ...]
    reaches: tuple[GateRef, ...]
    counted: tuple[GateRef, ...]
    blamed: tuple[GateRef, ...]
    blamed_outputs: tuple[GateRef, ...]
    enclosing: tuple[GateRef, ...]
    behind: tuple[int, ...]
    source: int | None
    strict: bool
    above: int | None
    mapping: tuple[Mapped, ...]
    simple: tuple[tuple[str, str], ...] | None
    hands_on: frozenset[str] | None
    takes: frozenset[str] | None
    reads: tuple[Read, ...]
    unite_reads: tuple[Read, ...]
    stores: bool
    retry_policy: RetryPolicy
    timeout_ms: int | None
    executor: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine needs to know of a template; `nodes` in topological order."""

    template: GraphTemplate
    nodes: tuple[NodePlan, ...]

    @property
    def root(self) -> NodePlan:
        """The node that a run starts with."""
        return self.nodes[0]


def make_plan(template: GraphTemplate) -> Plan:
    """Compile a checked template."""
    return _Planner(template).plan()


class _Planner:
    def __init__(self, template: GraphTemplate) -> None:
        self.template = template
        self.structure = Structure.of(template)
        self.order = self.structure.shape.order
        self.index = {name: number for number, name in enumerate(self.order)}
        self.mappings = {name: self._mapping(name) for name in self.order}

    def plan(self) -> Plan:
        return Plan(self.template, tuple(self._node(name) for name in self.order))

    def _node(self, name: str) -> NodePlan:
        structure, node = self.structure, self.structure.nodes[name]
        unites = node.unites
        mapping = self.mappings[name]
        followers = tuple(child for child in node.next_nodes if structure.nodes[child].unites is None)
        reaches = self._refs(tuple(child for child in node.next_nodes if child not in followers))
        output_gates, simple = self._gates(name, "output"), None if unites else _simple(mapping)
        depth = STEP * len(structure.levels[name])
        touched = [*reaches, *(ref for child in followers for ref in self._refs(structure.counted[child]))]
        return NodePlan(
            index=self.index[name],
            identifier=name,
            node_name=node.node_name,
            depth=depth,
            opens=structure.opens(name),
            several=bool(structure.outputs_levels[name]),
            followers=tuple(self._follower(name, child) for child in followers),
            alike=not output_gates and all(ref.size <= depth for ref in touched),
            gates=self._gates(name, "execution"),
            output_gates=output_gates,
            reaches=reaches,
            counted=self._refs(structure.counted[name]),
            blamed=self._refs(structure.blamed[name]),
            blamed_outputs=self._refs(structure.blamed_outputs[name]),
            enclosing=self._refs(structure.enclosing[name]),
            behind=tuple(sorted(self.index[other] for other in structure.shape.descendants[name])),
            source=self.index[unites.identifier] if unites else None,
            strict=unites is not None and unites.strategy == "ALL_SUCCESS",
            above=self._above(name),
            mapping=mapping,
            simple=simple,
            hands_on=_handed_on(simple),
            takes=_taken(mapping),
            reads=self._reads(followers),
            unite_reads=self._reads((name,)) if unites else (),
            stores=any(_reads_store(self.mappings[child]) for child in followers)
            or (unites is not None and _reads_store(mapping)),
            retry_policy=node.retry_policy or self.template.retry_policy,
            timeout_ms=node.timeout_ms,
            executor=node.executor,
        )

    def _follower(self, name: str, child: str) -> Follower:
        if self.structure.role(child) is not Role.ARRIVAL:
            return Follower(self.index[child], b"")
        return Follower(self.index[child], step(self.structure.shape.parents[child].index(name)))

    def _gates(self, name: str, per: str) -> tuple[int, ...]:
        unites = ((unite, self.structure.nodes[unite].unites) for unite in self.structure.shape.unites)
        return tuple(self.index[unite] for unite, u in unites if u and u.identifier == name and u.per == per)

    def _refs(self, unites: tuple[str, ...]) -> tuple[GateRef, ...]:
        levels = self.structure.levels
        return tuple(GateRef(self.index[unite], STEP * len(levels[unite])) for unite in unites)

    def _above(self, name: str) -> int | None:
        unites = self.structure.nodes[name].unites
        if unites is not None:
            return self.index[unites.identifier]
        parents = self.structure.shape.parents[name]
        return self.index[parents[0]] if len(parents) == 1 else None

    def _reads(self, readers: tuple[str, ...]) -> tuple[Read, ...]:
        found = dict.fromkeys(
            part.read
            for reader in readers
            for mapped in self.mappings[reader]
            for part in mapped.parts
            if isinstance(part, Piece) and part.read is not None and not part.read.parent
        )
        return tuple(found)

    def _mapping(self, name: str) -> tuple[Mapped, ...]:
        node = self.structure.nodes[name]
        return tuple(self._mapped(node, field, value) for field, value in node.inputs.items())

    def _mapped(self, node: NodeTemplate, field: str, value: Any) -> Mapped:
        schema = (node.inputs_schema or {}).get("properties", {}).get(field)
        required = (node.inputs_schema or {}).get("required", [])
        parts = tuple(self._part(node, part) for part in parse(value)) if references(value) else ()
        return Mapped(
            name=field,
            literal=None if parts else value,
            parts=parts,
            optional=schema is not None and field not in required,
            text=schema is not None and schema.get("type") == "string",
        )

    def _part(self, node: NodeTemplate, part: str | Reference) -> Piece | str:
        if isinstance(part, str):
            return part
        if part.kind != "outputs":
            return Piece(part, None)
        reader, source = node.identifier, part.source
        structure = self.structure
        return Piece(
            part,
            Read(
                source=self.index[source],
                size=STEP * structure.reads[reader][source],
                many=structure.many(reader, source),
                sure_list=structure.sure_list(reader, source),
                parent=node.unites is None and structure.shape.parents[reader] == (source,),
            ),
        )


def _simple(mapping: tuple[Mapped, ...]) -> tuple[tuple[str, str], ...] | None:
    """Return (input, field) pairs when every input is one field of the parent's output."""
    pairs: list[tuple[str, str]] = []
    for mapped in mapping:
        part = mapped.parts[0] if len(mapped.parts) == 1 else None
        if not isinstance(part, Piece) or mapped.optional or len(part.reference.path) != 1:
            return None
        if part.reference.kind == "outputs" and not (part.read and part.read.parent and not part.read.many):
            return None
        if part.reference.kind not in ("outputs", "previous"):
            return None
        pairs.append((mapped.name, part.reference.path[0]))
    return tuple(pairs)


def _handed_on(simple: tuple[tuple[str, str], ...] | None) -> frozenset[str] | None:
    if simple is None or any(name != field for name, field in simple):
        return None
    return frozenset(name for name, _ in simple)


def _taken(mapping: tuple[Mapped, ...]) -> frozenset[str] | None:
    taken = [(mapped.name, part.reference) for mapped in mapping for part in mapped.parts if isinstance(part, Piece)]
    if any(reference.kind != "inputs" or reference.path != (name,) for name, reference in taken):
        return None
    names = [name for name, _ in taken]
    return frozenset(names) if names == [mapped.name for mapped in mapping] else None


def _reads_store(mapping: tuple[Mapped, ...]) -> bool:
    return any(
        isinstance(part, Piece) and part.reference.kind == "store" for mapped in mapping for part in mapped.parts
    )
