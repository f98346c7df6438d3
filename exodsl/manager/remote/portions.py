"""One exchange in several requests, where it is too much for one."""

from __future__ import annotations

from collections.abc import Sequence

from exodsl.engine.notes import Notes
from exodsl.engine.reports import ErrorInfo, Failed, Report
from exodsl.errors import InputInvalid, RequestTooLarge
from exodsl.manager.protocol import Exchange
from exodsl.manager.views import RunStatus

Told = tuple[Sequence[Report], Sequence[Notes]]
_TYPE = "exodsl.TooLarge"


def halves(reports: Sequence[Report], notes: Sequence[Notes]) -> tuple[Told, Told]:
    """Return what is to be told in two portions; notes go before the reports that they belong to."""
    middle = (len(reports) + len(notes)) // 2
    if middle <= len(notes):
        return ((), notes[:middle]), (reports, notes[middle:])
    behind = middle - len(notes)
    return (reports[:behind], notes), (reports[behind:], ())


def without_result(report: Report, refused: RequestTooLarge) -> Report:
    """Return the report of a state that fails because its result is too large to be told.

    :raises InputInvalid: when not even that can be told.
    """
    if isinstance(report.result, Failed) and report.result.error.type == _TYPE:
        raise InputInvalid(f"The server takes no reports: {refused}") from refused
    error = ErrorInfo(_TYPE, f"The result of the body cannot be recorded: {refused}", key="too-large")
    return Report(report.state_id, report.lease, Failed(error, retryable=False), report.usage)


def merged(answers: Sequence[Exchange]) -> Exchange:
    """Return the answer to an exchange that took several requests."""
    if len(answers) == 1:
        return answers[0]
    ended: dict[str, RunStatus] = {}
    for answer in answers:
        ended |= answer.ended_runs
    claims = tuple(claim for answer in answers for claim in answer.claims)
    refused = tuple(key for answer in answers for key in answer.refused)
    return Exchange(claims, refused, ended, answers[-1].next_due_ms)
