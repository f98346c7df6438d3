"""Do the placeholders of a mapping mean something, and what do they give (semantics 2 and 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from exodsl.errors import did_you_mean
from exodsl.template.findings import Finding
from exodsl.template.models import NodeTemplate
from exodsl.template.placeholders import Reference
from exodsl.template.schema_fields import NoField, follow
from exodsl.template.schema_types import ValueType
from exodsl.template.shape import Shape
from exodsl.template.structure import Role, Structure

PYTHON = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}


@dataclass(frozen=True)
class Scene:
    """A template with what is certain about it.

    `structure` is there only where shape and unites hold; without it nothing is said about who
    may read what. `in_python` chooses the spelling of suggestions.
    """

    shape: Shape
    structure: Structure | None
    in_python: bool = False

    def is_root(self, node: NodeTemplate) -> bool:
        """Say whether a run starts here."""
        return not self.shape.parents[node.identifier] and node.unites is None


@dataclass(frozen=True)
class Given:
    """What a reference gives to its reader: one value, or a list of many.

    `type` is that of one value, `None` where no schema says it; `opener` is what makes it many, by
    its outputs or because it `arrives` several times.
    """

    name: str
    type: ValueType | None
    opener: str | None = None
    arrives: bool = False

    @property
    def opener_text(self) -> str:
        """Why there are many, as a clause."""
        return f"`{self.opener}` {'runs once per arrival' if self.arrives else 'fans out'}"

    @property
    def whole_type(self) -> ValueType | None:
        """The type of what the reader gets."""
        return self.type.listed() if self.type is not None and self.opener is not None else self.type


def dotted(source: str, path: Iterable[str]) -> str:
    """Return a reference to outputs as it is written in a module."""
    return ".".join((source, "outputs", *path))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is close enough to be meant."""
    near = get_close_matches(name, list(known), n=1)
    return near[0] if near else None


def check_reference(scene: Scene, node: NodeTemplate, name: str, reference: Reference) -> Iterator[Finding]:
    """Give what is wrong with one reference in input `name` of `node`."""
    within = f"in `{name}` of `{node.identifier}`: "
    if reference.kind == "store":
        yield from _store(scene, node, within, reference.path[0])
    elif reference.kind == "inputs":
        yield from _run_inputs(scene, node, within, reference)
    elif reference.kind == "previous":
        yield from _previous(scene, node, within, reference)
    else:
        yield from _outputs(scene, node, within, reference)


def _store(scene: Scene, node: NodeTemplate, within: str, key: str) -> Iterator[Finding]:
    known = sorted(scene.shape.template.store_config.keys)
    if key not in known:
        message = f"{within}store has no key `{key}`. It has: {', '.join(known) or 'none'}."
        yield Finding("E131", message, None, (node.identifier,), did_you_mean(key, known).strip() or None)


def _run_inputs(scene: Scene, node: NodeTemplate, within: str, reference: Reference) -> Iterator[Finding]:
    schema = scene.shape.template.inputs_schema
    missing = None if schema is None else follow(ValueType.of(schema), reference.path)
    if not isinstance(missing, NoField):
        return
    owner = ".".join(("inputs", *missing.owner))
    message = f"{within}the run's `{owner}` have no `{missing.name}`. There are: {_listed(missing)}."
    near = nearest(missing.name, missing.known)
    cure = f"Did you mean `{owner}.{near}`?" if near else None
    yield Finding("E108", message, None, (node.identifier,), cure)


def _previous(scene: Scene, node: NodeTemplate, within: str, reference: Reference) -> Iterator[Finding]:
    if node.unites is not None or scene.is_root(node):
        reason = "waits for several states" if node.unites is not None else "is the start"
        message = f"{within}`{node.identifier}` {reason}, so there is no `previous`."
        yield Finding("E107", message, None, (node.identifier,), "Name the node whose outputs are meant.")
        return
    for parent in scene.shape.parents[node.identifier]:
        yield from _field(scene, node, within, parent, reference.path)


def _outputs(scene: Scene, node: NodeTemplate, within: str, reference: Reference) -> Iterator[Finding]:
    source = reference.source
    if source not in scene.shape.nodes:
        near = did_you_mean(source, scene.shape.nodes).strip() or None
        yield Finding("E109", f"{within}`{source}` is no node.", None, (node.identifier, source), near)
        return
    if scene.structure is not None and source not in scene.structure.reads[node.identifier]:
        yield _unreadable(scene.structure, node, within, source)
    yield from _field(scene, node, within, source, reference.path)


