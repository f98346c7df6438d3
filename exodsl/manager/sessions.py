"""Runtimes as the manager knows them: what each serves and holds, and whether its process is still there."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import getnode

from pydantic_core import to_json

from exodsl.database import reads, templates
from exodsl.engine.changes import Created
from exodsl.engine.facts import RunFacts, StateFacts
from exodsl.manager.protocol import Serves

Clock = Callable[[], int]
"""Gives the time in whole milliseconds since the epoch."""
LEASE_MS = 30_000
"""How long a state stays a silent runtime's; renewed at half of it."""
LOOK_MS = 2_000
"""How often a runtime looks whether others are gone."""
LEAP_MS = 2 * LEASE_MS
"""When a runtime has not looked for so long, all the others may have been kept from it by the same."""
ANY_GRAPH = "*"
"""Stands for every graph; the namespace beside it is then that of the nodes."""
MOST_LOST = 3
"""How often a state may be lost with its runtime before it is given up."""
SUSPECT = MOST_LOST - 1
"""A state that was lost so often is run with no other such: what ends its process takes none of them along."""


_ENDED = ("Z", "X")
"""What Linux calls processes that have ended and are still listed."""


@dataclass(slots=True)
class Session:
    """One runtime.

    `due_at` is the earliest time at which a state may be waiting for it (`None`: none known), so
    that an exchange asks the database only when there may be something; `spilled` says the same of
    wide fanouts that are not all made into states. `suspect` is a state it holds that was lost too often to
    be held together with another one. `place` is its machine and process, where those are not this one's.
    """

    key: int
    name: str
    serves: Serves
    lease_until: int
    run: int | None = None
    nodes: list[int] = field(default_factory=list)
    node_set: frozenset[int] = frozenset()
    exchanges: int = 0
    due_at: int | None = None
    spilled: bool = False
    held: dict[int, StateFacts] = field(default_factory=dict)
    suspect: int | None = None
    place: tuple[str, str] | None = None

    @property
    def graphs(self) -> str:
        """Which nodes it serves, by graph, as JSON."""
        serves = {f"{namespace}/{graph}": sorted(names) for (namespace, graph), names in self.serves.node_names.items()}
        return to_json(serves).decode()

    def lease(self) -> int:
        """Return the token of this exchange's claims: the session and the exchange in one number."""
        return (self.key << 32) | self.exchanges

    def refresh(self, connection: Any) -> None:
        """Find out anew which stored nodes it serves, and whether anything may wait for it."""
        found: list[int] = []
        for (namespace, graph), names in self.serves.node_names.items():
            found += templates.served_nodes(connection, namespace, None if graph == ANY_GRAPH else graph, names)
        self.nodes = found
        self.node_set = frozenset(found)
        self.due_at = reads.next_due(connection, found, reads.only(self.run, ()))
        self.spilled = bool(reads.spilled_states(connection, 1, self.run))

    def takes(self, run: RunFacts, state: Created) -> bool:
        """Say whether it may have a new state."""
        return (self.run is None or self.run == run.key) and run.node_base + state.node in self.node_set

    def note_suspect(self, claimed: int | None, now: int) -> None:
        """Remember the suspect that was claimed; when the one before has ended, another may be waiting."""
        if claimed is not None:
            self.suspect = claimed
        elif self.suspect is not None and self.suspect not in self.held:
            self.suspect = None
            self.expect(now)

    def expect(self, due: int) -> None:
        """Note that a state may be waiting from `due` on."""
        self.due_at = due if self.due_at is None else min(self.due_at, due)


def namespaces_of(served: str) -> frozenset[str]:
    """Return the namespaces that a graph can be of which is written "namespace/graph": one, as names have no slashes.

    Where one has, every part before a slash can be meant.
    """
    return frozenset(served[:at] for at, letter in enumerate(served) if letter == "/")


def follow_clock(connection: Any, now: int, looked_at: int) -> bool:
    """Let leases begin anew when the clock was set, or this machine slept: nobody could renew them meanwhile.

    Where it was set back, which a lease shows that lasts longer than leases do, what waits for a time waits as
    long as it was to.

    :param looked_at: when this was last asked here; 0 for the first time.
    :return: whether something may be due otherwise than was known.
    """
    given_at = templates.latest_lease(connection)
    was_set_back = given_at > now
    if was_set_back:
        templates.bring_forward(connection, max(given_at, looked_at) - now, now)
    if was_set_back or 0 < looked_at < now - LEAP_MS:
        templates.renew_sessions(connection, now)
    return was_set_back


def host() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


@cache
def machine() -> str:
    """Return the name of this machine with what tells it from others of the same name, and its containers apart."""
    return f"{host()}/{blake2b(_boot().encode(), digest_size=4).hexdigest()}"


def elsewhere(host: str) -> tuple[str, str]:
    """Return the place of a runtime that a server serves: nobody can say whether its process is there.

    :param host: the name of its machine, which may be this one's.
    """
    return f"{host or 'unknown'}/", ""


def name_of(where: str) -> str:
    """Return the name of a machine as people know it."""
    return where.partition("/")[0]


def _boot() -> str:
    # Numbers of processes mean something within one boot of one machine, and there within one container.
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text()}{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return str(getnode())


def process() -> str:
    """Return what names this process: its number, and when it started where the system tells."""
    return f"{os.getpid()}:{_started(os.getpid())}"


def is_gone(where: str, which: str) -> bool:
    """Say whether a process surely does not run any more; another machine's cannot be judged."""
    if where not in (host(), machine()):
        return False
    number, _, started = which.partition(":")
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return started != _started(int(number))


def _started(number: int) -> str:
    # The start time tells a process from a later one of the same number; only Linux shows it as a file.
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in _ENDED else fields[19]
