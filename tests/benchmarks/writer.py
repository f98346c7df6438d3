"""Work on a generated run while somebody looks on: `python -m tests.benchmarks.writer FILE STATES COUNT RATE`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from exodsl.engine.reports import Claim, Executed, Report
from exodsl.manager.opening import open_manager
from tests.benchmarks.generated import BEGIN, TEMPLATE
from tests.manager.byhand import serves

BATCH = 10
"""States that one exchange reports."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the exchanges of a writer took: processor time in all, the wall time of one; in milliseconds."""

    exchanges: int
    cpu_ms: float
    wall_ms: float


class Writer:
    """A process that reports states of a generated run.

    :param states: about how many the run has: none of them is due later than that many milliseconds.
    :param rate: how many are reported a second; 0 for as fast as it goes.
    """

    def __init__(self, file: Path, states: int, count: int, rate: int) -> None:
        words = [str(file), str(states), str(count), str(rate)]
        command = [sys.executable, "-m", "tests.benchmarks.writer", *words]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def start(self) -> None:
        """Begin: it has loaded everything, and holds its first states."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    @property
    def works(self) -> bool:
        """Whether it is not through yet."""
        return self._process.poll() is None

    def done(self) -> Written:
        """Wait until it is through."""
        said, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError("the writer failed")
        return Written(**json.loads(said))


def _main(file: str, states: int, count: int, rate: int) -> None:
    later = BEGIN + 10 * states
    manager = open_manager(file, clock=lambda: later)
    session = manager.open_session("benchmark", serves(TEMPLATE))
    held: Sequence[Claim] = manager.exchange(session, (), BATCH).claims
    sys.stdout.write("\n")
    sys.stdout.flush()
    sys.stdin.readline()
    walls: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()
    for number in range(count // BATCH):
        if rate:
            time.sleep(max(0.0, began + number * BATCH / rate - time.perf_counter()))
        reports = [Report(claim.state_id, claim.lease, Executed(['{"score":0.5}'])) for claim in held]
        asked = time.perf_counter()
        held = manager.exchange(session, reports, BATCH).claims
        walls.append(time.perf_counter() - asked)
    cpu = time.process_time() - cpu
    manager.close()
    said = {"exchanges": len(walls), "cpu_ms": cpu * 1000, "wall_ms": median(walls) * 1000}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    _main(sys.argv[1], *map(int, sys.argv[2:]))
