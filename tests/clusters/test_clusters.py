"""Bodies on a Dask and on a Ray cluster of real processes (semantics 10)."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from exodsl import Graph
from exodsl.dsl import Node
from exodsl.errors import ExecutorUnusable
from exodsl.manager.protocol import StateManager as Manager
from tests.cli.conftest import START
from tests.clusters.conftest import ROOT, cluster_of
from tests.clusters.flows import (
    chance,
    fails,
    graph,
    is_killed_once,
    numbers,
    outlives_its_cluster,
    squared,
    takes_long,
    total,
)

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]
"""What Dask and Ray warn of is theirs to mend."""


def graph_of(start: Node) -> Graph:
    """A graph of one node."""
    alone = Graph("alone")
    alone.start(start)
    return alone


def test_200_states_are_on_the_cluster_at_once(manager: Manager, cluster: str) -> None:
    run = graph.run(count=200, db=manager, workers=200, executors={"cluster": cluster})

    (first, *_) = run.states(squared)
    assert run.output(total) == sum(number * number for number in range(200))
    assert [line.message for line in run.notes(first).lines] == ["squaring 0"]


def test_two_equal_calls_give_two_values(manager: Manager, cluster: str) -> None:
    lots = Graph("lots")
    lots.connect(numbers, chance, lot="the same")

    run = lots.run(count=2, db=manager, executors={"cluster": cluster})

    assert len(set(run.outputs(chance))) == 2


def test_an_error_comes_back_with_its_traceback(manager: Manager, cluster: str) -> None:
    run = graph_of(fails).run(number=1, db=manager, executors={"cluster": cluster})

    (state,) = run.states(status="ERRORED")
    assert state.error is not None
    assert (state.error.type, state.error.message) == ("tests.clusters.flows.Odd", "one and two")
    assert 'raise Odd("one", "two")' in state.error.traceback


def test_a_killed_worker_is_one_failure_and_the_policy_tries_again(
    manager: Manager, cluster: str, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"

    run = graph_of(is_killed_once).run(trace=str(trace), db=manager, executors={"cluster": cluster})

    (lost,) = run.states(status="RETRY_CREATED")
    assert (run.status, run.output(is_killed_once)) == ("SUCCESS", 1)
    assert trace.read_text() == "0\n1\n"
    assert lost.error is not None
    assert lost.error.type == "exodsl.errors.BodyCrashed"


def test_a_timeout_is_reported_and_the_next_body_runs(manager: Manager, cluster: str) -> None:
    run = graph_of(takes_long).run(db=manager, executors={"cluster": cluster})
    after = graph_of(squared).run(number=3, db=manager, executors={"cluster": cluster})

    (late,) = run.states(status="ERRORED")
    assert late.error is not None
    assert late.error.message.startswith('"takes_long" took longer than 1 s.')
    assert after.output(squared) == 9


def test_a_file_runs_on_the_cluster_from_the_command_line(cluster: str, tmp_path: Path) -> None:
    (tmp_path / "films.py").write_text((ROOT / "tests" / "clusters" / "flows.py").read_text("utf-8"), "utf-8")

    done = subprocess.run(
        [sys.executable, "-c", START, "run", "films.py", "-i", "count=4", "--executor", f"cluster={cluster}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (done.returncode, done.stdout) == (0, "14\n"), done.stderr


def test_a_scheduler_that_is_gone_ends_the_work_with_one_error(manager: Manager, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with cluster_of("dask") as (named, scheduler):

        def kill_when_begun() -> None:
            while not trace.exists():
                time.sleep(0.05)
            os.kill(scheduler.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_when_begun)
        killer.start()
        with pytest.raises(ExecutorUnusable, match=r'Executor "cluster" cannot be used: OSError: Timed out'):
            graph_of(outlives_its_cluster).run(trace=str(trace), db=manager, executors={"cluster": named})
        killer.join()
