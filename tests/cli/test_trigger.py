"""`exodsl trigger`: a run is stored, and nothing is run."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from exodsl.manager.opening import open_manager
from exodsl.manager.views import RunView, StateView
from tests.cli.conftest import Call

INPUT = ("--input", "document=One. Two words.")


def look(folder: Path) -> tuple[list[RunView], list[StateView]]:
    """Return the runs of the folder's database, and their states."""
    manager = open_manager(str(folder / ".exodsl" / "exodsl.db"))
    runs = list(manager.runs().items)
    states = [state for run in runs for state in manager.states(run.run_id).items]
    manager.close()
    return runs, states


def test_a_target_is_stored_and_triggered_and_not_run(cli: Call, folder: Path) -> None:
    answer = cli("trigger", "words.py", *INPUT)

    (run,), states = look(folder)
    assert (answer.code, answer.out, answer.err) == (0, f"{run.run_id}\n", "")
    assert (run.graph, run.target) == ("word-count", f"{folder / 'words.py'}:graph")
    assert [(state.identifier, state.status) for state in states] == [("split", "CREATED")]


def test_a_stored_graph_is_triggered_by_its_name(cli: Call, folder: Path) -> None:
    cli("trigger", "words.py", *INPUT)

    answer = cli("trigger", "word-count", "--input", "document=Three.", "--json")

    (newest, _), _ = look(folder)
    assert json.loads(answer.out) == {
        "run_id": newest.run_id,
        "namespace": "default",
        "graph": "word-count",
        "version": 1,
        "status": "RUNNING",
    }
    assert newest.inputs == {"document": "Three."}


def test_a_triggered_run_can_be_resumed_here(cli: Call) -> None:
    run_id = cli("trigger", "words.py", *INPUT).out.strip()

    assert cli("resume", run_id).out == "3\n"


def test_a_template_needs_no_nodes_to_be_triggered(cli: Call, folder: Path) -> None:
    (folder / "words.json").write_text(cli("export", "words.py", "--whole").out)

    answer = cli("trigger", "words.json", *INPUT)

    assert answer.code == 0
    assert [run.graph for run in look(folder)[0]] == ["word-count"]


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("90", timedelta(seconds=90)),
        ("1.5s", timedelta(milliseconds=1500)),
        ("500ms", timedelta(milliseconds=500)),
        ("10m", timedelta(minutes=10)),
        ("2 h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_a_start_delay_holds_the_root_back(cli: Call, folder: Path, text: str, delay: timedelta) -> None:
    cli("trigger", "words.py", *INPUT, "--start-delay", text)

    _, (state,) = look(folder)
    assert state.enqueue_after - state.created_at == delay


@pytest.mark.parametrize("text", ["soon", "-5", "10 years", "", "1e3", "9999d"])
def test_a_delay_that_cannot_be_meant_is_refused(cli: Call, folder: Path, text: str) -> None:
    answer = cli("trigger", "words.py", *INPUT, f"--start-delay={text}")

    assert answer.code == 2
    assert "--start-delay" in answer.err or "start delay" in answer.err
    assert not (folder / ".exodsl" / "exodsl.db").exists() or look(folder)[0] == []


def test_the_same_key_gives_the_same_run(cli: Call, folder: Path) -> None:
    first = cli("trigger", "words.py", *INPUT, "--idempotency-key", "monday")
    again = cli("trigger", "word-count", *INPUT, "--idempotency-key", "monday")
    other = cli("trigger", "word-count", *INPUT, "--idempotency-key", "tuesday")

    assert first.out == again.out != other.out
    assert len(look(folder)[0]) == 2


def test_wrong_inputs_say_what_the_graph_takes_and_store_nothing(cli: Call, folder: Path) -> None:
    answer = cli("trigger", "words.py", "--input", "text=One.")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.endswith("It takes: --input document=VALUE.\n")
    assert not (folder / ".exodsl" / "exodsl.db").exists()


def test_wrong_inputs_of_a_stored_graph_are_refused_the_same_way(cli: Call, folder: Path) -> None:
    cli("trigger", "words.py", *INPUT)

    answer = cli("trigger", "word-count", "--input", "documnt=One.")

    assert answer.code == 2
    assert 'Did you mean "document"?' in answer.err
    assert answer.err.endswith("It takes: --input document=VALUE.\n")
    assert len(look(folder)[0]) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("word-cont", 'No graph "word-cont" is stored in namespace "default". Did you mean "word-count"?'),
        ("words", "name it with its ending: words.py"),
        ("nothing.py", 'There is no file "nothing.py".'),
    ],
)
def test_what_is_not_there_is_refused_with_a_cure(cli: Call, name: str, message: str) -> None:
    cli("trigger", "words.py", *INPUT)

    answer = cli("trigger", name)

    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_a_name_without_a_database_makes_none(cli: Call, folder: Path) -> None:
    (folder / ".exodsl").rmdir()

    answer = cli("trigger", "word-count")

    assert answer.code == 2
    assert not (folder / ".exodsl").exists()


@pytest.mark.parametrize("command", ["trigger", "runtime"])
def test_a_database_in_memory_cannot_be_shared(cli: Call, command: str) -> None:
    answer = cli(command, "words.py", "--db", ":memory:")

    assert answer.code == 2
    assert "this process's alone" in answer.err
