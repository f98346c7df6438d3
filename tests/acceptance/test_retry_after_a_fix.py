"""A run that failed goes on with code that was mended: nothing that had ended well runs again."""

from collections import Counter
from pathlib import Path

from tests.acceptance.conftest import Start

FLOW = '''
"""Weigh parcels and add them up; every body notes that it ran."""
from pathlib import Path
from pydantic import BaseModel
from exodsl import Graph, RetryPolicy, collect, node

NOTES = Path(__file__).with_name("notes")


def note(what: str) -> None:
    with NOTES.open("a") as file:
        file.write(f"{what}\\n")


class Parcel(BaseModel):
    weight: str


@node
def parcels() -> list[Parcel]:
    note("parcels")
    return [Parcel(weight=weight) for weight in ("3", "4 kg", "5")]


@node
def weigh(weight: str) -> int:
    note(f"weigh {weight}")
    return int(weight)


@node
def total(weights: list[int]) -> int:
    note("total")
    return sum(weights)


graph = Graph("parcels", retry=RetryPolicy(max_retries=0))
graph.connect(parcels, weigh)
graph.connect(weigh, total, weights=collect(weigh.outputs)).unites(parcels)
'''


def exodsl(start: Start, *words: str) -> tuple[int, str, str]:
    """Call `exodsl`; return its exit code and what it wrote."""
    with start(*words) as process:
        out, err = process.communicate(timeout=100)
    return process.returncode, out, err


def test_a_failed_run_is_retried_with_mended_code_to_its_end(start: Start, tmp_path: Path) -> None:
    flow, notes = tmp_path / "flow.py", tmp_path / "notes"
    flow.write_text(FLOW)
    db = ("--db", "flow.db")
    first, _, complaint = exodsl(start, "run", "flow.py", *db)
    run = complaint.splitlines()[0].split()[1]
    refused, _, _ = exodsl(start, "retry", run, *db)
    flow.write_text(FLOW.replace("return int(weight)", 'return int(weight.removesuffix(" kg"))'))

    retried, told, onwards = exodsl(start, "retry", run, "--yes", *db)
    command = onwards.splitlines()[-1].split()
    second, result, _ = exodsl(start, *command[1:])

    assert (first, refused, retried, second) == (1, 2, 0, 0)
    assert "ValueError: invalid literal for int() with base 10: '4 kg'" in complaint
    assert told == f"run {run} is RUNNING: 1 state tried again, 0 taken back\n"
    assert (command, result) == (["exodsl", "resume", run, *db], "12\n")
    assert Counter(notes.read_text().splitlines()) == {
        "parcels": 1,
        "weigh 3": 1,
        "weigh 4 kg": 2,
        "weigh 5": 1,
        "total": 1,
    }


def test_a_fix_may_make_a_new_file_of_it(start: Start, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    _, _, complaint = exodsl(start, "run", "flow.py", "--db", "flow.db")
    run = complaint.splitlines()[0].split()[1]
    (tmp_path / "flow.py").unlink()
    (tmp_path / "mended.py").write_text(FLOW.replace("int(weight)", "int(weight[0])"))

    retried, _, onwards = exodsl(start, "retry", run, "--yes", "--target", "mended.py", "--db", "flow.db")
    code, result, _ = exodsl(start, *onwards.splitlines()[-1].split()[1:])

    assert (retried, code, result) == (0, 0, "12\n")
