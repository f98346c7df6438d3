"""The form that starts a run: a field for each input and store key, judged by the schema kept with the graph."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from exodsl.errors import ExodslError, InputInvalid
from exodsl_tui.actions.fields import Field, secret_names
from exodsl_tui.actions.files import check_there, complete_path
from exodsl_tui.actions.form import (
    Asked,
    Filled,
    Form,
    command_line,
    delay_ms,
    fitting,
    prefilled,
    read_asked,
    read_inputs_file,
)
from exodsl_tui.actions.triggering import earlier_runs, start
from exodsl_tui.actions.work import Outcome
from exodsl_tui.asking import Asking
from exodsl_tui.host import host
from exodsl_tui.screens.form_field import FormField
from exodsl_tui.screens.menu import Entry, Menu
from exodsl_tui.screens.prompt import Prompt
from exodsl_tui.screens.working import Working
from exodsl_tui.widgets.answer import Answer
from exodsl_tui.words import plain

_DELAY = Field("start delay", "text", "10m", required=False, help="none; 30s, 10m, 2h")
_KEY = Field("idempotency key", "text", "str", required=False, help="a second trigger with it gives the first run")


class TriggerForm(Asking, Working, ModalScreen[Outcome | None]):
    """Starts a run of a graph; gives what came of it, or `None`.

    :param asked: what there is to fill in.
    """

    DEFAULT_CSS = """
    TriggerForm { align: center middle; }
    TriggerForm > Vertical {
        width: 100; max-width: 100%; height: 100%;
        border: solid $primary; background: $surface; padding: 0 1;
    }
    TriggerForm .title { text-style: bold; }
    TriggerForm .unserved { color: $tone-retry; }
    TriggerForm VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    TriggerForm .head { color: $tone-wait; margin-top: 1; }
    TriggerForm .command { height: auto; max-height: 4; color: $tone-wait; margin-top: 1; }
    TriggerForm .wrong { color: $tone-bad; height: auto; max-height: 4; }
    TriggerForm .buttons { height: 1; align-horizontal: right; margin-top: 1; }
    TriggerForm .keys { width: 1fr; color: $tone-wait; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave it", id="trigger.leave", priority=True),
        Binding("ctrl+o", "load", "Load a JSON file", id="trigger.load", priority=True),
        Binding("ctrl+e", "earlier", "Inputs of an earlier run", id="trigger.earlier", priority=True),
        Binding("ctrl+s", "trigger", "Trigger", id="trigger.go", priority=True),
    ]

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked, self._form = asked, Form(asked)

    # What is shown

    def compose(self) -> ComposeResult:
        """Show a field for everything that a run takes."""
        template = self._asked.template
        with Vertical(classes="window"):
            yield Static(f"Trigger {template.namespace}/{template.name}", classes="title", markup=False)
            yield from self._unserved()
            with VerticalScroll(can_focus=False):
                yield from self._fields()
            yield Static("", classes="command", markup=False)
            yield Static("", classes="wrong", markup=False)
            with Horizontal(classes="buttons"):
                yield Static("^o file  ^e earlier run  ^s trigger", classes="keys", markup=False)
                yield Answer("Cancel", id="leave")
                yield Answer("Trigger", id="do")

    def _unserved(self) -> Iterator[Static]:
        if not self._asked.served:
            said = "No runtime serves this graph: the run waits until one does. Start one: exodsl runtime FILE.py"
            yield Static(said, classes="unserved", markup=False)

    def _fields(self) -> Iterator[Static | FormField]:
        inputs, store = self._asked.inputs, self._asked.store
        given = prefilled(inputs, fitting(inputs, self._asked.given))
        yield Static("inputs" if inputs else "It takes no inputs.", classes="head", markup=False)
        for field in inputs:
            yield FormField(field, self._form.judge, given.get(field.name)).set_class(True, "input")
        if store:
            yield Static("store", classes="head", markup=False)
        for field in store:
            yield FormField(field, self._form.judge).set_class(True, "store")
        yield Static("when", classes="head", markup=False)
        yield FormField(_DELAY, _judge_delay).set_class(True, "delay")
        yield FormField(_KEY, _judge_anything).set_class(True, "key")
        secrets = secret_names(self._asked.template)
        if secrets:
            said = f"It uses the secrets {', '.join(secrets)}; they are not asked for here."
            yield Static(plain(said), classes="head", markup=False)

    def on_mount(self) -> None:
        """Begin at the first field."""
        self.query_one(".input Input, .input TextArea, .input Select, .input Flag, .delay Input").focus()
        self._show_command()

    # What was typed

    @property
    def filled(self) -> Filled:
        """What is in the fields."""
        return Filled(
            {one.field.name: one.typed for one in self._of("input")},
            {one.field.name: one.typed for one in self._of("store")},
            self.query_one(".delay", FormField).typed,
            self.query_one(".key", FormField).typed,
        )

    def _of(self, part: str) -> Iterator[FormField]:
        yield from self.query(f"FormField.{part}").results(FormField)

    def on_form_field_changed(self) -> None:
        """Show the command line for what is typed now."""
        self._show_command()

    def _show_command(self) -> None:
        try:
            said = command_line(self._asked, self._form.trigger(self.filled), host(self).place.uri)
        except ExodslError as error:
            said = str(error)
        self.query_one(".command", Static).update(plain(said))
        self._complain("")

    def _complain(self, said: str) -> None:
        self.query_one(".wrong", Static).update(plain(said))

    # Other inputs

    def action_load(self) -> None:
        """Ask for a JSON file, and put what is in it into the fields."""
        self.app.push_screen(Prompt("o", "", check=check_there, complete=complete_path), self._load)

    def _load(self, path: str | None) -> None:
        if path is None:
            return
        try:
            self._fill(prefilled(self._asked.inputs, read_inputs_file(path)))
        except InputInvalid as error:
            self._complain(str(error))

    def action_earlier(self) -> None:
        """Ask for an earlier run, and put its inputs into the fields."""
        template = self._asked.template
        self.ask("earlier", lambda m: earlier_runs(m, (template.namespace, template.name)), self._offer)

    def _offer(self, runs: list[str]) -> None:
        if not runs:
            self._complain("This graph has no earlier run.")
            return
        self.app.push_screen(Menu("Inputs of which run?", [Entry("", run) for run in runs]), partial(self._take, runs))

    def _take(self, runs: list[str], chosen: int | None) -> None:
        if chosen is not None:
            template = self._asked.template
            question = partial(read_asked, graph=(template.namespace, template.name), run_id=runs[chosen])
            self.ask("asked", question, self._take_given)

    def _take_given(self, asked: Asked) -> None:
        self._fill(prefilled(asked.inputs, fitting(self._asked.inputs, asked.given)))

    def _fill(self, typed: dict[str, str]) -> None:
        for one in self._of("input"):
            if one.field.name in typed:
                one.typed = typed[one.field.name]
                one.judge()

    # Starting

    def on_answer_pressed(self, event: Answer.Pressed) -> None:
        """Start the run, or leave."""
        if event.answer.id == "do":
            self.action_trigger()
        else:
            self.dismiss(None)

    def action_trigger(self) -> None:
        """Start the run, unless something is wrong; then show where."""
        if self.working:
            return
        wrong = [one for one in self.query(FormField) if not one.judge()]
        if wrong:
            wrong[0].query_one("Input, TextArea, Select, Flag").focus()
            return
        try:
            wish = self._form.trigger(self.filled)
        except ExodslError as error:
            self._complain(str(error))
            return
        self.work(host(self).place.open_to_write, start(wish), self.dismiss)

    def failed(self, error: ExodslError) -> None:
        """Show why no run was started; what was typed stays."""
        self._complain(str(error))

    def refused(self, error: ExodslError) -> None:
        """Show what could not be read."""
        self._complain(str(error))


def _judge_delay(_field: Field, typed: str) -> None:
    delay_ms(typed)


def _judge_anything(_field: Field, _typed: str) -> None:
    """Any text may be a key."""
