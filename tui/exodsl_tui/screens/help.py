"""Help for what has the focus: what it is, and every key that works there."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from exodsl_tui.host import host
from exodsl_tui.signs import Pieces
from exodsl_tui.widgets.lines import Lines
from exodsl_tui.words import say


class HelpScreen(ModalScreen[None]):
    """Shows the keys of another screen, as they are now; `esc` or `?` leaves."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Vertical { width: 72; max-width: 96%; height: 90%; border: solid $primary; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Leave it", id="help.leave"),
    ]

    def __init__(self, of: Screen[object]) -> None:
        super().__init__()
        self._lines = help_lines(of)

    def compose(self) -> ComposeResult:
        """Show the lines."""
        with Vertical():
            yield Lines()

    def on_mount(self) -> None:
        """Show the lines."""
        self.query_one(Lines).show(self._lines)


def help_lines(screen: Screen[object]) -> list[Pieces]:
    """Return what there is to say of what has the focus on a screen, the nearest first."""
    keys = _keys(screen)
    lines: list[Pieces] = []
    nodes: list[DOMNode] = [screen] if screen.focused is None else [*screen.focused.ancestors_with_self]
    for node in nodes:
        if node not in keys:
            continue
        lines += [say(_title(node), "strong"), *([say(text)] if (text := _said(node)) else [])]
        wide = max(len(shown) for shown, _ in keys[node])
        lines += [_key_line(shown.ljust(wide), what) for shown, what in keys[node]]
        lines.append(())
    return lines


def _key_line(keys: str, what: str) -> Pieces:
    return (("  ", ""), (keys, "accent"), (f"  {what}", ""))


def _keys(screen: Screen[object]) -> dict[DOMNode, list[tuple[str, str]]]:
    """Return the keys that work, by what they work on; several keys of one action are one line."""
    found: dict[DOMNode, dict[str, tuple[list[str], str]]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if active.enabled and binding.description:
            keys, _ = found.setdefault(active.node, {}).setdefault(binding.action, ([], binding.description))
            keys.append(host(screen).get_key_display(binding))
    return {node: [(" ".join(keys), what) for keys, what in by.values()] for node, by in found.items()}


def _title(node: DOMNode) -> str:
    names = {"Inspector": "everywhere", "Table": "list", "PagedTable": "list", "Lines": "text"}
    name = type(node).__name__
    return names.get(name, name.removesuffix("Screen").removesuffix("Pane").lower())


def _said(node: DOMNode) -> str:
    said = getattr(node, "HELP", None)
    return said if isinstance(said, str) else ""
