"""`exodsl clean` and `exodsl runtime --keep`: what they remove, and what they say."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exodsl.api.running import begin, drive
from exodsl.dsl.loader import load
from exodsl.manager.embedded import system_clock
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves, StateManager
from tests.cli.conftest import Call

MONTH_MS = 30 * 86_400_000


@pytest.fixture
def manage(folder: Path) -> Iterator[Callable[[int], StateManager]]:
    """Open the database of the folder, some time ago."""
    opened: list[StateManager] = []

    def manage(ago_ms: int = 0) -> StateManager:
        manager = open_manager(str(folder / ".exodsl" / "exodsl.db"), clock=lambda: system_clock() - ago_ms)
        opened.append(manager)
        return manager

    yield manage
    for manager in opened:
        manager.close()


def ended(manager: StateManager, target: str, **inputs: object) -> str:
    """Run a workflow to its end; return the id of the run."""
    graph = load(target)
    return drive(begin(manager, graph, inputs), graph).run_id


@pytest.fixture
def old(manage: Callable[[int], StateManager]) -> str:
    """A run that succeeded a month ago."""
    return ended(manage(MONTH_MS), "words.py", document="One. Two words.")


@pytest.fixture
def new(manage: Callable[[int], StateManager]) -> str:
    """A run that succeeded just now."""
    return ended(manage(0), "words.py", document="One.")


def runs(cli: Call) -> list[str]:
    """Return the ids of all runs."""
    return [run["run_id"] for run in json.loads(cli("runs", "--json").out)["items"]]


def test_old_runs_are_removed(cli: Call, old: str, new: str) -> None:
    answer = cli("clean", "--older-than", "29d", "--yes")

    assert (answer.code, runs(cli)) == (0, [new])
    assert answer.out.startswith("removed 1 run with 5 states; ")
    assert answer.err.startswith("This removes 1 run with 5 states, ended 29d ago or before; then about ")


def test_without_a_terminal_a_yes_is_needed(cli: Call, old: str) -> None:
    answer = cli("clean", "--older-than", "29d")

    assert (answer.code, answer.out, runs(cli)) == (2, "", [old])
    assert "Give --yes" in answer.err


def test_a_dry_run_only_says_what_would_go(cli: Call, old: str) -> None:
    answer = cli("clean", "--older-than", "29d", "--dry-run")

    assert (answer.code, answer.err, runs(cli)) == (0, "", [old])
    assert answer.out.startswith("This removes 1 run with 5 states")


@pytest.mark.parametrize("dry", [True, False])
def test_programs_get_numbers(cli: Call, old: str, dry: bool) -> None:
    document = json.loads(cli("clean", "--older-than", "29d", "--json", "--dry-run" if dry else "--yes").out)

    sizes = document.pop("file_bytes"), document.pop("free_bytes")
    assert sizes[0] > sizes[1] >= 0
    assert document == {"runs": 1, "states": 5, "versions": 0, "dry_run": dry}


@pytest.mark.parametrize(
    "chosen", [("--status", "failed", "--status", "CANCELLED"), ("--graph", "other"), ("--namespace", "other")]
)
def test_what_does_not_fit_stays(cli: Call, old: str, chosen: tuple[str, ...]) -> None:
    answer = cli("clean", "--older-than", "0", *chosen)

    assert (answer.code, runs(cli)) == (0, [old])
    assert answer.out == "There is nothing to remove: no run that fits ended more than 0 ago.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--older-than", "soon"), '--older-than "soon" is no length of time.'),
        (("--older-than", "1d", "--status", "RUNNING"), '--status "RUNNING" is unknown.'),
        ((), "Missing option"),
    ],
)
def test_bad_input_is_refused_in_one_message(cli: Call, old: str, words: tuple[str, ...], said: str) -> None:
    answer = cli("clean", *words)

    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_runtime_removes_what_it_is_not_to_keep(
    start: Callable[..., Any], manage: Callable[[int], StateManager], old: str, new: str
) -> None:
    """Of the workflows that it serves; nobody else's."""
    manager = manage(0)
    other = ended(manage(MONTH_MS), "broken.py", highest=1)
    with start("runtime", "words.py", "--keep", "29d") as process:
        while len(found := {run.run_id for run in manager.runs().items}) > 2:
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        process.communicate(timeout=60)

    assert (found, process.returncode) == ({new, other}, 0)


@pytest.mark.parametrize("keep", ["0", "never"])
def test_a_runtime_refuses_to_keep_nothing(cli: Call, keep: str) -> None:
    answer = cli("runtime", "words.py", "--keep", keep)

    assert (answer.code, answer.out) == (2, "")
    assert "keep" in answer.err


def test_what_waits_for_code_that_no_runtime_has_is_shown(cli: Call, manage: Callable[[int], StateManager]) -> None:
    manager = manage(0)
    run_id = begin(manager, load("words.py"), {"document": "One."}).run_id
    state = str(manager.states(run_id).items[0].state_id)
    alone = cli("state", state).out
    manager.open_session("renamed", Serves({("default", "word-count"): frozenset({"total"})}))

    assert "waits for  a runtime: none serves its run\n" in alone
    assert 'waits for  a runtime that has the code of node "split"\n' in cli("state", state).out
    assert "no runtime has the code of split" in cli("runs").out
    assert cli("show", run_id[-8:]).err == (
        "No runtime has the code of split; what waits there goes on when one has.\n"
    )
