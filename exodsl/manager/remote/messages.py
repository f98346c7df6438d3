"""What is said over HTTP beside the calls: what a server is, waiting for work, and a run as a file."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

PREFIX = "/exodsl/v1"
WAIT, EXPORT = f"{PREFIX}/wait", f"{PREFIX}/export_run"
WAIT_SECONDS = 20.0
"""How long a runtime that waits for work is kept waiting."""
BREATH_SECONDS, SILENCE_SECONDS = 3.0, 15.0
"""How often it gets a blank meanwhile, so that nobody on the way takes the line for idle; and after how long without
one it takes the line for dead."""
STATES_HEADER = "exodsl-states"
"""How many states a file has."""


class Hello(BaseModel):
    """What a server says of itself.

    :param body_bytes: the largest body of a request.
    """

    speaks: Literal["exodsl v1"] = "exodsl v1"
    body_bytes: int


class Waits(BaseModel, extra="forbid"):
    """Who waits for work.

    :param sessions: runtimes that have nothing to do; none to hear of any work.
    :param heard: what the last answer said, so that nothing of meanwhile is missed.
    :param seconds: how long to wait at most.
    """

    sessions: tuple[int, ...] = ()
    heard: str | None = None
    seconds: float = WAIT_SECONDS


class Called(BaseModel):
    """What came of waiting.

    :param sessions: those of the runtimes that should make an exchange now.
    :param heard: to be given when waiting goes on; another one than before when work appeared.
    """

    sessions: tuple[int, ...]
    heard: str


class Export(BaseModel, extra="forbid"):
    """Which run is wanted as a file: its id, or any unique start or end of it."""

    run_id: str
