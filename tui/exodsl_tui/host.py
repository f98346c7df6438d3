"""What every screen and widget finds around it: the reader, the terminal's signs, the time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime, tzinfo

from textual.app import App
from textual.message_pump import MessagePump

from exodsl_tui.links import Link
from exodsl_tui.places import Place
from exodsl_tui.reader import Reader
from exodsl_tui.signs import Signs

Clock = Callable[[], datetime]


class Host(App[None]):
    """The application as screens and widgets know it.

    :param place: which database is open.
    :param clock: tells the time, with its zone; tests give their own.
    :param zone: the time zone to show; `None` for that of this machine.
    :param ascii: draw with plain characters only.
    """

    reader: Reader

    def __init__(self, place: Place, *, clock: Clock, zone: tzinfo | None, ascii: bool) -> None:
        super().__init__()
        self.place = place
        self.signs = Signs(ascii)
        self.zone = zone
        self._tells = clock

    def now(self) -> datetime:
        """Return the time."""
        return self._tells()

    @abstractmethod
    def go(self, link: Link) -> None:
        """Open the screen that a link leads to, above this one."""

    @abstractmethod
    def back(self) -> None:
        """Leave the screen, if it is not the last."""


def host(widget: MessagePump) -> Host:
    """Return the application that a screen or widget lives in."""
    app = widget.app
    assert isinstance(app, Host)
    return app
