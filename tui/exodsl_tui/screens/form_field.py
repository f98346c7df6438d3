"""One field of a form: its name and type, what is typed into it, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from exodsl.errors import ExodslError
from exodsl_tui.actions.fields import Field
from exodsl_tui.widgets.flag import Flag
from exodsl_tui.words import compact, plain

Judge = Callable[[Field, str], object]
NAMES = 26
"""Columns for names and types."""


class FormField(Vertical):
    """A field; what is typed is judged when one leaves it.

    :param judge: raises an error for what cannot be taken.
    """

    DEFAULT_CSS = """
    FormField { height: auto; }
    FormField Horizontal { height: auto; }
    FormField .name { width: 26; height: 1; }
    FormField Input { border: none; height: 1; padding: 0; background: $panel; width: 1fr; }
    FormField Input:focus { background: $boost; }
    FormField TextArea { border: none; height: auto; max-height: 6; padding: 0; background: $panel; width: 1fr; }
    FormField Select { width: 1fr; }
    FormField .wrong { display: none; color: $tone-bad; padding-left: 26; height: auto; }
    FormField.-wrong .wrong { display: block; }
    """

    class Changed(Message):
        """Something else is in the field."""

    def __init__(self, field: Field, judge: Judge, typed: str | None = None) -> None:
        super().__init__()
        self.field, self._judge = field, judge
        self._first = field.initial if typed is None else typed

    def compose(self) -> ComposeResult:
        """Show the name, and what fits the type."""
        with Horizontal():
            mark = "*" if self.field.required else " "
            named = f"{mark}{plain(self.field.name)}  {plain(self.field.type)}"
            yield Static(named if len(named) < NAMES else f"{named[: NAMES - 3]}..", classes="name", markup=False)
            yield self._control()
        yield Static("", classes="wrong", markup=False)

    def _control(self) -> Widget:
        field = self.field
        if field.kind == "boolean":
            return Flag(self._first == "true")
        if field.kind == "choice":
            options = [(plain(str(value)), compact(value)) for value in field.choices]
            known = any(value == self._first for _, value in options)
            chosen = self._first if known else Select.NULL
            return Select(options, prompt="choose", value=chosen, allow_blank=True, compact=True)
        if field.kind == "json":
            return TextArea(self._first, compact=True, show_line_numbers=False, tab_behavior="focus")
        kind = field.kind if field.kind in ("integer", "number") else "text"
        return Input(self._first, placeholder=plain(field.help), type=kind, valid_empty=True, compact=True)

    # What is in it

    @property
    def typed(self) -> str:
        """What was typed, as text."""
        control = self.query_one("Input, TextArea, Select, Flag")
        if isinstance(control, Flag):
            return "true" if control.value else "false"
        if isinstance(control, Select):
            return "" if control.value is Select.NULL else str(control.value)
        if isinstance(control, TextArea):
            return control.text
        assert isinstance(control, Input)
        return control.value

    @typed.setter
    def typed(self, text: str) -> None:
        control = self.query_one("Input, TextArea, Select, Flag")
        if isinstance(control, Flag):
            control.value = text == "true"
        elif isinstance(control, Select):
            known = {compact(value) for value in self.field.choices}
            control.value = text if text in known else Select.NULL
        elif isinstance(control, TextArea):
            control.text = text
        else:
            assert isinstance(control, Input)
            control.value = text

    def complain(self, wrong: str) -> None:
        """Show what is wrong with it; an empty text takes that back."""
        self.query_one(".wrong", Static).update(plain(wrong))
        self.set_class(bool(wrong), "-wrong")

    def judge(self) -> bool:
        """Show what is wrong with what was typed; return whether nothing is."""
        try:
            self._judge(self.field, self.typed)
        except ExodslError as error:
            self.complain(str(error))
            return False
        self.complain("")
        return True

    def on_descendant_blur(self) -> None:
        """Judge what was typed."""
        if self.is_attached:
            self.judge()

    def on_input_changed(self) -> None:
        """Tell it."""
        self.post_message(self.Changed())

    def on_text_area_changed(self) -> None:
        """Tell it."""
        self.post_message(self.Changed())

    def on_select_changed(self) -> None:
        """Tell it."""
        self.post_message(self.Changed())

    def on_flag_changed(self) -> None:
        """Tell it."""
        self.post_message(self.Changed())
