"""Failures that are alike, and how the inputs of a group of them differ from those that went well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from exodsl.database import failures, large, samples
from exodsl.database.failures import FAILED, Place
from exodsl.database.rows import Row
from exodsl.engine.facts import RunFacts
from exodsl.manager.inspecting.contrasts import contrasts
from exodsl.manager.inspecting.summaries import headline
from exodsl.manager.inspection import Cluster, Contrast
from exodsl.manager.viewing import Viewing, node_key
from exodsl.manager.views import LargeValue, moment

CHUNK = 2_000
"""How many states one short read looks at."""
MOST_STATES = 10_000
MOST_SAMPLED = 500
_FROM, _LOOKS = 50, 100
"""From how many places of a fanout states that went well are taken, and how many are looked at there."""
LONGEST_INPUTS = 16_384
"""Inputs of more characters are not compared."""
_VARIES = re.compile(
    r"""
      (?P<quoted> "[^"]*" | (?<!\w)'[^']*'(?!\w) | `[^`]*` )
    | (?P<place> \b[a-z][a-z0-9+.-]*://\S+ | (?<![\w.])(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][^\s/\\:,;()]+){2,}[/\\]? )
    | (?P<id> \b(?:0x[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
        |(?=[0-9a-f]*\d)(?=[0-9]*[a-f])[0-9a-f]{7,})\b )
    | (?P<number> [+-]?\d[\d_]*(?:[.,:]\d+)*(?:e[+-]?\d+)? )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_STANDS_FOR = {"quoted": '"…"', "place": "/…", "id": "#", "number": "#"}


@dataclass(slots=True)
class _Found:
    """A cluster while it is counted."""

    error: str
    count: int
    first: int
    last: int
    sample: int


class Clustering(Viewing):
    """Groups failures; see `Inspection` for each call."""

    def clusters(self, run_id: str) -> tuple[Cluster, ...]:
        """Group the failures of a run that are alike; see `Inspection.clusters`."""
        run = self._facts_of(run_id)
        found: dict[tuple[int, str], _Found] = {}
        for node, _, _, state, at, kind, message, key in self._failures(run, None):
            where = node, alike(kind, message, key)
            cluster = found.get(where)
            if cluster is None:
                found[where] = _Found(headline(kind, message), 1, at, at, state)
                continue
            cluster.count += 1
            cluster.first, cluster.last = min(cluster.first, at), max(cluster.last, at)
        ranked = sorted(found.items(), key=lambda item: (-item[1].count, item[0]))
        return tuple(_cluster(run, *item) for item in ranked)

    def cluster_states(self, run_id: str, identifier: str, key: str) -> tuple[int, ...]:
        """Return the states of a cluster; see `Inspection.cluster_states`."""
        return tuple(islice(self._members(self._facts_of(run_id), identifier, key), MOST_STATES))

    def contrast(self, run_id: str, identifier: str, key: str) -> tuple[Contrast, ...]:
        """Compare inputs; see `Inspection.contrast`."""
        run = self._facts_of(run_id)
        members = list(self._members(run, identifier, key))
        if not members:
            return ()
        count = min(MOST_SAMPLED, len(members))
        some = [members[at * len(members) // count] for at in range(count)]
        with self._db.reading() as connection:
            failed = _inputs(failures.inputs_of(connection, some, LONGEST_INPUTS))
            good = _inputs(_succeeded(connection, run, node_key(run, identifier)))
        return contrasts(failed, good)

    def _facts_of(self, run_id: str) -> RunFacts:
        with self._db.reading() as connection:
            return self._run_facts(connection, run_id)

    def _members(self, run: RunFacts, identifier: str, key: str) -> Iterator[int]:
        rows = self._failures(run, node_key(run, identifier))
        return (row[3] for row in rows if alike(*row[5:]) == key)

    def _failures(self, run: RunFacts, node: int | None) -> Iterator[Row]:
        """Give the failures of a run, each chunk of them from a read of its own."""
        for status in FAILED:
            after: Place | None = None
            while True:
                with self._db.reading() as connection:
                    rows = failures.failures(connection, run.key, status, node, after, CHUNK)
                yield from rows
                if len(rows) < CHUNK:
                    break
                after = rows[-1][:3]


def _cluster(run: RunFacts, where: tuple[int, str], found: _Found) -> Cluster:
    node, key = where
    return Cluster(
        identifier=run.plan.nodes[node - run.node_base].identifier,
        key=key,
        error=found.error,
        count=found.count,
        first_seen=moment(found.first),
        last_seen=moment(found.last),
        sample=found.sample,
    )


def alike(kind: str | None, message: str | None, key: str | None) -> str:
    """Return what failures share that are alike: what was raised where, and its text without what varies."""
    return f"{key or kind or 'unknown'}: {without_varying(message or '')}"


@lru_cache(4_096)
def without_varying(text: str) -> str:
    """Return a text with signs for its numbers, ids, quoted names and paths."""
    return " ".join(_VARIES.sub(lambda found: _STANDS_FOR[found.lastgroup or "id"], text).split())


def _succeeded(connection: Any, run: RunFacts, node: int) -> list[str]:
    begins = samples.starts(connection, run.key, node, _FROM)
    each = MOST_SAMPLED // max(1, len(begins))
    condition = f"length(inputs) <= {LONGEST_INPUTS:d}"
    rows = samples.sample(connection, run.key, node, "id, inputs", condition, begins, each, max(each, _LOOKS))
    return [row[1] for row in rows]


def _inputs(texts: list[str]) -> list[dict[str, Any]]:
    return [large.at_a_glance(text, LargeValue) for text in texts]
