"""One action from beginning to end: what it will do, counted; yes or no; how far it is; what it did not do, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from exodsl.errors import ExodslError
from exodsl_tui.actions.work import Outcome, Plan, Planner
from exodsl_tui.host import host
from exodsl_tui.screens.working import Working
from exodsl_tui.widgets.answer import Answer
from exodsl_tui.words import plain

MOST_TOLD = 200
"""Skipped things that a result lists."""


class ActionScreen(Working, ModalScreen[Outcome | None]):
    """Plans an action, asks, and does it; gives what it did, or `None`.

    :param planner: finds out what will happen, and changes nothing.
    """

    DEFAULT_CSS = """
    ActionScreen { align: center middle; }
    ActionScreen > Vertical {
        width: 72; max-width: 96%; height: auto; max-height: 90%;
        border: solid $primary; background: $surface; padding: 0 1;
    }
    ActionScreen .title { text-style: bold; margin-bottom: 1; }
    ActionScreen VerticalScroll { height: auto; max-height: 12; scrollbar-size-vertical: 1; }
    ActionScreen .typed { display: none; height: auto; margin-top: 1; }
    ActionScreen.-ask .typed { display: block; }
    ActionScreen .typed Input { border: none; height: 1; padding: 0; background: $panel; }
    ActionScreen .buttons { height: 1; margin-top: 1; align-horizontal: right; }
    ActionScreen .error { color: $tone-bad; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Leave it, or stop", id="action.leave"),
        Binding("left", "app.focus_previous", "Other button", show=False, id="action.previous"),
        Binding("right", "app.focus_next", "Other button", show=False, id="action.next"),
    ]

    def __init__(self, planner: Planner) -> None:
        super().__init__()
        self._planner = planner
        self._plan: Plan | None = None
        self._outcome: Outcome | None = None

    def compose(self) -> ComposeResult:
        """Show what is counted, and buttons."""
        with Vertical(classes="window"):
            yield Static("counting . . .", classes="title", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static("", classes="lines", markup=False)
            with Vertical(classes="typed"):
                yield Static("", classes="ask", markup=False)
                yield Input(compact=True)
            with Horizontal(classes="buttons"):
                yield Answer("Cancel", id="leave")
                yield Answer("", id="do")

    def on_mount(self) -> None:
        """Begin to count."""
        self._do.display = False
        self._leave.focus()
        self.work(host(self).place.open_to_write, self._planner, self._planned)

    @property
    def _leave(self) -> Answer:
        return self.query_one("#leave", Answer)

    @property
    def _do(self) -> Answer:
        return self.query_one("#do", Answer)

    # Asking

    def _planned(self, plan: Plan) -> None:
        self._plan = plan
        self._say(plan.title, plan.lines)
        if plan.do is None:
            self._leave.label = "Close"
            return
        self._leave.label = plan.leave
        self._do.label = plan.verb
        self._do.display = True
        if plan.typed:
            self._do.disabled = True
            self.add_class("-ask")
            self.query_one(".ask", Static).update(f"Type {plan.typed} to go on:")
            self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Let it begin once the right thing was typed."""
        if self._plan is not None and not self.working:
            self._do.disabled = event.value.strip() != self._plan.typed

    def on_input_submitted(self) -> None:
        """Begin, as the button does."""
        if not self._do.disabled:
            self._begin()

    def on_answer_pressed(self, event: Answer.Pressed) -> None:
        """Begin, or leave."""
        if event.answer.id == "do":
            self._begin()
        else:
            self.action_leave()

    # Doing

    def _begin(self) -> None:
        plan = self._plan
        if plan is None or plan.do is None or self.working or self._outcome is not None:
            return
        self._do.display = False
        self.remove_class("-ask")
        self._leave.label = "Stop"
        self._leave.focus()
        self._say(plan.title, ("at work . . .",))
        self.work(host(self).place.open_to_write, plan.do, self._done)

    def progressed(self, said: str) -> None:
        """Show how far it is."""
        if self.working:
            self._say(None, (f"{said}   esc stops after this step",))

    def _done(self, outcome: Outcome) -> None:
        self._outcome = outcome
        if not outcome.skipped:
            self.dismiss(outcome)
            return
        told = [f"  {one}" for one in outcome.skipped[:MOST_TOLD]]
        more = len(outcome.skipped) - len(told)
        lines = [f"{len(outcome.skipped):,} skipped:", *told, *([f"  and {more:,} more"] if more else [])]
        self._close(outcome.said, lines)

    def failed(self, error: ExodslError) -> None:
        """Show the whole error; nothing of the step that it ended was done."""
        self.query_one(".lines").add_class("error")
        self._close("It was refused" if self._plan is None else f"{self._plan.title}: it was refused", (str(error),))

    def _close(self, title: str, lines: Sequence[str]) -> None:
        self.remove_class("-ask")
        self._say(title, lines)
        self._do.display = False
        self._leave.label = "Close"
        self._leave.focus()
        self.query_one(VerticalScroll).can_focus = True

    def action_leave(self) -> None:
        """Stop after this step, or leave."""
        if self._plan is not None and self.stop_work():
            self._leave.label = "Stopping"
        else:
            self.dismiss(self._outcome)

    def _say(self, title: str | None, lines: Sequence[str]) -> None:
        if title is not None:
            self.query_one(".title", Static).update(plain(title))
        self.query_one(".lines", Static).update(Text("\n".join(plain(line) for line in lines)))
