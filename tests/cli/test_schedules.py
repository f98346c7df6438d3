"""`exodsl schedules`: what is listed, paused and resumed; and a real runtime that ticks."""

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from exodsl.dsl.loader import load
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves
from tests.cli.conftest import Call

REPORTS = """
from exodsl import Graph, node


@node
def report(copies: int = 2) -> int:
    return copies


graph = Graph("report")
graph.start(report)
graph.schedule("0 9 * * MON-FRI", tz="Europe/Berlin")
"""
LATE = datetime.fromisoformat("2027-01-15T09:30:00+01:00")


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def stored(folder: Path, now_ms: int, target: str = "report.py") -> None:
    """Store a scheduled graph at a time of our own."""
    template = load(target).compile()
    with closing(open_manager(str(folder / ".exodsl" / "exodsl.db"), clock=lambda: now_ms)) as manager:
        manager.upsert(template)


def served_at(folder: Path, now_ms: int) -> None:
    """Let a runtime look once at a time of our own."""
    with closing(open_manager(str(folder / ".exodsl" / "exodsl.db"), clock=lambda: now_ms)) as manager:
        manager.exchange(manager.open_session("by hand", Serves({})), [], 0)


@pytest.fixture
def report(folder: Path) -> Path:
    """A database with one schedule, which has ticked once; its id is 1."""
    (folder / "report.py").write_text(REPORTS)
    stored(folder, milliseconds(LATE) - 3_600_000)
    served_at(folder, milliseconds(LATE))
    return folder


def test_a_schedule_is_listed_with_its_next_times_and_its_last_ticks(cli: Call, report: Path) -> None:
    run_id = json.loads(cli("runs", "--json").out)["items"][0]["run_id"]
    lines = cli("schedules").out.splitlines()

    assert lines[:2] == [
        "1  report  0 9 * * MON-FRI  Europe/Berlin",
        "   options catch_up=latest, overlap=skip",
    ]
    assert [line[:11] for line in lines[2:7]] == ["   next    ", *["           "] * 4]
    assert lines[7:] == [f"   last    Fri 2027-01-15 09:00 +01:00  STARTED  run {run_id[-8:]} RUNNING"]


def test_json_has_all_there_is_to_know(cli: Call, report: Path) -> None:
    document = json.loads(cli("schedules", "--json").out)
    (one,) = document["items"]
    next_times, last = one.pop("next_times"), one.pop("last_ticks")

    assert one == {
        "schedule_id": 1,
        "namespace": "default",
        "graph": "report",
        "cron": "0 9 * * MON-FRI",
        "tz": "Europe/Berlin",
        "catch_up": "latest",
        "overlap": "skip",
        "paused": False,
    }
    assert [time[10:19] for time in next_times] == ["T09:00:00"] * 5
    assert [(tick["at"], tick["outcome"], tick["run_status"]) for tick in last] == [
        ("2027-01-15T09:00:00+01:00", "STARTED", "RUNNING")
    ]


def test_a_schedule_is_paused_and_resumed(cli: Call, report: Path) -> None:
    paused = cli("schedules", "--pause", "1")
    again = cli("schedules", "--pause", "1")
    resumed = cli("schedules", "--resume", "1", "--json")

    assert paused.out.splitlines()[0] == "1  report  0 9 * * MON-FRI  Europe/Berlin  PAUSED"
    assert "next" not in paused.out
    assert (again.code, again.err) == (2, "Schedule 1 is PAUSED; only a running one can be paused.\n")
    assert json.loads(resumed.out)["paused"] is False


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--pause", "7"], 'No schedule "7" is in this database. `exodsl schedules` lists those that are.\n'),
        (["--resume", "1"], "Schedule 1 is running; only a paused one can be resumed.\n"),
        (["--pause", "1", "--resume", "1"], "--pause and --resume take one schedule by its id"),
        (["--pause", "1", "--graph", "report"], "--pause and --resume take one schedule by its id"),
        (["--pause", "report"], "Invalid value for '--pause'"),
    ],
)
def test_what_cannot_be_done_is_refused(cli: Call, report: Path, words: list[str], says: str) -> None:
    answer = cli("schedules", *words)

    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err


def test_schedules_can_be_chosen_by_graph(cli: Call, report: Path) -> None:
    assert cli("schedules", "--graph", "report").out.startswith("1  report")
    assert cli("schedules", "--namespace", "lab").err == "no schedules that fit\n"


def test_where_there_are_none_that_is_said(cli: Call) -> None:
    cli("trigger", "words.py", "--input", "document=One.")

    assert cli("schedules").err == "no schedules\n"


def test_a_graph_whose_schedule_cannot_be_meant_is_refused_with_its_line(cli: Call, folder: Path) -> None:
    (folder / "report.py").write_text(REPORTS.replace("0 9 *", "0 9 99"))
    answer = cli("check", "report.py")

    assert answer.code == 2
    assert 'E160 report.py:12  schedule "0 9 99 * MON-FRI": "99" is no day of month.' in answer.out + answer.err


def test_a_template_in_json_brings_its_schedules_along(cli: Call, folder: Path) -> None:
    (folder / "report.py").write_text(REPORTS)
    (folder / "report.json").write_text(cli("export", "report.py", "--whole").out)
    cli("trigger", "report.json")

    assert cli("schedules").out.startswith("1  report  0 9 * * MON-FRI  Europe/Berlin\n")


def test_a_runtime_starts_what_was_missed_and_works_on_it(
    cli: Call, folder: Path, start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    """A schedule that was stored two hours ago, and no runtime since then."""
    (folder / "report.py").write_text(REPORTS.replace("0 9 * * MON-FRI", "0 * * * *"))
    stored(folder, time.time_ns() // 1_000_000 - 2 * 3_600_000)
    runtime = start("runtime", "report.py")
    try:
        assert runtime.stderr is not None
        told = [runtime.stderr.readline() for _ in range(2)]
    finally:
        runtime.terminate()
        runtime.communicate(timeout=30)
    ticks: list[dict[str, Any]] = json.loads(cli("schedules", "--json").out)["items"][0]["last_ticks"]

    assert 'of graph "report" SUCCESS' in told[1]
    assert [(tick["outcome"], tick["run_status"]) for tick in ticks][:2] == [("STARTED", "SUCCESS"), ("MISSED", None)]
