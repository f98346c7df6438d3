"""Writing what is shown to files: which form, which file, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from exodsl.errors import ExodslError
from exodsl.manager.filters import StateFilter
from exodsl_tui.actions import exporting
from exodsl_tui.actions.aim import Aim
from exodsl_tui.actions.files import check_new, complete_path, write_new
from exodsl_tui.actions.work import Job, Outcome
from exodsl_tui.host import Host, host
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.menu import Entry, Menu
from exodsl_tui.screens.prompt import Prompt
from exodsl_tui.screens.working import Working
from exodsl_tui.words import plain, short


@dataclass(frozen=True, slots=True)
class Export:
    """One form of what is shown.

    :param file: what its file is called, unless somebody says otherwise.
    :param job: writes it to a path.
    """

    key: str
    what: str
    file: str
    job: Callable[[Path], Job[Outcome]]


def exports(aim: Aim, picture: str) -> Iterator[Export]:
    """Give what can be written here.

    :param picture: the screen as SVG.
    """
    run = "exodsl" if aim.run_id is None else f"run-{short(aim.run_id)}"
    yield Export("s", "SVG picture of the screen", f"{run}.svg", partial(_picture, picture))
    if aim.run_id is not None:
        yield Export("m", "mermaid graph of the run, with counts", f"{run}.mmd", partial(exporting.mermaid, aim.run_id))
        yield from _states(aim, aim.run_id, run)
        yield Export("r", "the run as a database of its own", f"{run}.db", partial(exporting.run_file, aim.run_id))
    elif aim.graph is not None:
        file = f"{aim.graph[1]}.mmd"
        yield Export("m", "mermaid graph", file, partial(exporting.graph_mermaid, aim.graph))
    if aim.runs is not None:
        rows, columns = exporting.runs_of(aim.runs), exporting.RUN_COLUMNS
        yield Export("c", "CSV of the runs that match", "runs.csv", partial(exporting.listed, rows, columns, "csv"))
        yield Export("j", "JSON of the runs that match", "runs.json", partial(exporting.listed, rows, columns, "json"))


def _states(aim: Aim, run_id: str, name: str) -> Iterator[Export]:
    if aim.runs is not None:  # a list of runs: what matches is runs
        return
    matching = aim.matching or StateFilter()
    said = "all states" if not matching.terms else f"states {aim.matching_said}"
    light = exporting.states_of(run_id, matching, whole=False)
    whole = exporting.states_of(run_id, matching, whole=True)
    columns = exporting.STATE_COLUMNS
    yield Export("c", f"CSV of {said}", f"{name}.csv", partial(exporting.listed, light, columns, "csv"))
    yield Export(
        "j", f"JSON of {said}, with their values", f"{name}.json", partial(exporting.listed, whole, columns, "json")
    )


def _picture(picture: str, path: Path) -> Job[Outcome]:
    def do(_manager: object, _watch: object) -> Outcome:
        write_new(path, picture)
        return Outcome(f"Written: {path}")

    return do


class Exporting:
    """The way from a screen to a file."""

    def __init__(self, app: Host, screen: InspectorScreen) -> None:
        self._app = app
        self._offered = list(exports(screen.aim, app.export_screenshot(simplify=True)))

    def choose(self) -> None:
        """Choose the form."""
        entries = [Entry(one.key, one.what) for one in self._offered]
        self._app.push_screen(Menu("Export", entries), self._chosen)

    def _chosen(self, index: int | None) -> None:
        if index is None:
            return
        chosen = self._offered[index]
        prompt = Prompt("e", chosen.file, check=check_new, complete=complete_path)
        self._app.push_screen(prompt, partial(self._named, chosen))

    def _named(self, chosen: Export, path: str | None) -> None:
        if path is not None:
            job = chosen.job(Path(path).expanduser())
            self._app.push_screen(ExportScreen(job), self._written)

    def _written(self, said: str | None) -> None:
        if said is not None:
            self._app.notify(said, markup=False, timeout=6)


class ExportScreen(Working, ModalScreen[str | None]):
    """Writes a file, and says how far it is; escape stops, and nothing of the file stays."""

    DEFAULT_CSS = """
    ExportScreen { align: center middle; background: $background 0%; }
    ExportScreen > Vertical {
        width: 60; max-width: 96%; height: auto; border: solid $primary; background: $surface; padding: 0 1;
    }
    ExportScreen .error { color: $tone-bad; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "Stop, or close", id="export.leave"),
    ]

    def __init__(self, job: Job[Outcome]) -> None:
        super().__init__()
        self._job = job

    def compose(self) -> ComposeResult:
        """Say that it is written."""
        with Vertical(classes="window"):
            yield Static("writing . . .   esc stops", markup=False)

    def on_mount(self) -> None:
        """Begin."""
        self.work(host(self).place.open_to_export, self._job, lambda outcome: self.dismiss(outcome.said))

    def progressed(self, said: str) -> None:
        """Say how far it is."""
        if self.working:
            self.query_one(Static).update(f"{plain(said)}   esc stops")

    def failed(self, error: ExodslError) -> None:
        """Say why there is no file."""
        said = self.query_one(Static)
        said.add_class("error")
        said.update(f"{plain(str(error))}\n\nesc closes")

    def action_leave(self) -> None:
        """Stop after the row that it is at, or close."""
        if not self.stop_work():
            self.dismiss(None)
