"""The runs of a database, newest first, each with how far it is."""

from __future__ import annotations

from collections.abc import Sequence

from exodsl.manager.filter_completion import Known
from exodsl.manager.filter_text import run_filter
from exodsl.manager.inspection import GraphSummary, RunSummary
from exodsl.manager.views import Page
from exodsl_tui.actions.aim import Aim
from exodsl_tui.completing import complete_runs
from exodsl_tui.host import host
from exodsl_tui.links import RunLink
from exodsl_tui.screens.list_pane import ListPane
from exodsl_tui.sources import RunsSource
from exodsl_tui.widgets.paged_table import PagedTable
from exodsl_tui.widgets.run_columns import run_columns
from exodsl_tui.widgets.table import Table


class RunsPane(ListPane[RunSummary]):
    """The list of runs."""

    NEEDS_ME = "status:failed,paused"
    NOUN = ("run", "runs")
    HELP = "Runs, the newest first. `!` shows those that failed or are paused."

    def make_table(self) -> PagedTable[RunSummary]:
        """Make the table."""
        around = host(self)
        return PagedTable(
            run_columns(around),
            lambda run: run.run_id,
            signs=around.signs,
            failed=lambda run: run.status == "FAILED",
        )

    @property
    def aim(self) -> Aim:
        """The run under the cursor, and all that the list shows."""
        shown, run = run_filter(self.filter_text), self.table.current
        if run is None:
            return Aim(runs=shown)
        return Aim(run_id=run.run_id, graph=(run.namespace, run.graph), runs=shown)

    def apply(self) -> None:
        """Show the runs that match."""
        table = self.query_one(PagedTable)
        table.empty = (
            "no run matches; esc takes the filter back"
            if self.filter_text
            else "no runs yet. Start one:  exodsl run FILE.py    or leave it to a runtime:  exodsl trigger GRAPH"
        )
        table.browse(RunsSource(run_filter(self.filter_text)))

    def check_filter(self, text: str) -> None:
        """:raises FilterInvalid: when a filter of runs cannot be understood."""
        run_filter(text)

    def completions(self, text: str, position: int) -> Sequence[str]:
        """Return filters that complete the word at a position."""
        return complete_runs(text, position, self._known)

    def _learn(self, graphs: Page[GraphSummary]) -> None:
        """Learn the names that a filter may have."""
        self._known = Known(
            graphs=[graph.name for graph in graphs.items],
            namespaces=sorted({graph.namespace for graph in graphs.items}),
        )

    def on_mount(self) -> None:
        """Learn names once."""
        self.ask("names", lambda manager: manager.graphs(), self._learn)

    _known: Known | None = None

    def on_table_picked(self, message: Table.Picked) -> None:
        """Open the run."""
        host(self).go(RunLink(message.row.run_id))
