"""Snapshots of graphs: one file each, that people review (syrupy keeps and compares them)."""

from __future__ import annotations

import sys
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.amber import AmberDataSerializer, AmberDataSerializerPlugin
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from exodsl.errors import InputInvalid

if TYPE_CHECKING:
    from exodsl.template.models import GraphTemplate

Format = Literal["outline", "mermaid", "json"]


def template_of(value: object) -> GraphTemplate:
    """Return the checked template of a graph, or of a template; :raises InputInvalid: for anything else."""
    from exodsl.dsl.graph import Graph
    from exodsl.template.checks import ensure_valid
    from exodsl.template.models import GraphTemplate

    if isinstance(value, Graph):
        return value.compile()
    if isinstance(value, GraphTemplate):
        ensure_valid(value)
        return value
    raise InputInvalid(f"A snapshot of a graph is compared with a graph or its template, not with {value!r}.")


class _GraphFile(SingleFileSnapshotExtension):
    """A text file for each graph."""

    _write_mode = WriteMode.TEXT

    def serialize(self, data: Any, **_: Any) -> str:
        """Return the text of a graph or template."""
        return self.text(template_of(data))

    @abstractmethod
    def text(self, template: GraphTemplate) -> str:
        """Return the text of a template."""


class OutlineFile(_GraphFile):
    """The canonical text: one line for each mapping."""

    file_extension = "txt"

    def text(self, template: GraphTemplate) -> str:
        """Return the outline."""
        from exodsl.template.outline import as_outline

        return as_outline(template)


class MermaidFile(_GraphFile):
    """A Mermaid flowchart, which many pages draw."""

    file_extension = "mmd"

    def text(self, template: GraphTemplate) -> str:
        """Return the flowchart."""
        from exodsl.template.drawings import as_mermaid

        return as_mermaid(template)


class JsonFile(_GraphFile):
    """Nodes, and edges with their mapping, as JSON."""

    file_extension = "json"

    def text(self, template: GraphTemplate) -> str:
        """Return the document."""
        from exodsl.template.drawings import as_json

        return as_json(template)


class GraphSnapshot(SnapshotAssertion):
    """What `graph_snapshot` gives: `assert graph == graph_snapshot`.

    `graph_snapshot.mmd` and `graph_snapshot.json` compare the graph as a Mermaid flowchart and as JSON.
    """

    @classmethod
    def of(cls, snapshot: SnapshotAssertion) -> Self:
        """Return the snapshots of graphs for the test that a `snapshot` is of."""
        return cls(
            session=snapshot.session,
            extension_class=OutlineFile,
            test_location=snapshot.test_location,
            update_snapshots=snapshot.update_snapshots,
            update_new_snapshots_only=snapshot.update_new_snapshots_only,
        )

    @cached_property
    def mmd(self) -> SnapshotAssertion:
        """The same graph as a Mermaid flowchart, in a file of its own."""
        return self.use_extension(MermaidFile)

    @cached_property
    def json(self) -> SnapshotAssertion:
        """The same graph as JSON, in a file of its own."""
        return self.use_extension(JsonFile)

    def __call__(self, *, format: Format = "outline", **options: Any) -> SnapshotAssertion:
        """Return the snapshot in another format, or with other options of syrupy's, such as `name`."""
        if format == "outline":
            return super().__call__(**options)
        if format not in ("mermaid", "json"):
            raise InputInvalid(f'graph_snapshot(format="{format}") takes outline, mermaid or json.')
        return (self.mmd if format == "mermaid" else self.json)(**options)


class _GraphText(AmberDataSerializerPlugin):
    """Lets syrupy's own `snapshot` write a graph, or a template, as its canonical text."""

    @classmethod
    def is_data_serializable(cls, data: Any) -> bool:
        """Say whether it is a graph or a template."""
        if "exodsl.template.models" not in sys.modules:  # nobody can have made one
            return False
        from exodsl.dsl.graph import Graph
        from exodsl.template.models import GraphTemplate

        return isinstance(data, Graph | GraphTemplate)

    @classmethod
    def serialize(cls, data: Any, *, depth: int = 0, **_: Any) -> str:
        """Return the canonical text, indented as it stands in other data."""
        from exodsl.template.outline import as_outline

        return AmberDataSerializer.serialize_string(as_outline(template_of(data)).rstrip(), depth=depth)


def teach_syrupy() -> None:
    """Let `assert graph == snapshot` mean the graph's canonical text; does nothing the second time."""
    known = tuple(AmberDataSerializer.serializer_plugins or ())
    if _GraphText not in known:
        AmberDataSerializer.serializer_plugins = (*known, _GraphText)
