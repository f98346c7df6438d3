"""A workflow whose bodies run on a cluster; its machines import this module."""

import os
import random
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

from exodsl import Context, Fatal, Graph, RetryPolicy, collect, inject, node

ONCE = RetryPolicy(max_retries=0)
TWICE = RetryPolicy(max_retries=1, backoff_factor=1)


class Odd(Exception):
    """Takes two arguments and holds a lock: no pickle survives that."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")
        self.lock = threading.Lock()


@node
def numbers(count: int) -> list[int]:
    return list(range(count))


@node(executor="cluster")
def squared(number: int, ctx: Context = inject()) -> int:
    ctx.log.info("squaring %s", number)
    return number * number


@node
def total(found: list[int]) -> int:
    return sum(found)


@node(executor="cluster")
def chance(lot: str) -> float:
    return random.random()


@node(executor="cluster", retry=ONCE)
def fails(number: int) -> None:
    raise Odd("one", "two")


@node(executor="cluster", retry=TWICE)
def is_killed_once(trace: str, ctx: Context = inject()) -> int:
    """Leave a line for each time it runs, and die the first time."""
    with Path(trace).open("a") as file:
        file.write(f"{ctx.retry_count}\n")
    if ctx.retry_count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return ctx.retry_count


@node(executor="cluster", retry=ONCE, timeout=timedelta(seconds=1))
def takes_long() -> None:
    time.sleep(10)


@node(executor="cluster", retry=TWICE)
def outlives_its_cluster(trace: str) -> None:
    Path(trace).touch()
    time.sleep(60)
    raise Fatal("the cluster was to be gone by now")


graph = Graph("squares")
graph.connect(numbers, squared, number=numbers.outputs)
graph.connect(squared, total, found=collect(squared.outputs)).unites(numbers)
