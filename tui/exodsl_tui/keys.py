"""Keys that work everywhere, and how people write down others for them.

Every binding has an id, such as `list.mark`, and a description: the palette, the help and the footer are made of
these. `EXODSL_TUI_KEYS="filter=ctrl+f list.mark=m"` puts other keys in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.binding import Binding, BindingType

from exodsl.errors import SettingInvalid, did_you_mean

VARIABLE = "EXODSL_TUI_KEYS"

NAMES: Mapping[str, str] = {
    "up": "up",
    "down": "down",
    "left": "left",
    "right": "right",
    "enter": "enter",
    "escape": "esc",
    "space": "space",
    "tab": "tab",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "question_mark": "?",
    "exclamation_mark": "!",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "slash": "/",
    "colon": ":",
    "plus": "+",
    "underscore": "_",
}
"""Keys as they are shown, where that is not what the terminal calls them."""

EVERYWHERE: list[BindingType] = [
    Binding("question_mark", "help", "Help", id="help"),
    Binding("ctrl+p", "command_palette", "Palette", show=False, id="palette", priority=True),
    Binding("colon", "go_to", "Go to", show=False, id="go-to"),
    Binding("f", "follow", "Follow or freeze", show=False, id="follow"),
    Binding("ctrl+r", "reload", "Reload", show=False, id="reload"),
    Binding("escape", "leave", "Back", show=False, id="leave"),
    Binding("q", "quit_screen", "Back, then quit", show=False, id="back"),
    Binding("ctrl+q", "quit", "Quit", show=False, id="quit", priority=True),
]
TAB_KEYS: list[BindingType] = [
    Binding("left_square_bracket", "next_tab(-1)", "Previous tab", show=False, id="tab.previous"),
    Binding("right_square_bracket", "next_tab(1)", "Next tab", show=False, id="tab.next"),
]


def tab_key(number: int, name: str, title: str) -> Binding:
    """Return the binding of the digit that opens a tab."""
    return Binding(str(number), f"open_tab('{name}')", f"Tab {title}", show=False, id=f"tab.{name}")


def parse_keymap(text: str, known: Iterable[str]) -> Mapping[str, str]:
    """Return other keys by id of binding; :raises SettingInvalid: when a word is no `id=key`, or the id unknown."""
    found: dict[str, str] = {}
    ids = set(known)
    for word in text.split():
        name, equals, keys = word.partition("=")
        if not equals or not keys:
            raise SettingInvalid(f'"{word}" in {VARIABLE} says no key. Write what and key: filter=ctrl+f')
        if name not in ids:
            raise SettingInvalid(f'"{name}" in {VARIABLE} is nothing that has a key.{did_you_mean(name, ids)}')
        found[name] = keys
    return found
