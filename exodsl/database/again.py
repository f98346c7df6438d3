"""Doing a transaction again that was undone for a reason that passes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from exodsl.errors import TransactionUndone

T = TypeVar("T")
TIMES = 10
"""How often a transaction is tried; others who are in its way get on in every round."""
FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.2
"""Seconds between two tries; by chance down to half, so that those who collided do not meet again."""


def again(work: Callable[[], T]) -> T:
    """Return what `work` returns; it makes one transaction, and is called anew while that is undone."""
    pause = FIRST_PAUSE
    for _ in range(TIMES - 1):
        try:
            return work()
        except TransactionUndone:
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)
    return work()
