"""Peak memory of one run in a fresh process; this module is that process: `python -m tests.benchmarks.memory N`."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import workloads

_STATUS = Path("/proc/self/status")


def measured_in_fresh_process(width: int) -> float:
    """Return the peak resident memory, in MB, of a process that does W2 with `width` workers."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", str(width)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    return float(done.stdout)


def _peak_mb() -> float:
    # On Linux `ru_maxrss` begins with what the parent had when it started this process; VmHWM does not.
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def _main(width: int) -> None:
    with tempfile.TemporaryDirectory(prefix="exodsl-bench-") as folder:
        database = str(Path(folder) / "exodsl.db")
        workloads.fanout().run({"count": width}, db=database).raise_if_failed()
    sys.stdout.write(f"{_peak_mb():.1f}\n")


if __name__ == "__main__":
    _main(int(sys.argv[1]))
