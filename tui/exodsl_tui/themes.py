"""Colours: five families that stay apart under every kind of colour blindness, for dark and for light terminals."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

from exodsl_tui.signs import Tone

_DARK = {"wait": "#7D7D7D", "active": "#6C8FFF", "ok": "#4CF7AB", "bad": "#F6603B", "retry": "#EFFB42"}
_LIGHT = {"wait": "#757575", "active": "#0050B0", "ok": "#00884F", "bad": "#DC1D13", "retry": "#507F1E"}
_ANSI = {
    "wait": "ansi_bright_black",
    "active": "ansi_blue",
    "ok": "ansi_green",
    "bad": "ansi_red",
    "retry": "ansi_yellow",
}
_BOLD: frozenset[Tone] = frozenset({"strong", "bad"})


def _variables(colours: Mapping[str, str]) -> dict[str, str]:
    return {f"tone-{family}": colour for family, colour in colours.items()}


DARK = Theme(
    name="exodsl-dark",
    primary="#6C8FFF",
    secondary="#8FA6E8",
    accent="#9AB2FF",
    warning="#EFFB42",
    error="#F6603B",
    success="#4CF7AB",
    foreground="#E2E2E2",
    background="#121212",
    surface="#181818",
    panel="#262626",
    dark=True,
    variables={**_variables(_DARK), "block-cursor-text-style": "none"},
)
LIGHT = Theme(
    name="exodsl-light",
    primary="#0050B0",
    secondary="#3B6FB5",
    accent="#0050B0",
    warning="#507F1E",
    error="#DC1D13",
    success="#00884F",
    foreground="#1A1A1A",
    background="#FFFFFF",
    surface="#F5F5F5",
    panel="#E6E6E6",
    dark=False,
    variables={**_variables(_LIGHT), "block-cursor-text-style": "none"},
)
THEMES = (DARK, LIGHT)


def defaults(theme: Theme) -> dict[str, str]:
    """Return the colours of tones under a theme that has none of its own."""
    if theme.ansi:
        return _variables(_ANSI)
    return _variables(_DARK if theme.dark else _LIGHT)


def styles(variables: Mapping[str, str]) -> dict[Tone, Style]:
    """Return what each tone looks like under a theme's variables."""
    found: dict[Tone, Style] = {"": Style.null(), "strong": Style(bold=True)}
    named: dict[Tone, str] = {"dim": "tone-wait", "accent": "accent"}
    families: tuple[Tone, ...] = ("wait", "active", "ok", "bad", "retry")
    for tone in families:
        named[tone] = f"tone-{tone}"
    for tone, variable in named.items():
        found[tone] = Style(color=_colour(variables.get(variable, "")), bold=tone in _BOLD or None)
    return found


def over(base: Style, look: Style) -> Style:
    """Return a tone on its background; on the reversed row of the cursor only its weight."""
    return base + Style(bold=look.bold) if base.reverse else base + look


def _colour(text: str) -> str | None:
    try:
        return Color.parse(text).rich_color.name
    except ColorParseError:
        return None
