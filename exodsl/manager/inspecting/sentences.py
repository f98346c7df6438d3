"""One sentence about a gate: what would open it, why it cannot, or when it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from exodsl.engine.closing import Ending
from exodsl.engine.status import State
from exodsl.manager.views import GateView


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a sentence about a gate is made of.

    :param ending: what the gate would do if it closed now, and what the unite's state would be `missing`.
    :param still_comes: whether some of that is on its way.
    :param dead: how many states are to be retried, by node and by how they ended.
    :param waiting: states that wait to be handed out; `retries` of them not counted.
    """

    gate: GateView
    strict: bool
    ending: Ending
    missing: str
    still_comes: bool
    dead: Mapping[tuple[str, State], int]
    running: int
    waiting: int
    retries: int
    paused: bool
    opened: datetime | None


def sentence(outlook: Outlook) -> str:
    """Say it."""
    match outlook.gate.status:
        case "PASSED":
            return _passed(outlook)
        case "BLOCKED":
            return f"Blocked: {_dead(outlook) or 'a branch failed'} under ALL_SUCCESS{_cure(outlook)}."
        case "CANCELLED":
            return "Closed for good: its run was cancelled."
        case _:
            return _open(outlook)


def _open(outlook: Outlook) -> str:
    if outlook.ending is Ending.BLOCKED:
        return f"Cannot open: {_dead(outlook) or 'a branch failed'} under ALL_SUCCESS{_cure(outlook)}."
    if outlook.ending is not Ending.RUNS and not outlook.still_comes:
        return f"Would open without a value that it needs: {_dead(outlook) or outlook.missing}{_cure(outlook)}."
    paused = " Nothing is handed out: the run is paused." if outlook.paused else ""
    return f"Opens when {_listed(_awaited(outlook)) or 'its branches end'}.{paused}"


def _awaited(outlook: Outlook) -> list[str]:
    retried = "succeed" if outlook.strict else "end"
    parts = (
        (outlook.retries, "retry", "retries", retried),
        (outlook.waiting, "waiting state", "waiting states", "end"),
        (outlook.running, "running state", "running states", "end"),
    )
    return [f"{_counted(count, one, many)} {_s(verb, count)}" for count, one, many, verb in parts if count]


def _passed(outlook: Outlook) -> str:
    gate = outlook.gate
    at = "" if outlook.opened is None else f" {outlook.opened:%Y-%m-%d %H:%M:%S} UTC"
    if outlook.ending is not Ending.RUNS:
        why = _dead(outlook) or outlook.missing
        return f"Opened{at} without a value that it needs: {why}{_cure(outlook)}."
    parts = (f"{gate.arrived:,} arrived", f"{gate.failed:,} failed", f"{gate.pruned:,} pruned")
    shown = [part for part in parts if not part.startswith("0 ")] or parts[:1]
    return f"Opened{at}: {_listed(shown)}."


def _dead(outlook: Outlook) -> str:
    return _listed(
        [
            f"{_counted(count, 'state', 'states')} of {identifier} {_ended(status, count)}"
            for (identifier, status), count in outlook.dead.items()
        ]
    )


def _ended(status: State, count: int) -> str:
    if status is State.PRUNED:
        return "was pruned" if count == 1 else "were pruned"
    return "failed"


def _cure(outlook: Outlook) -> str:
    total = sum(outlook.dead.values())
    return "" if not total else "; retry it" if total == 1 else "; retry them"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _s(verb: str, count: int) -> str:
    return f"{verb}s" if count == 1 else verb


def _listed(parts: list[str] | tuple[str, ...]) -> str:
    *before, last = parts or ("",)
    return f"{', '.join(before)} and {last}" if before else last
