"""What is said on a terminal that is too small for anything else."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

WIDTH, HEIGHT = 60, 15


def is_small(size: Size) -> bool:
    """Say whether a terminal is too small."""
    return size.width < WIDTH or size.height < HEIGHT


class SmallScreen(ModalScreen[None]):
    """One line that says what is needed; it goes when the terminal grows."""

    DEFAULT_CSS = """
    SmallScreen { background: $background; }
    """

    def compose(self) -> ComposeResult:
        """Say it."""
        size = self.app.size
        yield Static(f"exodsl needs {WIDTH}x{HEIGHT}, this is {size.width}x{size.height}", markup=False)

    def on_resize(self) -> None:
        """Say how large it is now."""
        size = self.app.size
        self.query_one(Static).update(f"exodsl needs {WIDTH}x{HEIGHT}, this is {size.width}x{size.height}")
