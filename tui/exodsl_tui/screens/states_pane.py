"""The states of a run: paged, filtered, with the one under the cursor beside them where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from exodsl.manager.filter_completion import Known
from exodsl.manager.filter_text import state_filter
from exodsl.manager.filters import StateFilter, Term
from exodsl.manager.inspection import Cluster, StateSummary
from exodsl.manager.protocol import StateManager
from exodsl_tui.actions.aim import Aim
from exodsl_tui.completing import complete_states
from exodsl_tui.host import host
from exodsl_tui.links import StateLink
from exodsl_tui.looking import Subject
from exodsl_tui.screens.list_pane import ListPane
from exodsl_tui.screens.state_detail import StateDetail
from exodsl_tui.sources import StatesSource
from exodsl_tui.widgets.paged_table import PagedTable
from exodsl_tui.widgets.state_columns import is_failed, place_of, state_columns
from exodsl_tui.widgets.table import Table


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which states a list is about before any filter: those of a cluster of failures.

    :param said: what they are, in a few words.
    """

    said: str
    term: Term


class StatesPane(ListPane[StateSummary]):
    """The list of states."""

    NEEDS_ME = "status:errored,next_created_error"
    NOUN = ("state", "states")
    SORTS = ("-took", "-started", "-finished", "-id")
    HELP = (
        "States, node by node in the order of the graph, each in fanout order. `place` is where one stands in every"
        " fanout from the root on. `/` filters: status:errored node:fetch* try:>1 took:>5s in.lang:th err:Timeout"
    )

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "branch", "Only this branch", id="states.branch")]

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self._subject = subject
        self._narrowing: Narrowing | None = None

    def make_table(self) -> PagedTable[StateSummary]:
        """Make the table."""
        around = host(self)
        return PagedTable(
            state_columns(around, self._subject.fans_out),
            lambda state: state.state_id,
            signs=around.signs,
            failed=is_failed,
        )

    def make_side(self) -> StateDetail:
        """Make what shows the state under the cursor."""
        return StateDetail()

    @property
    def aim(self) -> Aim:
        """The marked states, else the one under the cursor, and all that the list shows."""
        table = self.table
        marked = tuple(sorted(key for key in table.marks if isinstance(key, int)))
        states = marked if marked or table.current is None else (table.current.state_id,)
        return Aim(
            states=() if table.all_marked else states,
            marked=bool(marked) or table.all_marked,
            matching=self._filter(),
        )

    def _filter(self) -> StateFilter:
        """Return what the list shows."""
        filter = state_filter(self.filter_text)
        if self._narrowing is None:
            return filter
        return replace(filter, terms=(self._narrowing.term, *filter.terms))

    def apply(self) -> None:
        """Show the states that match."""
        filter = self._filter()
        table = self.query_one(PagedTable)
        table.empty = "no state matches; esc takes the filter back" if filter.terms else "no states yet"
        table.browse(StatesSource(self._subject.run_id, filter))

    def check_filter(self, text: str) -> None:
        """:raises FilterInvalid: when a filter of states cannot be understood."""
        state_filter(text)

    def status(self) -> str:
        """Say first what the list is about."""
        said = super().status()
        return said if self._narrowing is None else f"{self._narrowing.said}: {said}"

    def completions(self, text: str, position: int) -> Sequence[str]:
        """Return filters that complete the word at a position."""
        return complete_states(text, position, Known(nodes=self._subject.nodes))

    def on_table_moved(self, message: Table.Moved) -> None:
        """Show the state under the cursor."""
        message.stop()
        self._show_beside()

    def on_resize(self) -> None:
        """Show it where there is room by now."""
        self.call_after_refresh(self._show_beside)

    def action_zoom(self, by: int) -> None:
        """Show it where somebody made room."""
        super().action_zoom(by)
        self.call_after_refresh(self._show_beside)

    def _show_beside(self) -> None:
        side, state = self.query_one(StateDetail), self.table.current
        if side.display:
            side.show(None if state is None else state.state_id)

    def on_table_picked(self, message: Table.Picked) -> None:
        """Open the state."""
        message.stop()
        host(self).go(StateLink(self._subject.run_id, message.row.state_id))

    # Narrowed lists

    def action_branch(self) -> None:
        """Show whatever came of the state under the cursor, and of its siblings at this place."""
        state = self.table.current
        where = "-" if state is None else place_of(state, self._subject.fans_out)
        if where == "-":
            self.notify("This state stands in no fanout: everything came of it.", timeout=3)
        else:
            self.set_filter(f"branch:{where}")

    def narrow_to(self, cluster: Cluster) -> None:
        """Show exactly the states of a cluster of failures."""
        run_id = self._subject.run_id

        def question(manager: StateManager) -> Sequence[int]:
            return manager.cluster_states(run_id, cluster.identifier, cluster.key)

        def narrow(state_ids: Sequence[int]) -> None:
            said = f"{cluster.identifier}, {cluster.error}"
            self._narrowing = Narrowing(said, Term("id", "=", tuple(state_ids)))
            self.filter_text = ""
            self.apply()
            self.changed()

        self.ask("cluster", question, narrow)

    def clear(self) -> bool:
        """Go back to all states of the run last."""
        if super().clear():
            return True
        if self._narrowing is None:
            return False
        self._narrowing = None
        self.apply()
        self.say_status()
        return True
