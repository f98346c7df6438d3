"""`exodsl tui`: the inspector, on this terminal."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from exodsl.cli.exits import say
from exodsl.cli.options import Database
from exodsl.errors import InputInvalid

What = Annotated[
    str | None,
    typer.Argument(
        metavar="WHAT",
        help="A database file or URL, the id of a run, or a link such as run/7f3/states?status:errored.",
        show_default=False,
    ),
]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Look only: nothing can be retried, cancelled or started.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Draw with plain characters only.")]


Web = Annotated[bool, typer.Option("--web", help="Serve it to browsers instead, one process for each visitor.")]
Host = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Where --web listens, 127.0.0.1 by default; others than this machine need a token."
    ),
]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, metavar="N", help="On which port, 8000 by default; 0 takes any that is free."),
]
Token = Annotated[
    str | None,
    typer.Option(metavar="TOKEN", help="What visitors have to know; better in the variable EXODSL_TUI_TOKEN."),
]


def tui(
    what: What = None,
    db: Database = None,
    read_only: ReadOnly = False,
    plain: Ascii = False,
    web: Web = False,
    host: Host = None,
    port: Port = None,
    token: Token = None,
) -> None:
    """Look into a database on this terminal: runs as they go on, graphs with counts, states, gates, failures.

    `?` shows the keys, `q` leaves. Nothing is written unless an action asks, and says first what it will do.

    Examples:

      exodsl tui
      exodsl tui 6f0c21ab
      exodsl tui 'run/6f0c21ab/states?status:errored'
      exodsl tui prod.db --read-only
      exodsl tui --web --port 8080
    """
    from exodsl_tui.launch import launch, what_is_meant

    if web:
        from exodsl_tui.web import TOKEN_VARIABLE, serve

        what_is_meant(what, db)
        words = _words(what, db, read_only=read_only, plain=plain)
        token = token or os.environ.get(TOKEN_VARIABLE) or None
        serve(words, host or "127.0.0.1", 8000 if port is None else port, token, say)
        return
    for name, given in (("--host", host), ("--port", port), ("--token", token)):
        if given is not None:
            raise InputInvalid(f"{name} is for browsers. Give --web, too, or leave it out.")
    launch(what, db, read_only=read_only, ascii=plain)


def _words(what: str | None, db: str | None, *, read_only: bool, plain: bool) -> list[str]:
    """Return what the inspector of each visitor is given."""
    options = [*(["--db", db] if db is not None else []), *["--read-only"] * read_only, *["--ascii"] * plain]
    return options if what is None else [*options, "--", what]
