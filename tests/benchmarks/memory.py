"""Peak memory of one run in a fresh process; this module is that process: `python -m tests.benchmarks.memory N`."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import workloads

_PROCESSES = Path("/proc")


def measured_in_fresh_process(width: int) -> float:
    """Return the peak resident memory, in MB, of a process that does W2 with `width` workers."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", str(width)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    return float(done.stdout)


def peak_mb(process: int | None = None) -> float:
    """Return the most memory, in MB, that a process has had: this one, or another where the system tells."""
    # On Linux `ru_maxrss` begins with what the parent had when it started this process; VmHWM does not.
    if process is not None or _PROCESSES.exists():
        return _told("VmHWM", process)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def resident_mb(process: int) -> float:
    """Return the memory that a process has now, in MB."""
    return _told("VmRSS", process)


def _told(what: str, process: int | None) -> float:
    status = _PROCESSES / str(process or "self") / "status"
    line = next(line for line in status.read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024


def _main(width: int) -> None:
    with tempfile.TemporaryDirectory(prefix="exodsl-bench-") as folder:
        database = str(Path(folder) / "exodsl.db")
        workloads.fanout().run({"count": width}, db=database).raise_if_failed()
    sys.stdout.write(f"{peak_mb():.1f}\n")


if __name__ == "__main__":
    _main(int(sys.argv[1]))
