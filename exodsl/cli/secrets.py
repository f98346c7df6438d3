"""`exodsl secrets`: the secrets that are stored, and the keys that seal them (semantics 8)."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from exodsl.cli.asking import ask_hidden
from exodsl.cli.exits import answer, say
from exodsl.cli.options import Database, Json
from exodsl.cli.storage import found
from exodsl.cli.tables import show_page, show_table

if TYPE_CHECKING:
    from exodsl.manager.views import SecretView

GraphName = Annotated[str, typer.Argument(metavar="GRAPH", help="The name of a stored graph.")]
OneGraph = Annotated[str | None, typer.Argument(metavar="GRAPH", help="Only secrets of graphs of this name.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name that the graph gives the secret.")]
Of = Annotated[str, typer.Option("--namespace", metavar="NAME", help="The namespace of the graph.")]
Only = Annotated[
    str | None, typer.Option("--namespace", metavar="NAME", help="Only secrets of graphs in this namespace.")
]


def group() -> None:
    """Secrets that are stored, and the keys that seal them.

    Examples:

      export SECRETS_ENCRYPTION_KEY=$(exodsl secrets key)
      exodsl secrets set research llm_key < key.txt
      exodsl secrets list
      exodsl secrets rotate
    """


def store(graph: GraphName, name: Name, namespace: Of = "default", db: Database = None) -> None:
    """Store the value of a secret, encrypted; it is asked for, or read from stdin.

    A line end at its end does not count. A runtime that has the old value already gets the new one when it is
    started again.

    Examples:

      exodsl secrets set research llm_key
      exodsl secrets set research llm_key < key.txt
    """
    from pydantic import SecretStr

    with found(db) as manager:
        manager.set_secret(namespace, graph, name, SecretStr(_value(graph, name)))
    answer(f'secret "{name}" of graph "{graph}" is stored')


def listed(graph: OneGraph = None, namespace: Only = None, db: Database = None, as_json: Json = False) -> None:
    """List the secrets of graphs and where they come from; values are never shown.

    Examples:

      exodsl secrets list
      exodsl secrets list research --json
    """
    from exodsl.manager.views import Page

    with found(db) as manager:
        views = manager.secrets(namespace=namespace, graph=graph)
    if as_json:
        show_page(Page(views, None))
    elif views:
        show_table(("GRAPH", "SECRET", "KEY", "FROM"), [_row(view) for view in views])
    else:
        say("no secrets that fit" if graph or namespace else "no secrets")


def rotate(db: Database = None, as_json: Json = False) -> None:
    """Encrypt all stored secrets with the first key of SECRETS_ENCRYPTION_KEY.

    The variable holds the new key, a comma and the old one; afterwards the old one can be taken out.

    Examples:

      SECRETS_ENCRYPTION_KEY=NEW,OLD exodsl secrets rotate
    """
    with found(db) as manager:
        done = manager.rotate_secrets()
    if as_json:
        answer(json.dumps(dataclasses.asdict(done), indent=2))
        return
    answer(f"sealed anew with key {done.key_id}: {done.sealed:,}; sealed with it before: {done.kept:,}")


def key() -> None:
    """Print a new key for SECRETS_ENCRYPTION_KEY.

    Examples:

      exodsl secrets key > key.txt
      export SECRETS_ENCRYPTION_KEY=$(exodsl secrets key)
    """
    from exodsl.manager.sealing import new_key

    answer(new_key())
    say("Keep it safe, and apart from the database: nobody can read the stored secrets without it.")


COMMANDS: Mapping[str, Callable[..., None]] = {"set": store, "list": listed, "rotate": rotate, "key": key}


def _value(graph: str, name: str) -> str:
    from exodsl.cli.values import read_text

    if sys.stdin.isatty():
        return ask_hidden(f'Value of secret "{name}" of graph "{graph}"')
    return read_text("-", "The value").removesuffix("\n")


def _row(view: SecretView) -> tuple[str, ...]:
    return (
        view.graph if view.namespace == "default" else f"{view.namespace}/{view.graph}",
        view.name,
        view.key_id or "-",
        _source(view),
    )


def _source(view: SecretView) -> str:
    if view.variable is not None:
        return f"the environment variable {view.variable}"
    return "no value yet" if view.key_id is None else "stored"
