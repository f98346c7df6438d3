"""The keys that change, copy or export something: what they act on, and the screens that ask before.

They work on every screen, on what its cursor is on (`InspectorScreen.aim`). Nothing that changes something is offered
where the database is only looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from exodsl.errors import ExodslError
from exodsl_tui.actions.aim import Aim
from exodsl_tui.actions.choosing import Choice, cluster, matching, these
from exodsl_tui.actions.copying import Copy, copies
from exodsl_tui.actions.work import Outcome, Planner
from exodsl_tui.host import Host
from exodsl_tui.messages import RetryCluster, RetryStates
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.menu import Entry, Menu

Offered = Callable[[Aim], bool]
CHANGES: dict[str, Offered] = {
    "retry": lambda aim: aim.run_id is not None and bool(aim.states or aim.marked or aim.matching),
    "retry_all": lambda aim: aim.run_id is not None and aim.matching is not None,
    "rerun": lambda aim: aim.run_id is not None and aim.state_id is not None,
    "trigger": lambda aim: True,
    "turn": lambda aim: aim.run_id is not None or aim.schedule_id is not None,
    "cancel_run": lambda aim: aim.run_id is not None,
}
"""What changes something, and on what it can act."""


class Acting(Host):
    """The application, as far as it acts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Retry", id="act.retry"),
        Binding("R", "retry_all", "Retry all that match", id="act.retry-all"),
        Binding("T", "trigger", "Trigger", id="act.trigger"),
        Binding("p", "turn", "Pause or resume", id="act.pause"),
        Binding("X", "cancel_run", "Cancel the run", id="act.cancel"),
        Binding("B", "rerun", "Rerun from this state", show=False, id="act.rerun"),
        Binding("y", "copy", "Copy", show=False, id="copy"),
        Binding("e", "export", "Export", show=False, id="export"),
    ]

    @property
    def inspected(self) -> InspectorScreen | None:
        """The screen that keys act on; the palette, or what asks something, may stand above it."""
        found = (screen for screen in reversed(self.screen_stack) if isinstance(screen, InspectorScreen))
        return next(found, None) if self.screen_stack else None

    @property
    def aim(self) -> Aim:
        """What that screen's cursor is on."""
        screen = self.inspected
        return Aim() if screen is None or not screen.is_mounted else screen.aim

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can act on something here."""
        if action in CHANGES:
            return not self.place.read_only and CHANGES[action](self.aim)
        if action in ("copy", "export"):
            return self.inspected is not None
        return super().check_action(action, parameters)

    # Changing

    def action_retry(self) -> None:
        """Retry the marked states, else the one under the cursor, else what failed of the node under it."""
        aim = self.aim
        if aim.run_id is not None and aim.states:
            self._retry(these(aim.run_id, aim.states, "marked" if aim.marked else ""))
        else:
            self.action_retry_all()

    def action_retry_all(self) -> None:
        """Retry all failed states that the list shows."""
        aim = self.aim
        if aim.run_id is not None and aim.matching is not None:
            self._retry(matching(aim.run_id, aim.matching, aim.matching_said))

    def on_retry_states(self, message: RetryStates) -> None:
        """Retry exactly some states."""
        self._retry(these(message.run_id, message.state_ids, message.why))

    def on_retry_cluster(self, message: RetryCluster) -> None:
        """Retry the states of a cluster of failures."""
        self._retry(cluster(message.run_id, message.cluster))

    def _retry(self, choice: Choice) -> None:
        from exodsl_tui.actions.retrying import plan_retry

        self.act(plan_retry(choice))

    def action_cancel_run(self) -> None:
        """End the run."""
        from exodsl_tui.actions.controlling import plan_cancel

        if (run_id := self.aim.run_id) is not None:
            self.act(plan_cancel(run_id))

    def action_turn(self) -> None:
        """Pause the schedule or run, or let it go on."""
        from exodsl_tui.actions.controlling import plan_turn, plan_turn_schedule

        aim = self.aim
        if aim.schedule_id is not None:
            self.act(plan_turn_schedule(aim.schedule_id))
        elif aim.run_id is not None:
            self.act(plan_turn(aim.run_id))

    def action_rerun(self) -> None:
        """Start again from the state, in a new run."""
        from exodsl_tui.actions.controlling import plan_rerun

        aim = self.aim
        if aim.run_id is not None and aim.state_id is not None:
            self.act(plan_rerun(aim.run_id, aim.state_id))

    def act(self, planner: Planner) -> None:
        """Let an action say what it will do, and do it if that is wanted."""
        if self.place.read_only:
            return
        from exodsl_tui.screens.act import ActionScreen

        self.push_screen(ActionScreen(planner), self._acted)

    def _acted(self, outcome: Outcome | None) -> None:
        if outcome is None:
            return
        self.notify(outcome.said, markup=False, timeout=5)
        if self.inspected is not None:
            self.inspected.acted()
        if outcome.link is not None:
            self.go(outcome.link)

    # Triggering

    def action_trigger(self) -> None:
        """Fill in the form of the graph; where there is none under the cursor, choose one first."""
        from exodsl_tui.actions.triggering import graphs

        aim = self.aim
        if aim.graph is None:
            self.reader.ask(self, "graphs", graphs, self._choose_graph, self.complain)
        else:
            self._ask_form(aim.graph, aim.run_id)

    def _choose_graph(self, found: list[tuple[str, str]]) -> None:
        if not found:
            self.notify("There is no graph yet: `exodsl run FILE.py` stores one.", markup=False)
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                self._ask_form(found[index], None)

        entries = [Entry("", f"{namespace}/{name}") for namespace, name in found]
        self.push_screen(Menu("Trigger which graph?", entries), chosen)

    def _ask_form(self, graph: tuple[str, str], run_id: str | None) -> None:
        from exodsl_tui.actions.form import Asked, read_asked
        from exodsl_tui.screens.trigger_form import TriggerForm

        def show(asked: Asked) -> None:
            self.push_screen(TriggerForm(asked), self._acted)

        self.reader.ask(self, "form", partial(read_asked, graph=graph, run_id=run_id), show, self.complain)

    # Copying, exporting

    def action_copy(self) -> None:
        """Choose what to copy: the link to this, ids, values, the command that tells the same."""
        screen = self.inspected
        if screen is None:
            return
        found = list(copies(screen.aim, screen.link, screen.copied(), self.place.uri))
        entries = [Entry(one.key, one.what) for one in found]
        self.push_screen(Menu("Copy", entries), lambda index: self._copy(None if index is None else found[index]))

    def _copy(self, chosen: Copy | None) -> None:
        if chosen is None:
            return
        if callable(chosen.text):
            self.reader.ask(self, "copy", chosen.text, self._copied, self.complain)
        else:
            self._copied(chosen.text)

    def _copied(self, text: str) -> None:
        if not text:
            self.notify("There is nothing to copy there.", timeout=3)
            return
        self.copy_to_clipboard(text)
        shown = text if len(text) <= 60 else f"{len(text):,} characters"
        self.notify(f"Copied: {shown}", markup=False, timeout=3)

    def action_export(self) -> None:
        """Choose what to write to a file."""
        from exodsl_tui.screens.export import Exporting

        if self.inspected is not None:
            Exporting(self, self.inspected).choose()

    def complain(self, error: ExodslError) -> None:
        """Show an error that nobody else shows."""
        self.notify(str(error), severity="error", markup=False)
