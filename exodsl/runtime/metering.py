"""What the body of a child process takes: time, processor time, and memory."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic, process_time_ns

from exodsl.engine.reports import Usage

if sys.platform != "win32":
    import resource

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"
"""What makes Linux measure the peak of a process anew."""


class Meter:
    """Measures from when it is made."""

    def __init__(self) -> None:
        self._peak_of_body = _forget_peak()
        self._begun, self._cpu = monotonic(), process_time_ns()

    def usage(self) -> Usage:
        """Return what was taken since, by all threads of this process."""
        ran, cpu = monotonic() - self._begun, process_time_ns() - self._cpu
        return Usage(int(ran * 1000), cpu // 1000, _peak() if self._peak_of_body else _peak_of_process())


def _forget_peak() -> bool:
    try:
        _CLEAR.write_text(_FORGET_PEAK)
    except OSError:  # not Linux, or not allowed here: then it is the peak of all bodies so far
        return False
    return _peak() is not None


def _peak() -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), None)


def _peak_of_process() -> int | None:
    if sys.platform == "win32":
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
