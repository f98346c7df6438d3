"""The nodes of all graphs: what they take and give, where they are used, and by whom they are served."""

from __future__ import annotations

from collections.abc import Sequence

from exodsl.manager.protocol import StateManager
from exodsl.template.models import JsonSchema
from exodsl_tui.catalog import CatalogNode, CatalogReader, fields_of
from exodsl_tui.host import Host, host
from exodsl_tui.links import HomeLink
from exodsl_tui.screens.whole_list_pane import WholeListPane
from exodsl_tui.signs import Pieces
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.lines import Lines
from exodsl_tui.widgets.run_columns import graph_name
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import say


class NodesPane(WholeListPane[CatalogNode]):
    """The list of nodes."""

    NEEDS_ME = "unserved"
    NOUN = ("node", "nodes")
    HELP = "Nodes of the newest versions of graphs. `!` shows those that no runtime serves. Enter shows runs."

    def __init__(self) -> None:
        super().__init__()
        self._reader = CatalogReader()

    def make_table(self) -> Table[CatalogNode]:
        """Make the table."""
        around = host(self)
        return Table(
            _columns(around),
            lambda node: (node.namespace, node.name),
            signs=around.signs,
            failed=self.needs_me,
            empty="no nodes yet: `exodsl run FILE.py` stores a graph with its nodes",
        )

    def make_side(self) -> Lines:
        """Make what shows schemas."""
        return Lines()

    def read(self, manager: StateManager) -> Sequence[CatalogNode]:
        """Return the nodes; in the reader's thread."""
        return self._reader.read(manager)

    def named(self, row: CatalogNode) -> str:
        """Return the name of a node."""
        return graph_name(row.namespace, row.name)

    def needs_me(self, row: CatalogNode) -> bool:
        """Say whether no runtime has the code of a node."""
        return not row.runtimes

    def on_table_moved(self, message: Table.Moved) -> None:
        """Show the schemas of the node under the cursor."""
        self.query_one(Lines).show([] if message.row is None else node_lines(message.row))

    def on_table_picked(self, message: Table.Picked) -> None:
        """Show the runs of the first graph that uses the node."""
        node: CatalogNode = message.row
        host(self).go(HomeLink("runs", f"graph:{node.uses[0].graph}"))


def _columns(around: Host) -> tuple[Column[CatalogNode], ...]:
    def used(node: CatalogNode, _width: int) -> Pieces:
        graphs = sorted({graph_name(use.namespace, use.graph) for use in node.uses})
        return say(", ".join(graphs))

    def served(node: CatalogNode, _width: int) -> Pieces:
        return say(", ".join(node.runtimes)) if node.runtimes else say("no runtime", "dim")

    return (
        Column("node", "node", lambda node, _: say(node.name), 16, 2, priority=0, order=lambda node: node.name),
        Column("namespace", "namespace", lambda node, _: say(node.namespace, "dim"), 10, 1, priority=4),
        Column("used", "used in", used, 14, 2, priority=1),
        Column(
            "uses",
            "times",
            lambda node, _: say(str(len(node.uses))),
            5,
            priority=3,
            align="right",
            order=lambda node: len(node.uses),
        ),
        Column("served", "served by", served, 12, 1, priority=2),
    )


def node_lines(node: CatalogNode) -> list[Pieces]:
    """Return everything there is to say of a node."""
    lines: list[Pieces] = [say(graph_name(node.namespace, node.name), "strong"), ()]
    lines += [*_schema("takes", node.inputs), *_schema("gives", node.outputs)]
    if node.secrets:
        lines += [say("secrets", "strong"), *(say(f"  {name}") for name in node.secrets), ()]
    lines.append(say("used in", "strong"))
    lines += [say(f"  {graph_name(use.namespace, use.graph)}: {use.identifier}") for use in node.uses]
    lines += [(), say("served by", "strong")]
    if not node.runtimes:
        return [*lines, say("  no runtime: `exodsl runtime FILE.py` starts one", "retry")]
    return [*lines, *(say(f"  {name}") for name in node.runtimes)]


def _schema(title: str, schema: JsonSchema | None) -> list[Pieces]:
    if schema is None:
        return [say(title, "strong"), say("  its graph keeps no schema", "dim"), ()]
    fields = fields_of(schema)
    if not fields:
        return [say(title, "strong"), say("  nothing", "dim"), ()]
    wide = max(len(name) for name, _, _ in fields)
    shown: list[Pieces] = [
        (("  " + name.ljust(wide + 2), ""), (kind, "accent"), ("" if needed else "  optional", "dim"))
        for name, kind, needed in fields
    ]
    return [say(title, "strong"), *shown, ()]
