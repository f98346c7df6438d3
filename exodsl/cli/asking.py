"""Asking before something is changed: on a terminal, unless `--yes` has answered already."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from exodsl.cli.exits import INTERRUPTED, REFUSED, say
from exodsl.errors import InputInvalid

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen; nothing is changed.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


def can_ask() -> bool:
    """Say whether somebody sits at a terminal, who sees a question and can answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agree(told: str, question: str, *, yes: bool) -> None:
    """Say what will happen, and go on only when that is wanted.

    :raises InputInvalid: where nobody can be asked and nothing has answered.
    """
    say(told)
    if yes:
        return
    if not can_ask():
        raise InputInvalid("Nothing was changed: this is no terminal to ask at. Give --yes, or --dry-run to look only.")
    ask(question)


def ask_hidden(question: str) -> str:
    """Return an answer that the terminal does not show; Ctrl-C ends the command."""
    from getpass import getpass

    try:
        return getpass(f"{question}: ", sys.stderr)
    except (KeyboardInterrupt, EOFError):
        say("\nNothing was changed.")
        raise typer.Exit(INTERRUPTED) from None


def ask(question: str) -> None:
    """Go on after a yes; anything else ends the command, and nothing is changed."""
    try:
        if typer.confirm(question, err=True):
            return
    except typer.Abort:
        say("\nNothing was changed.")
        raise typer.Exit(INTERRUPTED) from None
    say("Nothing was changed.")
    raise typer.Exit(REFUSED)
