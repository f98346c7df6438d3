"""Schedules as a module writes them; whether they can tick is judged when the graph is compiled (semantics 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from exodsl.dsl.places import here
from exodsl.errors import DefinitionError, did_you_mean
from exodsl.template.triggers import CatchUp, CronSchedule, CronTrigger, Overlap


@dataclass(frozen=True)
class Schedule:
    """One call of `graph.schedule`; `place` is where it stands, as "file:line"."""

    trigger: CronTrigger
    place: str


def declared(cron: str, tz: str, catch_up: CatchUp, overlap: Overlap) -> Schedule:
    """Return a schedule; :raises DefinitionError: when an option is of the wrong kind."""
    value = CronSchedule(
        expression=_text("cron", cron, "0 9 * * *"),
        tz=_text("tz", tz, "Europe/Berlin"),
        catch_up=_one_of("catch_up", catch_up, get_args(CatchUp)),
        overlap=_one_of("overlap", overlap, get_args(Overlap)),
    )
    return Schedule(CronTrigger(type="CRON", value=value), here())


def _text(option: str, value: Any, example: str) -> str:
    if isinstance(value, str):
        return value
    raise DefinitionError(f'{option}={value!r}: takes a text, such as "{example}". ({here()})')


def _one_of(option: str, value: Any, known: tuple[Any, ...]) -> Any:
    if value in known:
        return value
    near = did_you_mean(value, known) if isinstance(value, str) else ""
    raise DefinitionError(f"{option}={value!r}: takes one of {', '.join(known)}.{near} ({here()})")