def _field(scene: Scene, node: NodeTemplate, within: str, source: str, path: tuple[str, ...]) -> Iterator[Finding]:
    schema = scene.shape.nodes[source].outputs_schema
    missing = None if schema is None else follow(ValueType.of(schema), path)
    if not isinstance(missing, NoField):
        return
    if not missing.known and missing.owner:
        yield _no_object(scene, node, within, source, missing)
        return
    what = f"`{dotted(source, missing.owner)}` has no field" if missing.owner else f"`{source}` has no output"
    message = f"{within}{what} `{missing.name}`. It has: {_listed(missing)}."
    near = nearest(missing.name, missing.known)
    cure = f"Did you mean `{dotted(source, (*missing.owner, near))}`?" if near else None
    yield Finding("E101", message, None, (node.identifier, source), cure)


def _no_object(scene: Scene, node: NodeTemplate, within: str, source: str, missing: NoField) -> Finding:
    """Say that a value without fields is asked for one; in a module it may be a method that is meant."""
    names, owner = (node.identifier, source), dotted(source, missing.owner)
    found = follow(ValueType.of(scene.shape.nodes[source].outputs_schema), missing.owner)
    kind = found.kind if isinstance(found, ValueType) else None
    plain = scene.in_python and missing.owner == ("result",)
    written = dotted(source, ()) if plain else owner
    method = getattr(PYTHON.get(kind or ""), missing.name, None)
    if scene.in_python and method is not None:
        message = f"{within}`.{missing.name}` on `${{{{ {owner} }}}}` while declaring."
        use = f"{'value' if plain else missing.owner[-1]}.{missing.name}{'()' if callable(method) else ''}"
        inside = f"Do it inside a node: pass `{written}` on, and use `{use}` in its body."
        return Finding("E150", message, None, names, inside)
    message = f"{within}`{owner}` is {found.with_article if isinstance(found, ValueType) else 'no object'}"
    cure = f"Write `{written}`." if missing.name == "result" else None
    return Finding("E101", f"{message} and has no field `{missing.name}`.", None, names, cure)


def _listed(missing: NoField) -> str:
    return ", ".join(missing.known) or "none"


def _unreadable(structure: Structure, node: NodeTemplate, within: str, source: str) -> Finding:
    shape, reader = structure.shape, node.identifier
    closers = [unite for unite in shape.unites if source in structure.regions[unite]]
    closer = next((unite for unite in closers if unite in shape.ancestors[reader]), None)
    if source == reader:
        reason = "a node cannot read its own outputs"
    elif source in shape.descendants[reader]:
        reason = f"`{source}` comes after `{reader}`"
    elif closer is not None:
        reason = f"`{closer}` has united the branches that `{source}` stands in, so its outputs end there"
    else:
        reason = f"`{source}` has not certainly ended before `{reader}` starts"
    readable = [name for name in shape.order if name in structure.reads[reader]]
    cure = f"It can read: {', '.join(readable)}." if readable else "It can read the run's inputs and the store."
    return Finding("E107", f"{within}{reason}.", None, (reader, source), cure)


def givens(scene: Scene, node: NodeTemplate, reference: Reference) -> Iterator[Given]:
    """Give what a sound reference gives, for each way there is; nothing where that is not certain."""
    if reference.kind == "inputs" and scene.shape.template.inputs_schema is not None:
        run = ValueType.of(scene.shape.template.inputs_schema)
        yield Given(".".join(("inputs", *reference.path)), _found(run, reference.path))
    elif reference.kind == "previous":
        for parent in scene.shape.parents[node.identifier]:
            yield Given(dotted(parent, reference.path), _output_type(scene, parent, reference.path))
    elif reference.kind == "outputs" and scene.structure is not None:
        yield from _given_outputs(scene, scene.structure, node.identifier, reference)


def _given_outputs(scene: Scene, structure: Structure, reader: str, reference: Reference) -> Iterator[Given]:
    source, name = reference.source, dotted(reference.source, reference.path)
    one = _output_type(scene, source, reference.path)
    if not structure.many(reader, source):
        yield Given(name, one)
    elif structure.sure_list(reader, source):
        open_levels = structure.outputs_levels[source][structure.reads[reader][source] :]
        opener = next(level.opener for level in open_levels if level.declared)
        yield Given(name, one, opener, arrives=structure.role(opener) is Role.ARRIVAL)


def _output_type(scene: Scene, source: str, path: tuple[str, ...]) -> ValueType | None:
    schema = scene.shape.nodes[source].outputs_schema
    return None if schema is None else _found(ValueType.of(schema), path)


def _found(start: ValueType, path: tuple[str, ...]) -> ValueType | None:
    found = follow(start, path)
    return None if isinstance(found, NoField) else found
