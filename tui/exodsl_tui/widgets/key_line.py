"""The last line: the likeliest keys of whatever has the focus; `?` shows all of them."""

from __future__ import annotations

from rich.text import Text
from textual.screen import Screen
from textual.widget import Widget

from exodsl_tui.host import host
from exodsl_tui.words import shortened

MOST = 6
"""More keys than these are read by nobody; the last two are always palette and help."""


class KeyLine(Widget):
    """One line of keys."""

    DEFAULT_CSS = """
    KeyLine { height: 1; background: $panel; color: $foreground; }
    """

    def on_mount(self) -> None:
        """Draw anew when other keys work."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _screen: Screen[object]) -> None:
        self.refresh()

    def _keys(self) -> list[tuple[str, str]]:
        seen: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.action not in seen and binding.action != "help":
                seen[binding.action] = (self.app.get_key_display(binding), binding.description)
        return [*list(seen.values())[: MOST - 2], ("^p", "Palette"), ("?", "Help")]

    def render(self) -> Text:
        """Draw the line."""
        line = Text(no_wrap=True, overflow="crop", end="")
        for key, what in self._keys():
            line.append(f" {key}", style="bold")
            line.append(f" {what} ")
        line.plain = shortened(line.plain, self.size.width, host(self).signs.cut)
        return line
