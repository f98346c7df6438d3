"""The application: which commands there are, and what becomes of an error."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from exodsl.cli.check import check
from exodsl.cli.exits import answer, refuse
from exodsl.cli.export import export
from exodsl.cli.init import init
from exodsl.cli.resume import resume
from exodsl.cli.run import run
from exodsl.cli.runs import runs
from exodsl.cli.show import show
from exodsl.cli.state import state
from exodsl.cli.states import states
from exodsl.errors import ExodslError

_NEXT = """\
exodsl runs durable workflows that are written as plain Python modules.

  exodsl init DIR              write a small workflow to start from
  exodsl check FILE.py         see whether a workflow is sound
  exodsl run FILE.py           run it
  exodsl runs                  list what was run here
  exodsl states RUN            look into a run
  exodsl resume RUN            go on with a run that was interrupted
  exodsl COMMAND --help        options and examples of a command
"""


class _Commands(TyperGroup):
    """Turns each error that is meant for the user into one message and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ExodslError as error:
            refuse(error)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            answer(f"exodsl {version('exodsl')}")
        except PackageNotFoundError:
            answer("exodsl, not installed: run from a checkout")
        raise typer.Exit


@app.callback()
def exodsl(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Durable workflows from a plain Python module.

    Examples:

      exodsl run words.py --input document="Every step is kept."
      exodsl runs
      exodsl resume RUN
    """
    if context.invoked_subcommand is None:
        answer(_NEXT.rstrip())


for _command in (run, check, show, runs, states, state, resume, export, init):
    app.command()(_command)


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # a terminal that lacks a character shows its number
    app(prog_name="exodsl")
