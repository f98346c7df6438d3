"""The floor: plain sqlite3 loops that write the least a durable state machine must write.

Per state that is a row CREATED with its inputs, a claim, and SUCCESS with its outputs together with
the child's row in one transaction; per run a row and its end. The table holds nothing else than what
this takes: a fingerprint that makes double creation impossible, and an index of what is due. The
loops use the standard library alone, and know beforehand what comes next: no gates, no mappings, no
retries, no checks.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.benchmarks.rounds import Sample

BATCH = 250
"""States a transaction in the batched loops."""
LEASE = 7
NOW = 1_700_000_000_000

_SCHEMA = """
CREATE TABLE run (id INTEGER PRIMARY KEY, status INTEGER, inputs TEXT, created_at INTEGER, finished_at INTEGER);
CREATE TABLE state (
    id INTEGER PRIMARY KEY, run_id INTEGER, node INTEGER, path BLOB, status INTEGER, parent_id INTEGER,
    inputs TEXT, outputs TEXT, lease INTEGER, created_at INTEGER, finished_at INTEGER,
    UNIQUE (run_id, node, path)
);
CREATE INDEX due ON state (node, id) WHERE status = 0;
"""
_RUN = "INSERT INTO run (id, status, inputs, created_at) VALUES (?, 0, ?, ?)"
_RUN_ENDS = "UPDATE run SET status = 2, finished_at = ? WHERE id = ?"
_CREATED = (
    "INSERT INTO state (id, run_id, node, path, status, parent_id, inputs, lease, created_at)"
    " VALUES (?, ?, ?, ?, 0, ?, ?, 0, ?)"
)
_CLAIM = "UPDATE state SET status = 1, lease = ? WHERE id = ? AND status = 0"
_SUCCESS = "UPDATE state SET status = 3, outputs = ?, finished_at = ? WHERE id = ? AND lease = ? AND status = 1"

TEXT = '{"text": "000000 goes on through nodes that do nothing"}'


@contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """Give a new database with the tables, in WAL mode and synced at every commit."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = full")
        connection.executescript(_SCHEMA)
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside."""
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def body(inputs: str) -> str:
    """Do nothing, and pass the text on: the JSON is read and written, as a node would."""
    return json.dumps({"text": json.loads(inputs)["text"]})


# W1: one run, a chain


def chain(folder: Path, length: int, batch: int = 1) -> Sample:
    """Run a chain of `length` states, `batch` of them a transaction (more than one is not durable between)."""
    hops: list[float] = []
    with opened(folder) as connection:
        start = perf_counter()
        with transaction(connection):
            connection.execute(_RUN, (1, TEXT, NOW))
            connection.execute(_CREATED, (1, 1, 1, b"", None, TEXT, NOW))
            connection.execute(_CLAIM, (LEASE, 1))
        inputs = TEXT
        for states in _cut(range(1, length + 1), batch):
            with transaction(connection):
                for state in states:
                    hops.append(perf_counter())
                    inputs = body(inputs)
                    _chain_step(connection, state, inputs, state == length)
        return Sample(perf_counter() - start, hops)


def _chain_step(connection: sqlite3.Connection, state: int, outputs: str, last: bool) -> None:
    connection.execute(_SUCCESS, (outputs, NOW, state, LEASE))
    if last:
        connection.execute(_RUN_ENDS, (NOW, 1))
        return
    connection.execute(_CREATED, (state + 1, 1, state + 1, b"", state, outputs, NOW))
    connection.execute(_CLAIM, (LEASE, state + 1))


# W2: one fanout, one unite


def fanout(folder: Path, width: int, batch: int = 1) -> Sample:
    """Run a node, its `width` workers, and the node that gets all their results in order."""
    with opened(folder) as connection:
        start = perf_counter()
        with transaction(connection):
            connection.execute(_RUN, (1, TEXT, NOW))
            connection.execute(_CREATED, (1, 1, 1, b"", None, TEXT, NOW))
            connection.execute(_CLAIM, (LEASE, 1))
        _fan_out(connection, width, max(batch, BATCH))
        _work = _work_batched if batch > 1 else _work_by_step
        _work(connection, range(2, width + 2), batch)
        _unite(connection, width)
        return Sample(perf_counter() - start)


def _fan_out(connection: sqlite3.Connection, width: int, batch: int) -> None:
    outputs = [f'{{"text": "{number:06d} goes on through nodes that do nothing"}}' for number in range(width)]
    for states in _cut(range(2, width + 2), batch):
        with transaction(connection):
            rows = [(s, 1, 2, (s - 2).to_bytes(4, "big"), 1, outputs[s - 2], NOW) for s in states]
            connection.executemany(_CREATED, rows)
    with transaction(connection):
        connection.execute(_SUCCESS, (outputs[0], NOW, 1, LEASE))


def _work_by_step(connection: sqlite3.Connection, states: Sequence[int], batch: int) -> None:
    for state in states:
        with transaction(connection):
            connection.execute(_CLAIM, (LEASE, state))
        outputs = body(_inputs(connection, state))
        with transaction(connection):
            connection.execute(_SUCCESS, (outputs, NOW, state, LEASE))


def _work_batched(connection: sqlite3.Connection, states: Sequence[int], batch: int) -> None:
    done: list[tuple[Any, ...]] = []
    for part in _cut(states, batch):
        with transaction(connection):
            connection.executemany(_SUCCESS, done)
            connection.executemany(_CLAIM, [(LEASE, state) for state in part])
            inputs = _inputs_of(connection, part)
        done = [(body(text), NOW, state, LEASE) for state, text in inputs]
    with transaction(connection):
        connection.executemany(_SUCCESS, done)


def _unite(connection: sqlite3.Connection, width: int) -> None:
    rows = connection.execute("SELECT outputs FROM state WHERE run_id = 1 AND node = 2 ORDER BY path").fetchall()
    inputs = f'{{"texts": [{",".join(row[0] for row in rows)}]}}'
    with transaction(connection):
        connection.execute(_CREATED, (width + 2, 1, 3, b"", 1, inputs, NOW))
        connection.execute(_CLAIM, (LEASE, width + 2))
    assert len(json.loads(inputs)["texts"]) == width
    with transaction(connection):
        connection.execute(_SUCCESS, (f'{{"result": {width}}}', NOW, width + 2, LEASE))
        connection.execute(_RUN_ENDS, (NOW, 1))


# W3: many runs of a -> b -> c


def runs(folder: Path, count: int, batch: int = 1) -> Sample:
    """Start `count` runs and take each through its three states."""
    work: Callable[..., None] = _runs_batched if batch > 1 else _run_by_step
    with opened(folder) as connection:
        start = perf_counter()
        for part in _cut(range(1, count + 1), batch):
            with transaction(connection):
                connection.executemany(_RUN, [(run, TEXT, NOW) for run in part])
                roots = [(3 * run, run, 1, b"", None, TEXT, NOW) for run in part]
                connection.executemany(_CREATED, roots)
        for part in _cut(range(1, count + 1), batch):
            work(connection, part)
        return Sample(perf_counter() - start)


def _run_by_step(connection: sqlite3.Connection, part: Sequence[int]) -> None:
    (run,) = part
    with transaction(connection):
        connection.execute(_CLAIM, (LEASE, 3 * run))
    outputs = _inputs(connection, 3 * run)
    for node in (1, 2, 3):
        outputs, state = body(outputs), 3 * run + node - 1
        with transaction(connection):
            connection.execute(_SUCCESS, (outputs, NOW, state, LEASE))
            if node == 3:
                connection.execute(_RUN_ENDS, (NOW, run))
            else:
                connection.execute(_CREATED, (state + 1, run, node + 1, b"", state, outputs, NOW))
                connection.execute(_CLAIM, (LEASE, state + 1))


def _runs_batched(connection: sqlite3.Connection, part: Sequence[int]) -> None:
    with transaction(connection):
        connection.executemany(_CLAIM, [(LEASE, 3 * run) for run in part])
        texts = [text for _, text in _inputs_of(connection, [3 * run for run in part])]
    for node in (1, 2, 3):
        texts = [body(text) for text in texts]
        states = [3 * run + node - 1 for run in part]
        with transaction(connection):
            done = [(text, NOW, state, LEASE) for text, state in zip(texts, states, strict=True)]
            connection.executemany(_SUCCESS, done)
            if node == 3:
                connection.executemany(_RUN_ENDS, [(NOW, run) for run in part])
                continue
            rows = zip(part, states, texts, strict=True)
            children = [(state + 1, run, node + 1, b"", state, text, NOW) for run, state, text in rows]
            connection.executemany(_CREATED, children)
            connection.executemany(_CLAIM, [(LEASE, state + 1) for state in states])


# Reading and cutting


def _inputs(connection: sqlite3.Connection, state: int) -> str:
    text: str = connection.execute("SELECT inputs FROM state WHERE id = ?", (state,)).fetchone()[0]
    return text


def _inputs_of(connection: sqlite3.Connection, states: Sequence[int]) -> list[tuple[int, str]]:
    marks = ",".join("?" * len(states))
    sql = f"SELECT id, inputs FROM state WHERE id IN ({marks}) ORDER BY id"
    return connection.execute(sql, states).fetchall()


def _cut(items: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    return (items[at : at + size] for at in range(0, len(items), size))
