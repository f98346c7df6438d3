"""The statuses of states, gates and runs, and which of them are live (semantics 3)."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """Statuses of a state; the numbers stand in databases and must not change."""

    CREATED = 0
    QUEUED = 1
    EXECUTED = 2
    SUCCESS = 3
    NEXT_CREATED_ERROR = 4
    RETRY_CREATED = 5
    ERRORED = 6
    PRUNED = 7
    CANCELLED = 8


# For code that runs for every state: on Python 3.11 `State.SUCCESS` costs as much as a call of a function.
CREATED, QUEUED, SUCCESS = State.CREATED, State.QUEUED, State.SUCCESS


class Run(IntEnum):
    """Statuses of a run; the numbers stand in databases and must not change."""

    RUNNING = 0
    PAUSED = 1
    SUCCESS = 2
    FAILED = 3
    CANCELLED = 4


class Gate(IntEnum):
    """Statuses of a gate; the numbers stand in databases and must not change."""

    OPEN = 0
    PASSED = 1
    """The unite's state was created."""
    BLOCKED = 2
    """A failure under ALL_SUCCESS: the unite does not run."""
    CANCELLED = 3
    """Its run was cancelled."""
