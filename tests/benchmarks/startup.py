"""How long it takes until `exodsl --help` has answered, beside a Python that does nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
from statistics import median

COMMANDS = {
    "python": ("-c", "pass"),
    "exodsl --help": ("-c", "import sys; from exodsl.cli import main; sys.exit(main())", "--help"),
}


def cpu_seconds(rounds: int) -> dict[str, float]:
    """Return the median processor time of each command, in seconds; the first round only writes bytecode."""
    return {name: median([_cpu_seconds(words) for _ in range(rounds + 1)][1:]) for name, words in COMMANDS.items()}


def _cpu_seconds(words: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
