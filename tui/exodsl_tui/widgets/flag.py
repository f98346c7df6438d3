"""Yes or no, in one line: `[x] yes`. A switch that speaks without colours."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Flag(Widget, can_focus=True):
    """A value that is true or false; space turns it."""

    DEFAULT_CSS = """
    Flag { height: 1; width: 1fr; background: $panel; }
    Flag:focus { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "turn", "Yes or no", show=False, id="flag.turn"),
    ]
    value = reactive(False)

    class Changed(Message):
        """It was turned."""

        def __init__(self, flag: Flag) -> None:
            super().__init__()
            self.flag = flag

    def __init__(self, value: bool = False, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(Flag.value, value)

    def render(self) -> Text:
        """Draw it."""
        return Text("[x] yes" if self.value else "[ ] no")

    def watch_value(self) -> None:
        """Tell that it was turned."""
        self.post_message(self.Changed(self))

    def action_turn(self) -> None:
        """Turn it."""
        self.value = not self.value

    def on_click(self) -> None:
        """Turn it."""
        self.action_turn()
