"""Triggers of a template: the schedules by which the clock starts runs (semantics 9)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

CatchUp = Literal["none", "latest", "all"]
"""What becomes of ticks that passed while nothing was running."""
Overlap = Literal["skip", "queue", "allow", "cancel_previous"]
"""What becomes of a tick that comes while a run of its schedule still goes on."""


def _one_space(expression: Any) -> Any:
    return " ".join(expression.split()) if isinstance(expression, str) else expression


class CronSchedule(BaseModel):
    """When a run is started: Exosphere's `expression`, and what exodsl adds to it.

    :param expression: minute, hour, day of month, month and day of week.
    :param tz: the time zone it is read in, UTC by default.
    :param catch_up: `latest` by default.
    :param overlap: `skip` by default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    expression: Annotated[str, BeforeValidator(_one_space)]
    tz: Annotated[str, StringConstraints(strip_whitespace=True)] = "UTC"
    catch_up: CatchUp = "latest"
    overlap: Overlap = "skip"


class CronTrigger(BaseModel):
    """One schedule in the shape of Exosphere's templates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["CRON"]
    value: CronSchedule
