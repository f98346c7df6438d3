"""What exit codes mean, and how a refusal looks: one message on stderr (semantics 12)."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from exodsl.errors import ExtraMissing

DONE = 0
FAILED = 1
"""The run failed."""
DIFFERENT = 1
"""Two versions of a workflow are not the same."""
REFUSED = 2
"""Wrong usage, a workflow that does not pass its checks, or bad input."""
MISSING = 3
"""An optional part of exodsl is not installed."""
INTERRUPTED = 130
"""Ctrl-C."""


def refuse(error: Exception) -> NoReturn:
    """Say on stderr what was refused, and end with exit code 2, or 3 where something is not installed."""
    say(str(error))
    raise typer.Exit(MISSING if isinstance(error, ExtraMissing) else REFUSED)


def say(text: str) -> None:
    """Write a line for people to stderr."""
    print(text, file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """Write a result to stdout; a reader that closed the pipe (`| head`) has seen enough."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())  # nothing is left to complain when Python flushes at its end
        os.close(null)
