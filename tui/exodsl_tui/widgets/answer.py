"""A button in one line, whose focus is seen without colours: `> Retry`."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Answer(Widget, can_focus=True):
    """One answer to a question.

    :param label: what it says.
    """

    DEFAULT_CSS = """
    Answer { margin-left: 2; width: auto; height: 1; background: $panel; }
    Answer:focus { text-style: bold reverse; }
    Answer:disabled { text-style: dim; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", "Take it", show=False, id="answer.take"),
    ]
    label = reactive("", layout=True)

    class Pressed(Message):
        """It was taken."""

        def __init__(self, answer: Answer) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, label: str, *, id: str) -> None:
        super().__init__(id=id)
        self.set_reactive(Answer.label, label)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Leave room for the mark."""
        return len(self.label) + 4

    def render(self) -> Text:
        """Draw it, with a mark where it has the focus."""
        return Text(f" {'>' if self.has_focus else ' '} {self.label} ", no_wrap=True)

    def action_press(self) -> None:
        """Take it."""
        self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        """Take it."""
        self.action_press()
