"""What failed in a run, alike with alike, and what the inputs of those that failed have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from exodsl.manager.inspection import Cluster, Contrast
from exodsl.manager.protocol import StateManager
from exodsl_tui.host import host
from exodsl_tui.looking import Subject
from exodsl_tui.messages import RetryCluster
from exodsl_tui.screens.whole_list_pane import WholeListPane
from exodsl_tui.signs import Pieces
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.lines import Lines
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import at, brief, counted, say

Open = Callable[[Cluster], object]
"""Opens the states of a cluster."""
SHOWN = 12
"""More differences than these say nothing more."""


class FailuresPane(WholeListPane[Cluster]):
    """The clusters of failures, the largest first.

    :param open: is called with the cluster that somebody opens.
    """

    NOUN = ("kind of failure", "kinds of failures")
    HELP = (
        "Failures that are alike stand in one row: the same node, the same exception, the same message but for numbers"
        " and names. Enter opens their states; `i` compares their inputs with those of states that succeeded."
    )
    DEFAULT_CSS = """
    FailuresPane > Lines { height: 40%; display: none; border-top: solid $panel; }
    FailuresPane.-contrast > Lines { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "contrast", "What differs in their inputs", id="failures.contrast"),
        Binding("R", "retry", "Retry all of them", id="failures.retry"),
    ]

    def __init__(self, subject: Subject, open: Open) -> None:
        super().__init__()
        self._subject, self._open = subject, open

    def make_table(self) -> Table[Cluster]:
        """Make the table."""
        around = host(self)
        return Table(
            (
                Column("count", "count", lambda c, _: say(brief(c.count), "bad"), 5, align="right", priority=0),
                Column("node", "node", lambda c, _: say(c.identifier, "strong"), 12, grow=1, priority=0),
                Column("error", "error", lambda c, _: say(c.error), 24, grow=4, priority=0),
                Column("first", "first", lambda c, _: say(at(c.first_seen, around.zone, around.now())), 8, priority=3),
                Column("last", "last", lambda c, _: say(at(c.last_seen, around.zone, around.now())), 8, priority=2),
                Column("sample", "sample", lambda c, _: say(str(c.sample), "dim"), 7, align="right", priority=4),
            ),
            lambda cluster: (cluster.identifier, cluster.key),
            signs=around.signs,
            empty="nothing failed",
        )

    def compose(self) -> ComposeResult:
        """Put the differences below the table."""
        yield from super().compose()
        yield Lines()

    def read(self, manager: StateManager) -> Sequence[Cluster]:
        """Return the clusters; in the reader's thread."""
        return self._subject.of_run(manager, "clusters", manager.clusters)

    def named(self, row: Cluster) -> str:
        """Return what a filter looks into: the node and the error."""
        return f"{row.identifier} {row.error}"

    def needs_me(self, row: Cluster) -> bool:
        """All of them do."""
        return True

    def status(self) -> str:
        """Return how many failures there are, of how many kinds."""
        table = self.table
        clusters = [row for index in range(table.height) if (row := table.row(index)) is not None]
        failures = counted(sum(cluster.count for cluster in clusters), "failure")
        return f"{failures} of {counted(len(clusters), 'kind')}" if clusters else ""

    def on_table_picked(self, message: Table.Picked) -> None:
        """Open the states of a cluster."""
        message.stop()
        self._open(message.row)

    def on_table_moved(self, message: Table.Moved) -> None:
        """Compare the inputs of this cluster, if those of another one are shown."""
        if self.has_class("-contrast") and message.row is not None:
            self._compare(message.row)

    def action_contrast(self) -> None:
        """Show what the inputs of those that failed have in common, or hide it."""
        cluster = self.table.current
        if cluster is None:
            return
        self.toggle_class("-contrast")
        if self.has_class("-contrast"):
            self._compare(cluster)

    def _compare(self, cluster: Cluster) -> None:
        lines = self.query_one(Lines)
        heading: Pieces = ((f"Inputs of {cluster.identifier}: {cluster.error}", "strong"),)
        lines.show([heading, say("computing . . .", "dim")])

        def question(manager: StateManager) -> tuple[Contrast, ...]:
            return manager.contrast(self._subject.facts(manager).run_id, cluster.identifier, cluster.key)

        self.ask("contrast", question, lambda found: lines.show([heading, *sentences(found)]))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no retry where nothing may be changed."""
        if action == "retry":
            return not host(self).place.read_only
        return super().check_action(action, parameters)

    def action_retry(self) -> None:
        """Ask to retry the states of the cluster."""
        cluster = self.table.current
        if cluster is not None:
            self.post_message(RetryCluster(self._subject.run_id, cluster))

    def clear(self) -> bool:
        """Hide the differences first."""
        if self.has_class("-contrast"):
            self.remove_class("-contrast")
            return True
        return super().clear()


def sentences(found: tuple[Contrast, ...]) -> list[Pieces]:
    """Say how inputs differ, the sharpest difference first: `37 of 37 failed have lang=th; 0 of 500 ok`."""
    if not found:
        return [say("No input sets those that failed apart from those that succeeded.", "dim")]
    return [sentence(one) for one in found[:SHOWN]]


def sentence(one: Contrast) -> Pieces:
    """Say how one input differs."""
    spelled = f"{one.field} {one.value}" if one.value[:1] in "<>" else f"{one.field}={one.value}"
    return (
        (f"{one.failed} of {one.failed_of} failed", "bad"),
        (" have ", ""),
        (spelled, "strong"),
        ("; ", ""),
        (f"{one.succeeded} of {one.succeeded_of} ok", "ok"),
    )
