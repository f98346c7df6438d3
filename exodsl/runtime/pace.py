"""How much a runtime does at once, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass

HEARTBEAT_SECONDS = 5.0
"""After so long without an exchange the writer's thread renews the leases by itself."""
GROW_SECONDS = 0.002
"""How long jobs may wait before another thread is added for them."""
HARD_STOP_SECONDS = 1.0
"""How long bodies may take to end that were cancelled after the grace time."""
POLL_SECONDS, POLL_SHARE = 0.1, 100
"""How often it polls with nothing to do; less often where polling would take more than a hundredth of the time."""
GATHERING_SECONDS = 0.01
"""While claims wait here for a worker, outcomes wait so long for more to go into the same exchange."""
AGAIN_SECONDS = 0.005
"""How soon it looks again after it found nothing although something was due."""
GATHER_SECONDS, TELL_SECONDS = 0.1, 0.5
"""What bodies tell waits so long for more, or for their end, and at least so long after the last time."""
MOST_HERE = 512
"""An exchange of more reports is never made in the event loop's thread: it takes more than some 10 ms."""
FEW_STATES, SLOW_DISK_SECONDS, SURELY_SLOW = 4, 0.002, 3
SLOW_EXCHANGES = 50
"""When so many exchanges of a few states take longer than a quick disk does, the next ones leave the loop's thread."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The settings of a runtime.

    :param workers: bodies that run at once.
    :param batch_size: claimed states that may wait here for a worker.
    :param poll_interval: seconds after which it looks for work at the latest, although nothing woke it.
    :param grace: seconds that bodies get to finish when the runtime is stopped.
    """

    workers: int = 4
    batch_size: int = 16
    poll_interval: float = 1.0
    grace: float = 2.0
