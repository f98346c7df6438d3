"""Runs to look at: one that goes on, one that ended after a long pause, one of fanouts within fanouts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from exodsl.engine.lineage import positions
from exodsl.engine.reports import Claim, Executed, Report, Result, Usage
from exodsl.template.models import GraphTemplate
from tests.manager.byhand import NOTHING, ByHand, draw, fail, give, numbers, put, requeue

Begin = Callable[..., ByHand]
Deeds = Mapping[str, Result]

PAGES = 24
LANGS = ("de", "en", "th")
HOURS_MS = 3_600_000

ETL = draw(
    "ingest > split*, split > fetch, fetch > parse validate, parse validate > collect, collect > publish",
    unites={"collect": "split"},
    inputs={
        "fetch": {"n": "${{ split.outputs.n }}"},
        "parse": {"n": "${{ split.outputs.n }}", "lang": "${{ fetch.outputs.lang }}"},
    },
    parts={"parse": {"retry_policy": {"max_retries": 2, "strategy": "FIXED", "backoff_factor": 60_000}}},
    name="etl",
)
NESTED = draw(
    "outer* > inner*, inner > leaf, leaf > sum, sum > total",
    unites={"sum": "inner", "total": "outer"},
    name="nested",
)
CHAIN = draw("load > clean, clean > enrich, enrich > check, check > split*, split > work, work > end", name="chain")


def wide(count: int) -> GraphTemplate:
    """Return a graph of so many nodes in chains of five, side by side below one root."""
    arrows = [f"root > {' '.join(f'a{at}' for at in range(0, count, 5))}"]
    arrows += [f"a{at} > a{at + 1}" for at in range(count) if at % 5 != 4 and at + 1 < count]
    return draw(", ".join(arrows), name="wide")


def tell(run: ByHand, ran_ms: int, deed: Callable[[Claim], Result], *, of: str = "", most: int = 500) -> None:
    """Report what is held, or of one node so many states of it, after their bodies ran for a while."""
    held = [claim for claim in run.held if not of or claim.identifier == of][:most]
    run.clock.now_ms += ran_ms
    run.exchange(*(Report(claim.state_id, claim.lease, deed(claim), Usage(ran_ms)) for claim in held), capacity=0)


def _always(result: Result) -> Callable[[Claim], Result]:
    return lambda _claim: result


def _page(claim: Claim) -> Result:
    number = json.loads(claim.inputs)["n"]
    return give({"lang": LANGS[number % len(LANGS)]})


def _begin(start: Begin) -> ByHand:
    """Begin a run of the graph, up to the pages that are fetched."""
    run = start(ETL)
    run.take()
    tell(run, 1_200, _always(give({}, writes=[put("cursor", 4711), put("feed", {"name": "news", "tags": ["a", "b"]})])))
    run.take()
    tell(run, 300, _always(numbers(PAGES)))
    run.take()
    tell(run, 2_000, _page)
    return run


def going(start: Begin) -> ByHand:
    """A run that goes on: of 24 pages some are parsed, one failed for good, some wait to be tried again, some run."""
    run = _begin(start)
    run.take(2 * PAGES)
    tell(run, 700, _always(NOTHING), of="validate", most=20)
    run.clock.now_ms += 900
    tell(run, 400, lambda claim: _parsed(claim, dead=(2,), again=(5, 8)), of="parse", most=18)
    return run


def _parsed(claim: Claim, *, dead: tuple[int, ...], again: tuple[int, ...] = ()) -> Result:
    given: dict[str, Any] = json.loads(claim.inputs)
    number = given["n"]
    if number in dead:
        return fail(f"cannot read page {number}")
    return fail(f"timeout after {number} s", retryable=True) if number in again else NOTHING


def ended(start: Begin) -> ByHand:
    """A run that failed: every Thai page could not be parsed; a check waited for two hours."""
    run = _begin(start)
    run.take(2 * PAGES)
    tell(run, 3_000, lambda claim: _parsed(claim, dead=tuple(range(2, PAGES, 3))), of="parse", most=12)
    tell(run, 500, _always(requeue(2 * HOURS_MS)), of="validate", most=1)
    tell(run, 4_000, _always(NOTHING), of="validate")
    tell(run, 3_000, lambda claim: _parsed(claim, dead=tuple(range(2, PAGES, 3))), of="parse")
    run.clock.now_ms += 2 * HOURS_MS
    run.take()
    tell(run, 6_000, _always(NOTHING))
    return run


def nested(start: Begin) -> ByHand:
    """A run of three outputs with four in each: one inner gate is blocked, two wait for states that run."""
    run = start(NESTED)
    run.take()
    tell(run, 1_000, _always(numbers(3)))
    run.take()
    tell(run, 500, _always(numbers(4)))
    run.take(12)
    tell(run, 700, lambda claim: fail("HTTP 500 from 10.0.0.7") if positions(claim.path) == (0, 2) else NOTHING, most=7)
    return run


def done(start: Begin) -> ByHand:
    """A short run that went well."""
    run = start(draw("hello > world", name="greeting"))
    run.work(hello=Executed(['{"name":"you"}']))
    return run
