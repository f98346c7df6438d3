"""Interleaved rounds: every way in turn, again and again, so that all meet the same machine."""

from __future__ import annotations

import gc
import itertools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured run of the work: how long it took, and when each body began (if it was noted)."""

    seconds: float
    beginnings: Sequence[float] = ()

    @property
    def hops(self) -> list[float]:
        """The seconds from the beginning of each body to that of the next."""
        times = self.beginnings
        return [after - before for before, after in itertools.pairwise(times)]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do the work.

    :param run: does it once in an empty folder and times itself, preparations aside.
    :param states: how many states it takes, for the cost of one.
    """

    name: str
    states: int
    run: Callable[[Path], Sample]


@dataclass(slots=True)
class Measured:
    """What the rounds gave for one way."""

    way: Way
    samples: list[Sample] = field(default_factory=list)

    @property
    def costs(self) -> list[float]:
        """The microseconds for each state, one figure a round."""
        return [sample.seconds / self.way.states * 1e6 for sample in self.samples]

    @property
    def walls(self) -> list[float]:
        """The milliseconds for all of it, one figure a round."""
        return [sample.seconds * 1e3 for sample in self.samples]

    def hop(self, percent: int) -> float | None:
        """Return a percentile of the hops in microseconds: of each round, then their median.

        There is none where bodies begin in batches.
        """
        chains = [sample.hops for sample in self.samples if len(sample.beginnings) == self.way.states]
        found = [quantiles(hops, n=100)[percent - 1] for hops in chains]
        return median(found) * 1e6 if found else None


def measure(ways: Sequence[Way], rounds: int) -> list[Measured]:
    """Run every way once to warm it up, then all of them in turn for a number of rounds."""
    measured = [Measured(way) for way in ways]
    for way in ways:
        _take(way)
    for _ in range(rounds):
        for one in measured:
            one.samples.append(_take(one.way))
    return measured


def ratio(one: Measured, other: Measured) -> float:
    """Return how many times the cost of `other` a state costs: round by round, then the median."""
    return median(mine / theirs for mine, theirs in zip(one.costs, other.costs, strict=True))


def _take(way: Way) -> Sample:
    with tempfile.TemporaryDirectory(prefix="exodsl-bench-") as folder:
        gc.collect()
        return way.run(Path(folder))
