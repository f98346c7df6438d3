"""What is said while a database cannot be opened: what is wrong, and what to do about it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from exodsl.errors import DatabaseLocked, DatabaseMissing, ExodslError, SchemaMismatch, SchemaOutdated
from exodsl_tui.host import host

_HEADINGS: tuple[tuple[type[ExodslError], str, tuple[str, ...]], ...] = (
    (
        DatabaseMissing,
        "There is no database",
        (
            "exodsl init DIR               write a small workflow to start from",
            "exodsl run FILE.py            run it; that makes the database",
            "exodsl tui --db FILE          look into another database",
        ),
    ),
    (
        DatabaseLocked,
        "The database is held by another program",
        ("Close that program, or wait: this goes on by itself.",),
    ),
    (
        SchemaOutdated,
        "The database was written by an earlier exodsl",
        (
            "u                             bring it up to date; what is in it stays",
            "exodsl tui --db FILE          look into another database",
        ),
    ),
    (
        SchemaMismatch,
        "The database is of another version or program",
        ("exodsl tui --db FILE          look into another database",),
    ),
    (
        ExodslError,
        "The database cannot be opened",
        ("exodsl tui --db FILE          look into another database",),
    ),
)


class TroubleScreen(ModalScreen[None]):
    """Goes away by itself as soon as the database can be read."""

    DEFAULT_CSS = """
    TroubleScreen { align: center middle; background: $background; }
    TroubleScreen > Static { width: 76; max-width: 100%; padding: 1 2; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "app.reload", "Try again", id="trouble.again"),
        Binding("u", "update", "Bring it up to date", id="trouble.update"),
        Binding("escape,q", "app.quit", "Quit", id="trouble.quit"),
    ]

    def __init__(self, error: ExodslError) -> None:
        super().__init__()
        self._error = error

    def compose(self) -> ComposeResult:
        """Say it."""
        yield Static(self._text(), markup=False)

    def show(self, error: ExodslError) -> None:
        """Say what is wrong now."""
        self._error = error
        self.query_one(Static).update(self._text())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to bring a database up to date only where that helps, and may be done."""
        if action == "update":
            return isinstance(self._error, SchemaOutdated) and not host(self).place.read_only
        return True

    def action_update(self) -> None:
        """Bring the database up to date: opening it to write does."""
        try:
            host(self).place.open_to_write().close()
        except ExodslError as error:
            self.show(error)
        else:
            host(self).reader.reload()

    def _text(self) -> str:
        heading, cures = next((head, cures) for kind, head, cures in _HEADINGS if isinstance(self._error, kind))
        name = host(self).place.name
        return "\n".join([heading, "", f"  {name}", "", str(self._error), "", *cures, "", "ctrl+r try again   q quit"])
