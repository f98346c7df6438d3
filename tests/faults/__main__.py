"""`python -m tests.faults`: many runs, many kills, and a table of what that did; exits 1 if anything was lost."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.faults.processes import fork_server
from tests.faults.serving import http_server
from tests.faults.storm import Damage, Server, Storm, rage
from tests.postgres import own_server


def main(arguments: Sequence[str] | None = None) -> int:
    """Let a storm rage, print what it did, and return the exit code."""
    asked = _parser().parse_args(arguments)
    storm = Storm(asked.runs, asked.runtimes, asked.kills, asked.seed, asked.restarts)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        server = stack.enter_context(_server(asked, folder)) if asked.postgres or asked.http else None
        damage = rage(storm, fork_server(), folder, server)
    print(_table(damage))
    return int(bool(damage.lost or damage.doubled))


@contextmanager
def _server(asked: argparse.Namespace, folder: Path) -> Generator[Server]:
    """Give the server that is to end now and then: the one over HTTP, when there are two."""
    with ExitStack() as stack:
        postgres = stack.enter_context(own_server()) if asked.postgres else None
        if not asked.http:
            assert postgres is not None
            yield postgres
            return
        yield stack.enter_context(http_server(postgres.uri() if postgres else str(folder / "served.db")))


def _table(damage: Damage) -> str:
    named = {name.replace("_", " "): value for name, value in asdict(damage).items()}
    shown = {name: f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" for name, value in named.items()}
    widths = [max(len(name), len(value)) for name, value in shown.items()]
    rows = (shown.keys(), ["-" * (width - 1) + ":" for width in widths], shown.values())
    return "\n".join(
        "| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="runs of 50 states (default: 200)")
    parser.add_argument("--runtimes", type=int, default=4, help="runtimes that work on them (default: 4)")
    parser.add_argument("--kills", type=int, default=1_000, help="how often one is killed at most (default: 1,000)")
    parser.add_argument("--postgres", action="store_true", help="over a PostgreSQL server instead of a file")
    parser.add_argument("--http", action="store_true", help="over `exodsl serve`, on a file or on PostgreSQL")
    parser.add_argument("--restarts", type=int, default=6, help="how often that server ends (default: 6)")
    parser.add_argument("--seed", type=int, default=1, help="decides who is killed when (default: 1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
