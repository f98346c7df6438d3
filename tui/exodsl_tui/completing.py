"""Completing a filter as it is typed."""

from __future__ import annotations

from collections.abc import Sequence

from exodsl.manager.filter_completion import Known, completions
from exodsl.manager.filter_text import RUNS, STATES

MOST = 12


def complete_states(text: str, position: int, known: Known | None = None) -> Sequence[str]:
    """Return whole filters of states that complete the word at a position."""
    return _lines(text, position, [(one.start, one.text) for one in completions(text, position, known, STATES)])


def complete_runs(text: str, position: int, known: Known | None = None) -> Sequence[str]:
    """Return whole filters of runs that complete the word at a position."""
    return _lines(text, position, [(one.start, one.text) for one in completions(text, position, known, RUNS)])


def _lines(text: str, position: int, found: Sequence[tuple[int, str]]) -> Sequence[str]:
    lines = (text[:start] + completion + text[position:] for start, completion in found[:MOST])
    return [line for line in lines if line != text]
