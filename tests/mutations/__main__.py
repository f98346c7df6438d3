"""`python -m tests.mutations`: breaks the product on purpose, and finds out which test notices."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.mutations.mutants import MUTANTS, Mutant, Outdated
from tests.mutations.trying import Untestable, Verdict, copied, first_failure, judge

ROOT = Path(__file__).resolve().parents[2]
SURVIVED, NOT_TRIED = 1, 2


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT, mutants: Sequence[Mutant] = MUTANTS) -> int:
    """Try mutants and print a table; return 0, 1 if one survives, 2 if they cannot be tried."""
    chosen = _chosen(_parser().parse_args(arguments).words, mutants)
    try:
        verdicts = _try_all(root, chosen)
    except (Outdated, Untestable) as error:
        print(error, file=sys.stderr)
        return NOT_TRIED
    survivors = [verdict.mutant.name for verdict in verdicts if verdict.noticed_by is None]
    print(f"\n{len(verdicts) - len(survivors)} of {len(verdicts)} mutants were noticed.")
    return SURVIVED if survivors else 0


def _try_all(root: Path, mutants: Sequence[Mutant]) -> list[Verdict]:
    with copied(root) as tree:
        for mutant in mutants:
            mutant.applied(tree)
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        red = first_failure(tree, tests)
        if red is not None:
            raise Untestable(f"{red} fails without any mutant. Mend that first.")
        print("| mutant | file | noticed by | seconds |\n| --- | --- | --- | ---: |", flush=True)
        verdicts = []
        for mutant in mutants:
            verdicts.append(judge(tree, mutant))
            print(_line(verdicts[-1]), flush=True)
        return verdicts


def _line(verdict: Verdict) -> str:
    noticed = "**nobody**" if verdict.noticed_by is None else verdict.noticed_by.removeprefix("tests/")
    mutant = verdict.mutant
    return f"| {mutant.name} | {mutant.file.removeprefix('exodsl/')} | {noticed} | {verdict.seconds:.1f} |"


def _chosen(words: Sequence[str], mutants: Sequence[Mutant]) -> list[Mutant]:
    return [mutant for mutant in mutants if all(word in f"{mutant.name} {mutant.file}" for word in words)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only mutants whose name or file has these words")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
