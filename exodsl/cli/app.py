"""The application: which commands there are, and what becomes of an error."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from exodsl.cli import secrets
from exodsl.cli.cancel import cancel
from exodsl.cli.check import check
from exodsl.cli.clean import clean
from exodsl.cli.diff import diff
from exodsl.cli.exits import answer, refuse
from exodsl.cli.export import export
from exodsl.cli.init import init
from exodsl.cli.pause import pause
from exodsl.cli.rerun import rerun
from exodsl.cli.resume import resume
from exodsl.cli.retry import retry
from exodsl.cli.run import run
from exodsl.cli.runs import runs
from exodsl.cli.runtime import runtime
from exodsl.cli.schedules import schedules
from exodsl.cli.serve import serve
from exodsl.cli.show import show
from exodsl.cli.state import state
from exodsl.cli.states import states
from exodsl.cli.trigger import trigger
from exodsl.cli.tui import tui
from exodsl.errors import ExodslError

_NEXT = """\
exodsl runs durable workflows that are written as plain Python modules.

  exodsl init DIR              write a small workflow to start from
  exodsl check FILE.py         see whether a workflow is sound
  exodsl show FILE.py          draw a workflow, or a run with its counts
  exodsl diff A B              see what changed between two versions of it
  exodsl run FILE.py           run it
  exodsl resume RUN            go on with a run that was interrupted

  exodsl tui                   look at all of it on the screen, as it goes on
  exodsl runs                  list what was run here
  exodsl states RUN            list the states of a run
  exodsl state ID              look into one of them
  exodsl retry RUN             try again what failed in a run
  exodsl rerun RUN --from ID   start again from a state, in a new run
  exodsl pause RUN             hand nothing of a run out until it is resumed
  exodsl cancel RUN            end a run where it stands
  exodsl clean                 remove runs that ended long ago

  exodsl runtime FILE.py       serve a workflow, beside others
  exodsl serve                 serve the state manager over HTTP
  exodsl trigger GRAPH         start a run that a runtime works on
  exodsl schedules             see when the clock starts runs, pause and resume that
  exodsl export FILE.py        write a workflow as JSON
  exodsl secrets list          list the secrets of graphs; set and rotate them

  exodsl COMMAND --help        options and examples of a command
"""


def _without_types_of_flags(parameters: list[Any]) -> list[Any]:
    """Keep help from saying `<bool>` at options that take no value."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False) and parameter.metavar is None:
            parameter.metavar = ""
    return parameters


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> Any:
        return _without_types_of_flags(super().get_params(ctx))


class _Commands(TyperGroup):
    """Turns each error that is meant for the user into one message and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ExodslError as error:
            refuse(error)

    def get_params(self, ctx: Any) -> Any:
        return _without_types_of_flags(super().get_params(ctx))


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


for _command in (
    run,
    check,
    show,
    diff,
    runs,
    states,
    state,
    tui,
    resume,
    retry,
    rerun,
    pause,
    cancel,
    clean,
    trigger,
    schedules,
    runtime,
    serve,
    export,
    init,
):
    app.command(cls=_Command)(_command)


_secrets = typer.Typer(cls=_Commands, no_args_is_help=True)
_secrets.callback()(secrets.group)
for _name, _of_secrets in secrets.COMMANDS.items():
    _secrets.command(_name, cls=_Command)(_of_secrets)
app.add_typer(_secrets, name="secrets")


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # a terminal that lacks a character shows its number
    app(prog_name="exodsl")
